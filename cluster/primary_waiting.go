package cluster

// Waiting returns how many connections of clients wait for a worker: those in the queues of listening sockets of TCP, on Linux, which alone
// tells how long these are, and those that the primary has accepted and has not offered to a worker yet. It is a measure of load: a queue
// that stays is of clients that wait for more workers. It takes a few microseconds for each socket.
func (p *Primary) Waiting() (n int) {
	p.loop.Call(func() {
		for _, s := range p.onLoop.servers {
			n += s.waiting()
		}
	})
	return n
}

func (s *dispatchedServer) waiting() int {
	n := s.dispatcher.waiting()
	for _, q := range s.queues {
		n += acceptQueue(q.fd)
	}
	return n
}

func (s *groupServer) waiting() int {
	n := s.dispatcher.waiting()
	for slot := range s.slots {
		n += acceptQueue(s.group.FD(slot))
	}
	return n
}

func (s *sharedServer) waiting() int { return acceptQueue(s.socket.FD) }

// waiting is how many connections were accepted and not offered to a target.
func (d *dispatcher) waiting() int {
	n := len(d.unassigned) + d.assigned
	if d.firstBytes != nil {
		n += d.firstBytes.len()
	}
	return n
}

// waiting is 0: packets are no connections.
func (s *packetGroup) waiting() int { return 0 }
