// Command primary is the Go end of the conformance rig "primary": it owns the cluster.Primary that stands in place of the
// cluster module of a test of Node's. The other end, testdata/conformance/primary.cjs, is a preload in the test's own
// process, which starts it with two channels: calls come over a pipe, a line of JSON each, and are answered in order, so
// that they can be synchronous as Node's are; messages and events go over Node's IPC channel, which carries handles.
package main
