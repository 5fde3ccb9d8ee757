// Package web is the page of the manager: a table of the applications, and a page of each with charts, workers, what has happened, the log
// and the configuration.
//
// The server renders all of it, so that it can be read and used without JavaScript. One script of ours keeps a page up to date by
// Server-Sent Events, whose data are parts of the page as HTML, and has uPlot draw charts. Nothing is asked of any other server.
//
// What a request has to pass is in guard.go. In short: the page is for the user whose it is and for root, whom the kernel tells from
// others on loopback; from elsewhere it takes a token over TLS. What changes something is a POST of the same origin with a token of
// this process.
package web
