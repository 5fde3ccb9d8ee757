package logs

import (
	"bufio"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// maxRead is how many bytes a line has before a reader cuts it. Those that this package writes have fewer, also as JSON.
const maxRead = 6*maxLine + 1<<10

// scanner gives the lines of a file. A line without an end is kept until there is one.
type scanner struct {
	from   *bufio.Reader
	offset int64  // of what was read
	begun  []byte // of a line without an end
}

func newScanner(r io.Reader) *scanner { return &scanner{from: bufio.NewReaderSize(r, 64<<10)} }

// next gives the next line, without its end. It is valid until the next call. At the end of the file the error is [io.EOF], and next may be
// called again when the file has grown.
func (s *scanner) next() ([]byte, error) {
	for {
		part, err := s.from.ReadSlice('\n')
		s.offset += int64(len(part))
		switch {
		case err == nil && len(s.begun) == 0:
			return part[:len(part)-1], nil
		case err == nil:
			line := append(s.begun, part[:len(part)-1]...)
			s.begun = s.begun[:0]
			return line, nil
		}
		if s.begun = append(s.begun, part...); len(s.begun) > maxRead {
			return s.rest(), nil
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return nil, err
		}
	}
}

// rest is a line without an end, nil if there is none.
func (s *scanner) rest() []byte {
	line := s.begun
	if s.begun = nil; len(line) == 0 {
		return nil
	}
	return line
}

// reset has the scanner read from elsewhere.
func (s *scanner) reset(r io.Reader, offset int64) {
	s.from.Reset(r)
	s.offset, s.begun = offset, nil
}

// content is what a file has in it, which may be compressed.
func content(f *os.File) (io.ReadCloser, error) {
	switch {
	case strings.HasSuffix(f.Name(), ".gz"):
		return gzip.NewReader(bufio.NewReader(f))
	case strings.HasSuffix(f.Name(), ".zst"):
		d, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	}
	return io.NopCloser(f), nil
}

func isCompressed(path string) bool {
	return strings.HasSuffix(path, ".gz") || strings.HasSuffix(path, ".zst")
}
