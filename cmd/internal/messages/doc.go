// Messages measures how fast messages go between a parent and a Node child that sends each one back, in both
// serializations, small and large, one, some and many in flight: round trips a second, and the CPU that the parent takes for
// each. The parents are nodeipc, by Receive and by a Handler, Node and Bun, each in a process of its own, and the child is
// the same for all. With --exec they are cluster primaries in JavaScript, under Node and under nodecluster exec.
// With --relay they are cluster primaries whose workers ask each other by Socket.IO's cluster adapter: in Node with the package's
// setupPrimary, and in Go with its route. Every parent
// takes its turn in every round, so that a machine whose speed drifts treats them alike.
//
// scripts/messages builds and runs it. It runs on Unix systems only.
package main
