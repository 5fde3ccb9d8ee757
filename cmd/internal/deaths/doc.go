// Deaths measures what the clients of a cluster see of the deaths of its workers, below Node's own primary, below
// nodecluster's, and below Node's under nodecluster exec, in turns: workers of a program are killed one after the other while
// clients open connections, and are restarted. It prints a table of how the connections ended.
//
//	go build -o /tmp/nodecluster ./cmd/nodecluster
//	go run ./cmd/internal/deaths --nodecluster /tmp/nodecluster --node node --seconds 10
//
// scripts/deaths does both. It runs on Unix systems only.
package main
