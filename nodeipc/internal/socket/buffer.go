package socket

// GetBuffer gives a buffer that nobody else uses until it is put back.
func GetBuffer() *Buffer { return buffers.Get().(*Buffer) }

// PutBuffer gives a buffer back, whose descriptors were taken.
func PutBuffer(b *Buffer) { buffers.Put(b) }
