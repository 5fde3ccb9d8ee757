//go:build unix

package logs

import (
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/eventloop"
	"golang.org/x/sys/unix"
)

const (
	// roundPause is how long nothing is read after a round, so that what workers print collects.
	roundPause = 4 * time.Millisecond
	// pipeSize is how much a pipe holds, if the system allows it: 64 MB/s are read of one that does.
	pipeSize = 256 << 10
	// maxBegun is how long a line without an end waits for it.
	maxBegun = time.Second
)

// reading is what reads the workers' pipes. Only the loop touches it.
type reading struct {
	streams map[*stream]struct{}
	buffer  []byte
	plan    func() // ends this round
	planned bool
	crowded bool             // a pipe of this round was filled more than half
	look    *eventloop.Timer // after lines without an end
	looks   bool
}

// stream is one of a worker's two.
type stream struct {
	reading *reading
	loop    *eventloop.Loop
	output  *Output
	fd      int // nonblocking
	source  source
	outlets []*sink
	before  [][]byte // of the lines that are being read, for each outlet
	cutter  cutter
	begunAt time.Time // when the last part of a line without an end has come
}

// begin begins to read what a worker prints.
func (r *reading) begin(loop *eventloop.Loop, o *Output) {
	if r.streams == nil {
		r.streams = map[*stream]struct{}{}
		r.plan = r.endRound
		r.look = loop.NewTimer(r.lookAfterEnds)
		r.buffer = make([]byte, pipeSize)
	}
	for _, s := range o.streams {
		s.reading, s.loop = r, loop
		s.source.worker = o.worker
		if loop.Add(s.fd, eventloop.Readable, s) != nil {
			s.close()
			continue
		}
		r.streams[s] = struct{}{}
	}
}

// Ready reads what is there, and plans the end of the round.
func (s *stream) Ready(eventloop.Events) {
	s.read()
	if r := s.reading; !r.planned {
		r.planned = true
		s.loop.Defer(r.plan)
	}
}

// endRound lets what workers print collect, unless that is more than pipes have room for.
func (r *reading) endRound() {
	crowded := r.crowded
	r.planned, r.crowded = false, false
	if !crowded {
		unix.Poll(nil, int(roundPause.Milliseconds()))
	}
}

// read reads a pipe, once.
func (s *stream) read() {
	r := s.reading
	n, err := unix.Read(s.fd, r.buffer)
	switch {
	case n > 0:
		s.take(r.buffer[:n], time.Now())
		r.crowded = r.crowded || n > pipeSize/2
	case err != unix.EAGAIN && err != unix.EINTR: // the end, for one
		s.flush(time.Now(), false)
		s.close()
	}
}

// take takes what a worker has printed.
func (s *stream) take(b []byte, now time.Time) {
	if s.source.stream == streamErr {
		s.output.keep(b)
	}
	s.open(now)
	s.cutter.add(b)
	s.done()
	if len(s.cutter.begun) > 0 {
		s.begunAt = now
		s.reading.awaitEnds()
	}
}

// flush gives what there is of a line without an end.
func (s *stream) flush(now time.Time, partial bool) {
	s.open(now)
	s.cutter.flush(partial)
	s.done()
}

// open prepares for lines that have been read at a time.
func (s *stream) open(now time.Time) {
	for i, to := range s.outlets {
		s.before[i] = to.format.before(s.before[i][:0], now, s.source)
		to.mu.Lock()
	}
}

// add adds a line to all outlets.
func (s *stream) add(line []byte, partial bool) {
	for i, to := range s.outlets {
		to.add(s.before[i], line, partial)
	}
}

func (s *stream) done() {
	for _, to := range s.outlets {
		to.mu.Unlock()
		to.notify()
	}
}

// awaitEnds looks after lines without an end, as long as there are any.
func (r *reading) awaitEnds() {
	if !r.looks {
		r.looks = true
		r.look.Reset(maxBegun / 2)
	}
}

// lookAfterEnds is what is done then.
func (r *reading) lookAfterEnds() {
	if r.looks = r.flushOld(time.Now()); r.looks {
		r.look.Reset(maxBegun / 2)
	}
}

// flushOld gives lines that have waited for their ends for too long. It reports whether others wait. The rest of a line may be there by now,
// where it is this loop that is late.
func (r *reading) flushOld(now time.Time) (wait bool) {
	for s := range r.streams {
		switch {
		case len(s.cutter.begun) == 0:
		case now.Sub(s.begunAt) >= maxBegun && !s.isReadable():
			s.flush(now, true)
		default:
			wait = true
		}
	}
	return wait
}

// all reads what is in all pipes by now.
func (r *reading) all() {
	for s := range r.streams {
		s.drain()
	}
}

// drain reads what is in the pipe by now, of which no more than it holds counts.
func (s *stream) drain() {
	for left := pipeSize; left > 0 && s.fd >= 0 && s.loop != nil; left -= 4 << 10 {
		if !s.isReadable() {
			return
		}
		s.read()
	}
}

func (s *stream) isReadable() bool {
	fds := []unix.PollFd{{Fd: int32(s.fd), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, 0)
	return err == nil && n > 0
}

// end reads what is left, and closes all.
func (r *reading) end() {
	r.all()
	for s := range r.streams {
		s.flush(time.Now(), false)
		s.close()
	}
}

func (s *stream) close() {
	if s.fd < 0 {
		return
	}
	if s.loop != nil {
		s.loop.Remove(s.fd)
		delete(s.reading.streams, s)
	}
	unix.Close(s.fd)
	s.fd = -1
}
