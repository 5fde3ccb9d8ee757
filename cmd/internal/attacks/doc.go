// Attacks shows what a hostile worker can do to its primary and to the other worker, below Node's own primary and below
// nodecluster's: each attack of cluster/internal/attack for some seconds, while clients come. It prints a table, as
// .github/SECURITY.md has it.
//
// scripts/attacks builds what it needs and runs it. It needs Linux.
package main
