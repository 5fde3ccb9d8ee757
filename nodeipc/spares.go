package nodeipc

// mostSpares is how many buffers are kept for what is sent next.
const mostSpares = 16

// spares are buffers of what was written.
type spares [][]byte

// copy gives a copy of b in a buffer that may have been used before.
func (s *spares) copy(b []byte) (buffer []byte) {
	if n := len(*s); n > 0 {
		buffer, *s = (*s)[n-1], (*s)[:n-1]
	}
	return append(buffer[:0], b...)
}

func (s *spares) keep(buffer []byte) {
	if buffer != nil && cap(buffer) <= 2*mostCoalesced && len(*s) < mostSpares {
		*s = append(*s, buffer)
	}
}
