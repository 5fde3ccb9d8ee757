// Package interpose has a Node process start its children by way of this program, which does something about a child's channel and then
// becomes the child, in the same process. So the child is what Node would have started: by its process id, its parent, its streams, its
// user, and what ends it.
//
// [Script] is loaded in the Node process, and [Become] is the end of what this program does as a child.
package interpose

import (
	_ "embed"
	"slices"
	"strings"
)

// ScriptFile is the name under which other scripts require Script.
const ScriptFile = "spawn.cjs"

// Script is a module for Node that intercepts the start of children. It exports interceptSpawn, findProgram, takeCredentials and
// holdExit, whose comments have what they do.
//
//go:embed spawn.cjs
var Script []byte

// Require returns the option by which Node loads the script at a path first, for NODE_OPTIONS.
func Require(path string) string {
	return `--require "` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(path) + `"`
}

// AddNodeOption adds an option to NODE_OPTIONS, behind those that are there, and returns the environment, which it changes. The variable keeps
// its place, so that a program finds its variables in their order.
func AddNodeOption(environ []string, option string) []string {
	const name = "NODE_OPTIONS="
	i := slices.IndexFunc(environ, func(variable string) bool { return strings.HasPrefix(variable, name) })
	if i < 0 {
		return append(environ, name+option)
	}
	environ[i] += " " + option
	return environ
}
