package nodeipc

// segment is what one write sends: plain messages together, a message with a handle alone, because a
// descriptor travels beside the first byte of a write.
type segment struct {
	bytes  []byte
	buffer []byte      // what plain bytes began as, nil while they are the sender's, who waits until they are written
	sent   *sentHandle // nil for plain messages
	begun  bool
}

// bringsHandle says whether a handle is yet to be written.
func (s *segment) bringsHandle() bool { return s.sent != nil && !s.begun }

// lent says whether the bytes are the sender's.
func (s *segment) lent() bool { return s.sent == nil && s.buffer == nil }
