// Command conformance runs Node's own tests of cluster and of child processes, unmodified, with Go on the other end, and
// says how many pass. There are four rigs: "proxy", with Node at both ends and nodecluster's relay between them, "primary",
// with a Go primary in place of the cluster module of the test's process, "adopt", with the test's process under nodecluster exec, and
// "worker", which compares the traces of Go's workers with those of Node's.
//
// scripts/conformance fetches the tests, builds what is needed and runs this. It runs on Linux only.
package main
