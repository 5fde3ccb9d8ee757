package egg

import (
	"container/list"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/firstbytes"
)

// firstBytes are the connections whose first bytes are still to come. What has come is left for the worker to read.
type firstBytes struct {
	find firstbytes.Finder
	most int

	mu      sync.Mutex
	waiting list.List // of *net.TCPConn, the oldest first
	hurried bool
	buffer  []byte
}

// stickyFinder finds a sticky key, and is nil for the client's address.
func (o *Options) stickyFinder(key cluster.StickyKey) (firstbytes.Finder, error) {
	if key != "" && !o.sticky {
		return nil, fmt.Errorf("sticky key %q: Egg's option sticky is not set: set it, or leave out the key", string(key))
	}
	return firstbytes.Parse(string(key))
}

func newFirstBytes(find firstbytes.Finder) *firstBytes {
	return &firstBytes{find: find, most: firstbytes.MaxWaiting(), buffer: make([]byte, firstbytes.MaxHead)}
}

// add begins to wait for a connection's first bytes.
func (f *firstBytes) add(conn *net.TCPConn) *list.Element {
	f.mu.Lock()
	defer f.mu.Unlock()
	until := time.Now().Add(firstbytes.Timeout)
	if f.hurried {
		until = time.Unix(1, 0)
	}
	conn.SetReadDeadline(until)
	if f.waiting.Len() >= f.most {
		oldest := f.waiting.Front()
		giveUp(oldest)
		f.waiting.Remove(oldest)
	}
	return f.waiting.PushBack(conn)
}

// await returns the key of a connection that was added, and false where it has none, or says none in time.
func (f *firstBytes) await(e *list.Element) (key uint32, ok bool) {
	defer f.remove(e)
	raw, err := e.Value.(*net.TCPConn).SyscallConn()
	if err != nil {
		return 0, false
	}
	var found firstbytes.Result
	raw.Read(func(fd uintptr) (decided bool) {
		f.mu.Lock()
		defer f.mu.Unlock()
		found, decided = f.find.Look(int(fd), f.buffer)
		return decided
	})
	return found.Key, found.Found
}

func (f *firstBytes) remove(e *list.Element) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.waiting.Remove(e)
}

// hurry ends the waiting for all connections, and for those that are added later.
func (f *firstBytes) hurry() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hurried = true
	for e := f.waiting.Front(); e != nil; e = e.Next() {
		giveUp(e)
	}
}

// giveUp ends the waiting for a connection.
func giveUp(e *list.Element) { e.Value.(*net.TCPConn).SetReadDeadline(time.Unix(1, 0)) }
