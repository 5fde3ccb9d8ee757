// Package watch tells which files change in folders that are watched, and in the folders in them.
package watch
