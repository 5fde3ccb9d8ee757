package logs

import (
	"bytes"
	"errors"
	"io"
	"os"
)

// blockSize is how much of a file is read at once, from its end.
const blockSize = 64 << 10

// start is where reading a file begins.
type start struct {
	offset  int64 // of a plain file
	skip    int   // how many lines that match are left out, of a compressed one
	matches int   // how many lines that match come from there on
	isOld   bool  // there are lines before that are too old, so that older files have none
}

// startOf finds the last lines of a file that match: so many, or all if wanted is negative.
func (q *Query) startOf(f *os.File, wanted int) (start, error) {
	if isCompressed(f.Name()) {
		return q.startForward(f, wanted)
	}
	if wanted < 0 && q.Since.IsZero() {
		return start{}, nil
	}
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return start{}, err
	}
	return q.startBackward(f, size, wanted)
}

// startBackward reads a plain file from its end.
func (q *Query) startBackward(f io.ReaderAt, size int64, wanted int) (found start, err error) {
	found.offset = size
	lines := backward{from: f, at: size}
	for found.matches != wanted {
		line, offset, err := lines.previous()
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return found, err
		}
		matches := q.isAll()
		if !matches {
			parsed := parse(line)
			if found.isOld = q.isOld(&parsed); found.isOld {
				return found, nil
			}
			matches = q.matches(&parsed)
		}
		found.offset = offset
		if matches {
			found.matches++
		}
	}
	return found, nil
}

// backward gives the lines of a file from the last one on.
type backward struct {
	from  io.ReaderAt
	at    int64  // where have begins
	have  []byte // not given yet
	began bool
}

// previous gives the line before, without its end, and where it begins. The error is [io.EOF] when there is none. A line is valid until the
// next call.
func (b *backward) previous() ([]byte, int64, error) {
	if !b.began {
		b.began = true
		if err := b.fill(); err != nil {
			return nil, 0, err
		}
		b.have = bytes.TrimSuffix(b.have, []byte{'\n'})
	}
	if b.have == nil {
		return nil, 0, io.EOF
	}
	searched := len(b.have)
	for {
		if end := bytes.LastIndexByte(b.have[:searched], '\n'); end >= 0 {
			line := b.have[end+1:]
			b.have = b.have[:end]
			return line, b.at + int64(end) + 1, nil
		}
		if b.at == 0 {
			line := b.have
			b.have = nil
			return line, 0, nil
		}
		before := len(b.have)
		if before > maxRead { // what is no line of a log is cut
			line := b.have
			b.have = b.have[:0:0]
			return line, b.at, nil
		}
		if err := b.fill(); err != nil {
			return nil, 0, err
		}
		searched = len(b.have) - before
	}
}

// fill reads the block before.
func (b *backward) fill() error {
	n := min(b.at, blockSize)
	if n == 0 {
		return io.EOF
	}
	block := make([]byte, n, int(n)+len(b.have))
	if _, err := b.from.ReadAt(block, b.at-n); err != nil {
		return err
	}
	b.at -= n
	b.have = append(block, b.have...)
	return nil
}

// startForward reads a compressed file, which can only be read from its beginning.
func (q *Query) startForward(f *os.File, wanted int) (found start, err error) {
	from, err := content(f)
	if err != nil {
		return found, err
	}
	defer from.Close()
	lines := newScanner(from)
	for err == nil {
		var line []byte
		if line, err = lines.next(); err != nil {
			line = lines.rest()
		}
		if parsed := parse(line); err != nil && line == nil {
			break
		} else if q.isOld(&parsed) {
			found.isOld = true
		} else if q.matches(&parsed) {
			found.matches++
		}
	}
	if !errors.Is(err, io.EOF) {
		return found, err
	}
	if wanted >= 0 && found.matches > wanted {
		found.skip, found.matches = found.matches-wanted, wanted
	}
	return found, nil
}
