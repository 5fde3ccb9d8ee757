// Workers measures Node's worker and Go's beside each other, under Node's primary and under nodecluster's: new
// connections a second, and the CPU that the workers and the primary take for each. Every combination takes its turn
// in every round, so that a machine whose speed drifts treats them alike.
//
// scripts/workers builds what it needs and runs it. It needs Linux and wrk.
package main
