//go:build unix

package cluster_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

func init() { programs["hostile"] = hostileProgram }

// channelEnd is a worker's bare end of its channel.
type channelEnd struct {
	fd int
	// patience is for how long the primary may read nothing before write gives up; negative if without end.
	patience time.Duration
}

func openChannelEnd() (channelEnd, error) {
	fd, err := strconv.Atoi(os.Getenv("NODE_CHANNEL_FD"))
	if err != nil {
		return channelEnd{}, err
	}
	return channelEnd{fd, -time.Millisecond}, unix.SetNonblock(fd, true)
}

var errStuck = errors.New("the primary does not read")

// write writes a line, with a descriptor beside it unless that is negative.
func (c channelEnd) write(line string, fd int) error {
	var rights []byte
	if fd >= 0 {
		rights = unix.UnixRights(fd)
	}
	for text := []byte(line + "\n"); len(text) > 0; {
		n, err := unix.SendmsgN(c.fd, text, rights, nil, unix.MSG_NOSIGNAL)
		switch {
		case err == nil:
			text, rights = text[n:], nil
		case errors.Is(err, unix.EAGAIN):
			if !c.writable(c.patience) {
				return errStuck
			}
		case !errors.Is(err, unix.EINTR):
			return err
		}
	}
	return nil
}

func (c channelEnd) writable(within time.Duration) bool {
	fds := []unix.PollFd{{Fd: int32(c.fd), Events: unix.POLLOUT}}
	for {
		n, err := unix.Poll(fds, int(within.Milliseconds()))
		if !errors.Is(err, unix.EINTR) {
			return n > 0
		}
	}
}

// awaitEnd reads until the primary has closed the channel.
func (c channelEnd) awaitEnd() error {
	if err := unix.SetNonblock(c.fd, false); err != nil {
		return err
	}
	f := os.NewFile(uintptr(c.fd), "channel")
	_, err := io.Copy(io.Discard, f)
	return err
}

// queryInVain has a long answer.
var queryInVain = `{"cmd":"NODE_CLUSTER","act":"queryServer","address":"` + strings.Repeat("nowhere", 500) + `","port":1,"addressType":4,"index":0,"seq":1}`

// onceOnly are misdeeds that are done with one write.
var onceOnly = map[string]string{
	"garbage":          "{{{",
	"ACK for nothing":  `{"cmd":"NODE_HANDLE_ACK"}`,
	"NACK for nothing": `{"cmd":"NODE_HANDLE_NACK"}`,
	"wrong types":      `{"cmd":"NODE_CLUSTER","act":"close","key":{},"seq":1}`,
	"large data":       `{"cmd":"NODE_CLUSTER","act":"queryServer","port":0,"data":"` + strings.Repeat("x", 1<<20) + `","seq":1}`,
}

// manyTimes are misdeeds that are done so many times and then left, with the number of the time in them.
var manyTimes = map[string]struct {
	times  int
	format string
}{
	"answers for nothing":  {1000, `{"cmd":"NODE_CLUSTER","ack":%d,"accepted":false,"seq":1}`},
	"unknown keys":         {1000, `{"cmd":"NODE_CLUSTER","act":"close","key":"key %d","seq":1}`},
	"unknown acts":         {1000, `{"cmd":"NODE_CLUSTER","act":"act %d","seq":1}`},
	"flood of servers":     {5000, `{"cmd":"NODE_CLUSTER","act":"queryServer","address":"127.0.0.1","port":0,"addressType":4,"index":%d,"seq":1}`},
	"flood of descriptors": {2000, `{"cmd":"NODE_HANDLE","type":"net.Native","msg":{"cmd":"NODE_CLUSTER","act":"act %d"}}`},
}

// withoutEnd are misdeeds that go on until the primary does not read any more.
var withoutEnd = map[string]string{
	"flood of queries":          queryInVain,
	"messages":                  `"x"`,
	"large messages":            `"` + strings.Repeat("x", 1<<20) + `"`,
	"listening events":          `{"cmd":"NODE_CLUSTER","act":"listening","port":1,"addressType":4}`,
	"large listening events":    `{"cmd":"NODE_CLUSTER","act":"listening","port":1,"addressType":"` + strings.Repeat("x", 1<<20) + `"}`,
	"messages with descriptors": `{"cmd":"NODE_HANDLE","type":"net.Native","msg":"x"}`,
}

// hostileProgram is a worker that does one misdeed.
func hostileProgram() error {
	c, err := openChannelEnd()
	if err != nil {
		return err
	}
	name := os.Args[1]
	if name == "endless message" {
		c.write(strings.Repeat("x", 65<<20), -1)
		return c.awaitEnd()
	}
	if line, ok := onceOnly[name]; ok {
		c.write(line, -1)
		return c.awaitEnd()
	}
	if many, ok := manyTimes[name]; ok {
		for i := range many.times {
			if err := c.write(fmt.Sprintf(many.format, i), descriptorFor(name)); err != nil {
				return err
			}
		}
		return nil
	}
	if line, ok := withoutEnd[name]; ok {
		if name != "flood of queries" {
			c.patience = 300 * time.Millisecond
		}
		return c.flood(line, descriptorFor(name))
	}
	_, err = unix.Write(c.fd, []byte(`{"cmd":"NODE_CLUSTER","act":"onl`))
	return err
}

// descriptorFor is what goes with each message of a misdeed, if anything does.
func descriptorFor(name string) int {
	if strings.HasSuffix(name, "descriptors") {
		return int(os.Stdin.Fd())
	}
	return -1
}

// flood writes until the primary does not read any more, says how much that was, and then when it reads again.
func (c channelEnd) flood(line string, fd int) error {
	for sent := 0; ; sent += len(line) {
		err := c.write(line, fd)
		if err == nil {
			continue
		}
		if !errors.Is(err, errStuck) {
			return nil // the channel is closed
		}
		fmt.Println(sent)
		c.writable(time.Minute)
		fmt.Println("again")
		return c.awaitEnd()
	}
}
