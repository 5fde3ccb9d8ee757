package firstbytes

import (
	"errors"

	"github.com/nodecluster/nodecluster/cluster/internal/bind"
)

// Look has a Finder look at what has come of a connection, and reports whether there is nothing more to wait for. It leaves the bytes to be read,
// but for those that are not the worker's. It never waits. The buffer has MaxHead bytes.
func (find Finder) Look(fd int, buffer []byte) (found Result, decided bool) {
	n, err := bind.Peek(fd, buffer)
	if errors.Is(err, bind.ErrNothingToRead) {
		return Result{}, false
	}
	if err == nil && n > 0 { // else it has ended, which is the worker's to see
		found = find(buffer[:n])
	}
	if found.More && n < len(buffer) {
		return Result{}, false
	}
	bind.Discard(fd, buffer[:found.Skip])
	return found, true
}
