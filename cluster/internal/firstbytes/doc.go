// Package firstbytes finds, in the first bytes that a client has sent, the key by which its connection is given to a worker. The bytes are a
// client's, and so not trusted: whatever they are, a [Finder] comes to a result, and keeps nothing of them.
package firstbytes
