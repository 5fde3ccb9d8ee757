//go:build unix && !linux

package home

import "fmt"

func longAddress(path string) (string, openFolder, error) {
	return "", openFolder{-1}, fmt.Errorf("the path %s has %d bytes, and a socket's has %d at most: set NODECLUSTER_HOME to a shorter one",
		path, len(path), maxSocketPath)
}
