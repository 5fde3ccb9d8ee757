// Package routes plays the primary's part in the protocols of libraries that need one: each is a [pool.Route] for unchanged workers.
package routes
