package nodeipc_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/eventloop"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"golang.org/x/sys/unix"
)

func init() {
	childPrograms["descriptors that get lost"] = func() error { return loseDescriptors(nodeipc.Serialization(os.Args[1])) }
}

// shortage is a process that has room for few descriptors only, with a channel and the pipes that are sent over it. It
// runs as a program of its own, in which a failure is an error.
type shortage struct {
	tb      failer
	loop    *eventloop.Loop
	channel *nodeipc.Channel
	peer    *rawPeer
	limit   unix.Rlimit
	fillers []int
}

// failer ends the program at the first failure.
type failer struct{ testing.TB }

func (failer) Helper() {}

func (failer) Cleanup(func()) {}

func (failer) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

func (failer) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

func (failer) Errorf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

// loseDescriptors runs all scenarios.
func loseDescriptors(serialization nodeipc.Serialization) (err error) {
	running := ""
	defer func() {
		if failure := recover(); failure != nil {
			err = fmt.Errorf("%s: %v", running, failure)
		}
	}()
	s := &shortage{}
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &s.limit); err != nil {
		return err
	}
	if s.loop, err = eventloop.New(); err != nil {
		return err
	}
	defer s.loop.Close()
	for name, scenario := range lostDescriptors {
		running = name
		s.channel, s.peer = newRawPeer(s.tb, nodeipc.Options{Serialization: serialization, Loop: s.loop})
		scenario(s)
		s.channel.Close()
		s.peer.close()
	}
	return nil
}

// leaveRoomFor fills the process with descriptors but for n.
func (s *shortage) leaveRoomFor(n int) {
	if err := setFileLimit(100); err != nil {
		s.tb.Fatal(err)
	}
	for {
		fd, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			break
		}
		s.fillers = append(s.fillers, fd)
	}
	for range n {
		unix.Close(s.fillers[len(s.fillers)-1])
		s.fillers = s.fillers[:len(s.fillers)-1]
	}
}

// makeRoom ends the shortage.
func (s *shortage) makeRoom() {
	for _, fd := range s.fillers {
		unix.Close(fd)
	}
	s.fillers = nil
	if err := setFileLimit(s.limit.Cur); err != nil {
		s.tb.Fatal(err)
	}
}

// pipes gives n pipes to be sent, in each of which its number stands to be read.
func (s *shortage) pipes(n int) (fds []int) {
	for i := range n {
		pair := make([]int, 2)
		if err := unix.Pipe2(pair, unix.O_CLOEXEC); err != nil {
			s.tb.Fatal(err)
		}
		if _, err := unix.Write(pair[1], []byte{byte(i)}); err != nil {
			s.tb.Fatal(err)
		}
		unix.Close(pair[1])
		fds = append(fds, pair[0])
	}
	return fds
}

func numbered(i int) string {
	return fmt.Sprintf(`{"cmd":"NODE_HANDLE","type":"net.Native","msg":%d}`+"\n", i)
}

// expectPipe receives message i, which must have come with pipe i.
func (s *shortage) expectPipe(i int) {
	m := receive(s.tb, s.channel)
	if got := text(m); got != fmt.Sprint(i) && !strings.HasPrefix(got, fmt.Sprintf(`"%d `, i)) {
		s.tb.Fatalf("message %.20s in the place of %d", got, i)
	}
	number := []byte{255}
	if m.Handle == nil {
		s.tb.Fatalf("message %d has no handle", i)
	}
	if _, err := unix.Read(m.Handle.FD(), number); err != nil || int(number[0]) != i {
		s.tb.Fatalf("message %d came with pipe %d, %v", i, number[0], err)
	}
	m.Handle.Close()
}

// awaitRead waits until the channel has read all that the peer wrote, and has got what descriptors it gets.
func (s *shortage) awaitRead() {
	raw, err := s.peer.conn.SyscallConn()
	if err != nil {
		s.tb.Fatal(err)
	}
	for unread := 1; unread > 0; unix.Nanosleep(&unix.Timespec{Nsec: 1e6}, nil) {
		raw.Control(func(fd uintptr) { unread, err = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ) })
		if err != nil {
			s.tb.Fatal(err)
		}
	}
	s.loop.Call(func() {})
}

// piece is a part of a message, with its descriptor if it is the first of one that has one.
type piece struct {
	bytes  string
	fds    []int
	number int
}

// randomPieces are messages with descriptors, and plain ones, short and long, in pieces.
func (s *shortage) randomPieces(random *rand.Rand, fds []int) (pieces []piece) {
	for i, fd := range fds {
		filling := strings.Repeat("x", random.IntN(1+random.IntN(2)*150<<10))
		line, fds := fmt.Sprintf(`"plain %d %s"`+"\n", i, filling), []int(nil)
		if random.IntN(3) > 0 {
			line, fds = fmt.Sprintf(`{"cmd":"NODE_HANDLE","type":"net.Native","msg":"%d %s"}`+"\n", i, filling), []int{fd}
		}
		rest := string(s.peer.frames(line))
		for len(rest) > 0 {
			n := min(len(rest), 1+random.IntN(40<<10))
			pieces = append(pieces, piece{rest[:n], fds, i})
			rest, fds = rest[n:], nil
		}
	}
	return pieces
}

