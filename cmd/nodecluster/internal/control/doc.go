// Package control is how an application's supervisor is spoken to: HTTP and JSON over a Unix socket. It has what both sides say, the
// server and the client.
package control
