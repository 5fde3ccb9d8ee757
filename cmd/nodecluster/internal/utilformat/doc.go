// Package utilformat writes values as Node's util.format does: what console.log and loggers print.
//
// Values are those of package structuredclone. An Error is also an object with a message and a stack that are strings, as libraries send
// errors as JSON.
package utilformat
