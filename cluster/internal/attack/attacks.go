//go:build linux

package attack

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// An Attack is something that a hostile worker does.
type Attack struct {
	// Dealt: it needs connections that the primary hands out.
	Dealt bool
	run   func(*end) error
}

// Attacks are all of them, by name.
var Attacks = map[string]Attack{
	"internal messages with connections that linger": {run: giveLingering(`{"cmd":"NODE_x"}`)},
	"messages with connections that linger":          {run: giveLingering(`"hello"`)},
	"messages with sockets that carry such":          {run: giveCarriers(`{"cmd":"NODE_x"}`)},
	"such connections in a channel that ends":        {run: leaveLingering},
	"dealt connections that linger":                  {Dealt: true, run: acceptLingering},
	"dealt connections that begin to linger":         {Dealt: true, run: beginLingering},

	"keys of 30 MB":             {run: longNames(30, 30<<20)},
	"keys of 100 KB":            {run: longNames(4096, 100<<10)},
	"data of 60 KB":             {run: longData},
	"ports without end":         {run: manyPorts},
	"servers opened and closed": {run: openAndClose},

	"connections that are not answered for": {Dealt: true, run: keepUnanswered},
	"connections that are refused":          {Dealt: true, run: refuse},
	"answers for nothing":                   {run: answerForNothing},
	"a closed channel":                      {run: closeChannel},
}

// Names are the names of all attacks, in order.
func Names() []string { return slices.Sorted(maps.Keys(Attacks)) }

// Run prints Done when the attack was made. An attack with dealt connections begins then, and prints Taken after each.
const (
	Done  = "done"
	Taken = "taken"
)

// Run makes the attack of that name as a worker, and stays until its primary has closed the channel.
func Run(name string) error {
	a, ok := Attacks[name]
	if !ok {
		return fmt.Errorf("there is no attack %q", name)
	}
	e, err := open()
	if err != nil {
		return err
	}
	if err := e.write(`{"cmd":"NODE_CLUSTER","act":"online","seq":1}`); err != nil {
		return err
	}
	// A primary that ends the channel has ended the attack.
	if err := a.run(e); err != nil && !errors.Is(err, unix.EPIPE) && !errors.Is(err, unix.ECONNRESET) && !errors.Is(err, errEnded) {
		return err
	}
	if !a.Dealt {
		say(Done)
	}
	e.stay()
	// It keeps what it has, as a hostile process may.
	return unix.Pause()
}

const ack = `{"cmd":"NODE_HANDLE_ACK"}`

// ask asks to listen on what fields say, and returns the errno of the answer, and the key.
func (e *end) ask(seq int, fields string) (errno int, key string, err error) {
	if err := e.write(fmt.Sprintf(`{"cmd":"NODE_CLUSTER","act":"queryServer","index":0,"seq":%d,%s}`, seq, fields)); err != nil {
		return 0, "", err
	}
	for {
		m, err := e.read()
		if err != nil {
			return 0, "", err
		}
		if m.fd >= 0 {
			e.sockets = append(e.sockets, m.fd)
			if err := e.write(ack); err != nil {
				return 0, "", err
			}
		}
		if m.Ack != nil && *m.Ack == seq {
			if m.Errno != nil {
				errno = *m.Errno
			}
			return errno, m.Key, nil
		}
	}
}

func longNames(servers, size int) func(*end) error {
	return func(e *end) error {
		for i := range servers {
			name := fmt.Sprintf(`"address":"127.0.0.1","port":0,"addressType":4,"fd":"x%d%s"`, i, strings.Repeat("x", size))
			if _, _, err := e.ask(i+2, name); err != nil {
				return err
			}
		}
		return nil
	}
}

func longData(e *end) error {
	data := strings.Repeat("x", 60<<10)
	for i := range 200 {
		if _, _, err := e.ask(i+2, fmt.Sprintf(`"address":"127.0.0.1","port":0,"addressType":4,"fd":"x%d","data":"%s"`, i, data)); err != nil {
			return err
		}
	}
	return nil
}

// manyPorts listens until the primary lets it no more.
func manyPorts(e *end) error {
	const most = 5000
	for i := range most {
		errno, _, err := e.ask(i+2, fmt.Sprintf(`"address":"127.0.0.1","port":0,"addressType":4,"fd":"x%d"`, i))
		if err != nil {
			return err
		}
		if errno != 0 {
			break
		}
	}
	return nil
}

func openAndClose(e *end) error {
	for i := range 2000 {
		_, key, err := e.ask(i+2, `"address":"127.0.0.1","port":0,"addressType":4`)
		if err != nil {
			return err
		}
		for _, fd := range e.sockets {
			unix.Close(fd)
		}
		e.sockets = nil
		if err := e.write(fmt.Sprintf(`{"cmd":"NODE_CLUSTER","act":"close","key":%q,"seq":1}`, key)); err != nil {
			return err
		}
	}
	return nil
}

// accept listens where the other worker does, and takes connections until the channel ends. take answers for each.
func (e *end) accept(take func(connection message) error) error {
	errno, _, err := e.ask(1, fmt.Sprintf(`"address":"127.0.0.1","port":%s,"addressType":4,"flags":0`, e.port))
	if err != nil {
		return err
	}
	if errno != 0 {
		return fmt.Errorf("it cannot listen on port %s: errno %d", e.port, errno)
	}
	say(Done)
	for {
		m, err := e.read()
		if err != nil {
			return err
		}
		if m.fd < 0 {
			continue
		}
		if err := e.write(ack); err != nil {
			return err
		}
		if err := take(m); err != nil {
			return err
		}
		say(Taken)
	}
}

func (e *end) answer(connection message, accepted bool) error {
	return e.write(fmt.Sprintf(`{"cmd":"NODE_CLUSTER","ack":%d,"accepted":%v,"seq":1}`, connection.Seq, accepted))
}

// keepUnanswered keeps connections without a word.
func keepUnanswered(e *end) error { return e.accept(func(message) error { return nil }) }

func refuse(e *end) error {
	return e.accept(func(connection message) error {
		unix.Close(connection.fd)
		return e.answer(connection, false)
	})
}

func answerForNothing(e *end) error {
	for i := range 100_000 {
		if err := e.answer(message{Seq: i}, i%2 == 0); err != nil {
			return err
		}
	}
	return nil
}

func closeChannel(e *end) error { return unix.Close(e.fd) }
