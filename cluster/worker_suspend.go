package cluster

import (
	"errors"
	"fmt"
)

// SuspendConnections has the worker get no connections of clients until [Worker.ResumeConnections] is called. It is for a worker that is
// not ready, or does not go on: the worker runs, listens, serves the connections that it has and takes those of [Worker.Dial]. What is
// on its way to it by the time stays with it. What has come to it and waits goes to others. A worker that listens on something later is
// suspended there too. [Settings.StartSuspended] does it before the worker can listen; [Settings.Standby] says how that differs
// from a worker on standby.
//
// Meanwhile its connections go to the other workers of each server:
//   - under [SchedRR] and [SchedLeast] to those that the policy chooses of them;
//   - under [SchedReusePort] the kernel chooses the worker's socket no more. Of connections that are being made the worker may accept a
//     few;
//   - under [SchedSticky] each of its clients has another worker, always the same one, and its own one again after ResumeConnections.
//     Clients of other workers stay where they are;
//   - with a [Balancer], [Target.Available] says no and [Target.Suspended] yes.
//
// While all workers of a server are suspended, new connections wait in the kernel's queue, and for more than that has room for the system
// refuses or delays them. When they are all asked to leave, those that wait are dealt out among them nevertheless.
//
// A socket that workers share cannot be taken from one of them: under SchedNone, and for what SchedReusePort serves so, the worker goes on
// to accept. SuspendConnections then returns an error that matches [errors.ErrUnsupported], and has suspended what can be. Datagrams are no
// connections: UDP goes on. A worker that was asked to leave, or has ended, is not suspended, and there is no error.
func (w *Worker) SuspendConnections() error { return w.setSuspended(true) }

// ResumeConnections ends what [Worker.SuspendConnections] has begun: the worker gets connections as the others do. It may be called in any
// case.
func (w *Worker) ResumeConnections() { w.setSuspended(false) }

func (w *Worker) setSuspended(suspended bool) (err error) {
	w.primary.mustNotWait("SuspendConnections of a worker")
	w.primary.loop.Call(func() {
		if w.onLoop.drain.stage == staying {
			err = w.suspend(suspended)
		}
	})
	if err != nil {
		err = fmt.Errorf("cluster: suspend the connections of worker %d: %w", w.id, err)
	}
	return err
}

// suspend has all memberships of a worker be suspended, or no more.
func (w *Worker) suspend(suspended bool) error {
	w.onLoop.suspended = suspended
	var errs []error
	for _, m := range w.onLoop.memberships {
		errs = append(errs, m.suspend(suspended))
	}
	return errors.Join(errs...)
}

// suspender is a balancer that has to be told of suspensions beside Changed.
type suspender interface{ suspensionChanged() }

// suspend has a target get no connections, or get them again. Those that wait for it go to others.
func (d *dispatcher) suspend(target *Target, suspended bool) {
	target.suspended = suspended
	d.unassign(target)
	if b, ok := d.balancer.(suspender); ok {
		b.suspensionChanged()
	}
	d.changed(target)
	d.schedule()
}

func (m dispatchedMembership) suspend(suspended bool) error {
	m.dispatcher.suspend(m.Target, suspended)
	return nil
}

func (m *sharedMembership) suspend(suspended bool) error {
	if !suspended || !m.of.hasConnections() {
		return nil
	}
	return fmt.Errorf("it accepts from the socket of %s by itself, as other workers do: %w", m.of.at, errors.ErrUnsupported)
}

func (m packetMembership) suspend(bool) error { return nil }

// suspend has the kernel choose the worker's socket no more. What waits there is accepted at once: the worker would accept it.
func (m groupMembership) suspend(suspended bool) error {
	s := m.of
	if m.suspended == suspended {
		return nil
	}
	s.dispatcher.suspend(m.Target, suspended)
	s.primary().onLoop.looks.remove(m.Target)
	s.groupSlots.suspend(m.slot, suspended)
	if m.worker.IsStandby() {
		return nil
	}
	return m.receive()
}

// receive has the target get what comes to its socket, unless it is suspended: then others get it.
func (m groupMembership) receive() error {
	s, fd := m.of, m.of.group.FD(m.slot)
	s.unwatch(fd)
	switch {
	case m.suspended:
		if err := m.leaveToOthers(); err != nil {
			return err
		}
		return s.park()
	case m.accepts:
		s.lookAt(m.Target, fd)
		return nil
	}
	return s.handOut(m.Target, fd)
}

// leaveToOthers has the others get what has come to the target's socket, and what may still come there: the target is suspended, or on
// standby.
func (m groupMembership) leaveToOthers() error {
	s, fd := m.of, m.of.group.FD(m.slot)
	s.acceptAll(fd, nil)
	s.schedule()
	return s.watch(fd, nil)
}

// park sees to a socket without a worker for what comes while all workers are suspended.
func (s *groupServer) park() error {
	if s.hasChoice() {
		return nil
	}
	n, err := s.addForNobody()
	if err != nil {
		return err
	}
	return s.watch(s.group.FD(n), nil)
}
