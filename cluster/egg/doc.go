// Package egg is the master of Egg.js's cluster in Go: it runs an unchanged application of Egg 3 or Egg 4, with its agent and its app workers.
package egg
