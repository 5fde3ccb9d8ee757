// Clones measures nodeipc/structuredclone beside the codec of Node's own channel and beside go-json: the CPU that each
// takes to write and to read the same values. Every contender takes its turn in every round, so that a machine whose
// speed drifts treats them alike.
//
// scripts/clones builds it, finds the Nodes and runs it. It needs a Unix.
package main
