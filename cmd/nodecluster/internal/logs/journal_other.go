//go:build unix && (!linux || portable)

package logs

import "errors"

// journal is a target that this build does not have.
type journal struct{}

func newJournal(string) *journal { return &journal{} }

func (*journal) write([]byte) (int, error) {
	return 0, errors.New("this build does not write to the journal")
}
func (*journal) reopen() error { return nil }
func (*journal) flush() error  { return nil }
func (*journal) interrupt()    {}
func (*journal) close() error  { return nil }
