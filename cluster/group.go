package cluster

import (
	"fmt"
	"syscall"

	"github.com/nodecluster/nodecluster/cluster/internal/bind"
	"github.com/nodecluster/nodecluster/cluster/internal/rendezvous"
	"github.com/nodecluster/nodecluster/cluster/internal/reuseport"
	"github.com/nodecluster/nodecluster/cluster/internal/wire"
	"github.com/nodecluster/nodecluster/handlewrap"
)

// seats are the sockets of a group, each of which is one member's. They stay open and in their places: who comes
// after a member that has left gets the same socket, with what has come in the meantime.
type seats struct {
	group   *reuseport.Group
	by      rendezvous.By
	taken   []bool
	primary *Primary
}

func newSeats(p *Primary, fd, backlog int, by rendezvous.By) (*seats, error) {
	if backlog <= 0 {
		backlog = bind.Backlog
	}
	group, err := reuseport.New(fd, backlog)
	if err != nil {
		return nil, err
	}
	return &seats{group: group, by: by, taken: []bool{false}, primary: p}, nil
}

// take gives a member a seat: one that has become vacant, or a new one.
func (s *seats) take(t handlewrap.Type) (seat int, h *handlewrap.Handle, err error) {
	for seat = range s.taken {
		if !s.taken[seat] {
			break
		}
	}
	if s.taken[seat] {
		if seat, err = s.add(); err != nil {
			return 0, nil, err
		}
	}
	fd, err := bind.Dup(s.group.FD(seat))
	if err != nil {
		return 0, nil, err
	}
	s.taken[seat] = true
	s.steer()
	return seat, handlewrap.New(t, fd), nil
}

func (s *seats) add() (seat int, err error) {
	if len(s.taken) == rendezvous.MostPlaces && s.by == rendezvous.ByAddress {
		return 0, syscall.EMFILE
	}
	if err := s.group.Add(); err != nil {
		return 0, err
	}
	s.taken = append(s.taken, false)
	return len(s.taken) - 1, nil
}

func (s *seats) vacate(seat int) {
	s.taken[seat] = false
	s.steer()
}

// steer has the kernel choose among the seats that are taken. Who has come to a vacant one before waits there.
func (s *seats) steer() {
	var places []int
	for seat, taken := range s.taken {
		if taken {
			places = append(places, seat)
		}
	}
	if len(places) == 0 || len(s.taken) == 1 {
		return
	}
	var err error
	if s.by == rendezvous.ByFlow && (len(places) == len(s.taken) || len(places) > rendezvous.MostPlaces) {
		err = s.group.Spread()
	} else {
		err = s.group.Steer(s.by, places)
	}
	if err != nil {
		s.primary.warnOfPolicy(fmt.Errorf("the kernel spreads over all sockets: %w", err))
	}
}

func (s *seats) close() {
	bind.Release(s.group.FD(0))
	s.group.Close()
}

// groupServer is a group of listening sockets, one a member. The primary accepts from those that are vacant, and deals out
// what waits there; and from those of members that it has to deal to.
type groupServer struct {
	serverBase
	*dealer
	*seats
	name *wire.SockName
}

func newGroupServer(p *Primary, base serverBase, bound bind.Socket, name *wire.SockName, backlog int, by rendezvous.By) (server, error) {
	d, err := newDealer(p, base.key, newTurns())
	if err != nil {
		return nil, err
	}
	s, err := newSeats(p, bound.FD, backlog, by)
	if err != nil {
		return nil, err
	}
	return &groupServer{serverBase: base, dealer: d, seats: s, name: name}, nil
}

func (s *groupServer) join(w *Worker, reply *wire.ServerReply) (membership, *handlewrap.Handle, error) {
	seat, handle, err := s.take(handlewrap.NetNative)
	if err != nil {
		return nil, nil, err
	}
	fd := s.group.FD(seat)
	s.unwatch(fd)
	m := newMember(s.dealer, w)
	if !takesBoth(w.Pid()) {
		handle.Close()
		if err := s.watch(fd, m); err != nil {
			s.vacate(seat)
			return nil, nil, err
		}
		reply.SockName, handle = s.name, nil
	} else {
		reply.Errno = new(int)
	}
	s.dealer.join(m)
	return groupMember{m, s, seat}, handle, nil
}

func (s *groupServer) close() {
	s.dealer.close()
	s.seats.close()
}

type groupMember struct {
	*Member
	of   *groupServer
	seat int
}

func (m groupMember) server() server { return m.of }

func (m groupMember) leave() {
	s := m.of
	s.dealer.leave(m.Member)
	s.vacate(m.seat)
	s.unwatch(s.group.FD(m.seat))
	if err := s.watch(s.group.FD(m.seat), nil); err != nil {
		s.seats.primary.warnOnce(err)
	}
}

// packetGroup is a group of UDP sockets, one a member. What comes for a member that has left before the kernel knows of it
// waits for the next one.
type packetGroup struct {
	serverBase
	*seats
}

func newPacketGroup(p *Primary, base serverBase, bound bind.Socket, by rendezvous.By) (server, error) {
	s, err := newSeats(p, bound.FD, 0, by)
	if err != nil {
		return nil, err
	}
	return &packetGroup{base, s}, nil
}

func (s *packetGroup) join(_ *Worker, reply *wire.ServerReply) (membership, *handlewrap.Handle, error) {
	seat, handle, err := s.take(handlewrap.DgramNative)
	if err != nil {
		return nil, nil, err
	}
	reply.Errno = new(int)
	return packetMember{s, seat}, handle, nil
}

type packetMember struct {
	of   *packetGroup
	seat int
}

func (m packetMember) server() server { return m.of }

func (m packetMember) leave() { m.of.vacate(m.seat) }

func (m packetMember) retry() {}
