// Package probe finds out whether a worker is healthy, in the words of Kubernetes' probes: a check that is made again and again, and
// how often in a row it has to succeed or fail until that counts.
//
// A check connects by a function that it is given, so that it can reach one worker behind a port that several share:
// [github.com/nodecluster/nodecluster/cluster.Worker.Dial]. What follows from a change of health is the caller's business.
package probe
