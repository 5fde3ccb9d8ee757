// Package socket reads and writes a Unix stream socket with descriptors beside the bytes.
package socket
