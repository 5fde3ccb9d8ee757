//go:build !portable

package reuseport

import (
	"errors"
	"fmt"

	"github.com/nodecluster/nodecluster/cluster/internal/bind"
	"github.com/nodecluster/nodecluster/cluster/internal/rendezvous"
	"golang.org/x/sys/unix"
)

// A Group is sockets that are bound to one address. They are the group's, and are closed together: to close one would
// reset the connections that wait for it, and give its place to another.
type Group struct {
	fds     []int
	address unix.Sockaddr
	family  int
	kind    int
	backlog int
	steered bool
}

// New makes a group of a bound socket that does not listen yet, and is the group's if there is no error. A TCP group
// listens, with the backlog. It fails where the system cannot make groups, or not with this socket: with
// errors.ErrUnsupported.
func New(fd, backlog int) (*Group, error) {
	g := &Group{fds: []int{fd}, backlog: backlog}
	var err error
	if g.address, err = unix.Getsockname(fd); err != nil {
		return nil, fmt.Errorf("reuseport: getsockname: %w", err)
	}
	switch g.address.(type) {
	case *unix.SockaddrInet4:
		g.family = unix.AF_INET
	case *unix.SockaddrInet6:
		g.family = unix.AF_INET6
	default:
		return nil, fmt.Errorf("reuseport: sockets of paths have no groups: %w", errors.ErrUnsupported)
	}
	if g.kind, err = unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE); err != nil {
		return nil, fmt.Errorf("reuseport: %w", err)
	}
	// Only now, and not before it was bound: the first socket is to find its address free.
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); err != nil {
		return nil, fmt.Errorf("reuseport: %w: %w", errors.ErrUnsupported, err)
	}
	if err := g.listen(fd); err != nil {
		return nil, err
	}
	return g, nil
}

func (g *Group) listen(fd int) error {
	if g.kind != unix.SOCK_STREAM {
		return nil
	}
	if err := bind.Listen(fd, g.backlog); err != nil {
		return fmt.Errorf("reuseport: listen: %w", err)
	}
	return nil
}

// CheckSteering fails where the kernel cannot be told by a program which socket of a group to choose, with errors.ErrUnsupported:
// older kernels, gVisor and some profiles of seccomp take none. fd is a socket as those of the group would be. The program is
// attached to another one, since fd gets no group before it listens or has a second.
func CheckSteering(fd int) error {
	address, err := unix.Getsockname(fd)
	if err != nil {
		return fmt.Errorf("reuseport: getsockname: %w", err)
	}
	kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil {
		return fmt.Errorf("reuseport: %w", err)
	}
	family := unix.AF_INET
	if _, ok := address.(*unix.SockaddrInet6); ok {
		family = unix.AF_INET6
	}
	trial, err := bind.NewSocket(family, kind)
	if err != nil {
		return fmt.Errorf("reuseport: socket: %w", err)
	}
	defer bind.CloseFD(trial)
	err = unix.SetsockoptInt(trial, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
	if err == nil {
		err = steer(trial, rendezvous.ByAddress, allChoices) // the longest program that there may be
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errors.ErrUnsupported, err)
	}
	return nil
}

var allChoices = func() (all []rendezvous.Choice) {
	for n := range rendezvous.MostPlaces {
		all = append(all, rendezvous.Choice{Place: n, Socket: n})
	}
	return all
}()

// Len is how many sockets there are.
func (g *Group) Len() int { return len(g.fds) }

// FD is the socket with a number, from 0 on. It stays the group's.
func (g *Group) FD(socket int) int { return g.fds[socket] }

// Add makes another socket, with the number that follows the last.
func (g *Group) Add() error {
	fd, err := bind.NewSocket(g.family, g.kind)
	if err != nil {
		return fmt.Errorf("reuseport: socket: %w", err)
	}
	if err := errors.Join(g.adopt(fd), unix.Bind(fd, g.address), g.listen(fd)); err != nil {
		bind.CloseFD(fd)
		return fmt.Errorf("reuseport: another socket for the address: %w", err)
	}
	g.fds = append(g.fds, fd)
	return nil
}

// adopt gives a socket the options of the first.
func (g *Group) adopt(fd int) error {
	options := [][2]int{{unix.SOL_SOCKET, unix.SO_REUSEADDR}, {unix.SOL_SOCKET, unix.SO_REUSEPORT}}
	if g.family == unix.AF_INET6 {
		options = append(options, [2]int{unix.IPPROTO_IPV6, unix.IPV6_V6ONLY})
	}
	for _, o := range options {
		value, err := unix.GetsockoptInt(g.fds[0], o[0], o[1])
		if err == nil {
			err = unix.SetsockoptInt(fd, o[0], o[1], value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Steer has the kernel choose by a part of the packet, and only among the sockets given, in ascending order of their places for that
// choice.
func (g *Group) Steer(by rendezvous.By, among []rendezvous.Choice) error {
	if err := steer(g.fds[0], by, among); err != nil {
		return err
	}
	g.steered = true
	return nil
}

// steer attaches a program to the group of a socket.
func steer(fd int, by rendezvous.By, among []rendezvous.Choice) error {
	instructions, err := rendezvous.Program(by, among)
	if err != nil {
		return err
	}
	filter := make([]unix.SockFilter, len(instructions))
	for i, in := range instructions {
		filter[i] = unix.SockFilter{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}
	}
	program := &unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_REUSEPORT_CBPF, program); err != nil {
		return fmt.Errorf("reuseport: attach a program: %w", err)
	}
	return nil
}

// Spread leaves the choice to the kernel, among all sockets.
func (g *Group) Spread() error {
	if !g.steered {
		return nil
	}
	if err := unix.SetsockoptInt(g.fds[0], unix.SOL_SOCKET, unix.SO_DETACH_REUSEPORT_BPF, 0); err != nil {
		return fmt.Errorf("reuseport: detach the program: %w", err)
	}
	g.steered = false
	return nil
}

// Close closes the sockets. Connections that wait in their queues are reset.
func (g *Group) Close() {
	for _, fd := range g.fds {
		bind.CloseFD(fd)
	}
	g.fds = nil
}
