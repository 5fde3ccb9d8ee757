// Bench measures what it costs to bring new connections to workers: Node's own cluster primary, PM2, nginx before plain
// servers, the bare system calls, and nodecluster with each of its policies, over the same Node workers. Every contender
// takes its turn in every round, so that a machine whose speed drifts treats them alike. It prints medians with their
// ratios to Node's primary, and says what it did not measure.
//
// scripts/bench builds and runs it. It needs Linux and wrk.
package main
