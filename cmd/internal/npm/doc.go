// Npm builds nodecluster for the platforms that the npm package names, and writes the folders of that package and of one package for each
// platform, ready for npm pack. It runs in the root of a repository without changes, and scripts/npm-package runs it there.
//
//	go run ./cmd/internal/npm [-platform OS-CPU] FOLDER
//
// The version of the packages is the one that Go puts into the program, which "nodecluster version" prints.
package main
