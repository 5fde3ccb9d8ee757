//go:build unix

package relay

import (
	"github.com/nodecluster/nodecluster/nodeipc/internal/socket"
	"golang.org/x/sys/unix"
)

func (r *Relay) start(parent, child int, frames splitter) error {
	for _, fd := range []int{parent, child} {
		if err := socket.Check(fd); err != nil {
			return err
		}
	}
	p, err := newEnd(parent)
	if err != nil {
		return err
	}
	c, err := newEnd(child)
	if err != nil {
		return err
	}
	r.ends = []*end{p, c}
	for _, w := range []*way{
		{relay: r, direction: ToChild, from: p, to: c, frames: frames},
		{relay: r, direction: FromChild, from: c, to: p, frames: frames},
	} {
		r.ways.Go(w.run)
	}
	go func() {
		r.ways.Wait()
		r.acks.close()
		r.closeEnds()
		close(r.done)
	}()
	return nil
}

func (r *Relay) shutdownEnds() {
	for _, e := range r.ends {
		e.shutdown(unix.SHUT_RDWR)
	}
}

func (r *Relay) closeEnds() {
	for _, e := range r.ends {
		e.file.Close()
	}
}
