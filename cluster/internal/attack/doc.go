// Package attack is what a hostile worker does to its primary, a few lines for each attack. The tests of package cluster and
// scripts/attacks run it, below this module's primary and below Node's.
package attack
