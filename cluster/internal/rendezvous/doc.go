// Package rendezvous chooses one of several places for a key so that a key keeps its place as long as it is there, and
// that of the keys of others only as many move as must when a place comes or goes (rendezvous hashing, also known as highest
// random weight). It does so in Go, and as a classic BPF program that the kernel runs on a packet, with the same result.
package rendezvous