// loseAtRandom has the channel read a few pieces at a time, with room for their descriptors or without.
func (s *shortage) loseAtRandom(seed uint64) {
	random := rand.New(rand.NewPCG(1, seed))
	fds := s.pipes(40)
	defer func() {
		for _, fd := range fds {
			unix.Close(fd)
		}
	}()
	pieces := s.randomPieces(random, fds)
	arrives := map[int]bool{}
	var answers []string
	for len(pieces) > 0 {
		group := pieces[:min(len(pieces), 1+random.IntN(4))]
		pieces = pieces[len(group):]
		short := random.IntN(2) == 0
		s.channel.Pause()
		for _, p := range group {
			s.peer.writeRaw(p.bytes, p.fds...)
			if p.fds == nil {
				continue
			}
			if arrives[p.number] = !short; short {
				answers = append(answers, nack)
			} else {
				answers = append(answers, ack)
			}
		}
		if short {
			s.leaveRoomFor(0)
		}
		s.channel.Resume()
		s.awaitRead()
		s.makeRoom()
	}
	s.peer.expect(answers...)
	for i := range fds {
		arrived, withHandle := arrives[i]
		switch {
		case !withHandle:
			m := receive(s.tb, s.channel)
			if got := text(m); !strings.HasPrefix(got, fmt.Sprintf(`"plain %d `, i)) || m.Handle != nil {
				s.tb.Fatalf("seed %d: message %.20s, handle %v, in the place of plain %d", seed, got, m.Handle, i)
			}
		case arrived:
			s.expectPipe(i)
		}
	}
}

// lostDescriptors are ways in which some descriptors get lost, of which none may make another go to a wrong message.
var lostDescriptors = map[string]func(*shortage){
	"EMFILE for all but one": func(s *shortage) {
		fds := s.pipes(5)
		s.channel.Pause()
		for i, fd := range fds {
			s.peer.write(numbered(i), fd)
		}
		s.leaveRoomFor(1)
		s.channel.Resume()
		s.peer.expect(ack, nack, nack, nack, nack)
		s.makeRoom()
		s.expectPipe(0)
		for i := 1; i < len(fds); i++ {
			s.peer.write(numbered(i), fds[i])
			s.peer.expect(ack)
			s.expectPipe(i)
		}
	},
	"EMFILE and room again between messages in flight": func(s *shortage) {
		fds := s.pipes(2)
		s.leaveRoomFor(0)
		s.peer.write(numbered(0), fds[0])
		s.awaitRead()
		s.makeRoom()
		s.peer.write(numbered(1), fds[1])
		s.peer.expect(nack, ack)
		s.expectPipe(1)
	},
	"EMFILE within a message that comes in several reads": func(s *shortage) {
		fds := s.pipes(2)
		long := s.peer.frames(`{"cmd":"NODE_HANDLE","type":"net.Native","msg":"0 ` + strings.Repeat("x", 200<<10) + `"}` + "\n")
		s.leaveRoomFor(0)
		s.peer.writeRaw(string(long[:100<<10]), fds[0])
		s.awaitRead()
		s.makeRoom()
		s.peer.writeRaw(string(long[100<<10 : 190<<10]))
		s.awaitRead()
		s.channel.Pause()
		s.peer.writeRaw(string(long[190<<10:]))
		s.peer.write(numbered(1), fds[1])
		s.channel.Resume()
		s.peer.expect(nack, ack)
		s.expectPipe(1)
		s.peer.writeRaw(string(long), fds[0])
		s.peer.expect(ack)
		s.expectPipe(0)
	},
	"EMFILE at random, in messages in pieces": func(s *shortage) {
		for seed := range uint64(5) {
			s.loseAtRandom(seed)
		}
	},
	"MSG_CTRUNC": func(s *shortage) {
		fds := s.pipes(10)
		s.leaveRoomFor(3)
		s.peer.write(numbered(0), fds...)
		s.peer.expect(ack)
		s.makeRoom()
		s.expectPipe(0)
		s.peer.write("1\n", fds...)
		s.peer.write(numbered(9), fds[9])
		s.peer.expect(ack)
		expectJSON(s.tb, s.channel, "1")
		s.expectPipe(9)
	},
}

func TestLostDescriptors(t *testing.T) {
	eachSerialization(t, func(t *testing.T, s nodeipc.Serialization) {
		nodetest.NoLeaks(t)
		runSelf(t, "descriptors that get lost", string(s))
	})
}
