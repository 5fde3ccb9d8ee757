package structuredclone

// Options say how messages are written and read. The zero value is for Node 18 to 26.
type Options struct {
	// Version is that of the format to be written: 13 to 15, or 0 for 15. Node 16 reads 13 only; all others read it
	// too. Node 16 mistakes references in a message with an Error for others, its own messages' too.
	Version int
	// Alias makes the bytes of Buffers, of other views and of ArrayBuffers parts of the data that they are read from,
	// as Node does it, and not copies. Then data must not be written to any more, and what is kept of it keeps it whole.
	Alias bool
	// AliasStrings does the same to long strings that are written alike in the data and in Go, those of ASCII.
	AliasStrings bool
}
