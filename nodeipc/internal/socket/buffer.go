package socket

// GetBuffer returns a buffer that no other goroutine uses until PutBuffer.
func GetBuffer() *Buffer { return buffers.Get().(*Buffer) }

// PutBuffer gives a buffer back. Its descriptors must have been taken.
func PutBuffer(b *Buffer) { buffers.Put(b) }
