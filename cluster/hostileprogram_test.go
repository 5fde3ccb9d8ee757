//go:build unix

package cluster_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"golang.org/x/sys/unix"

	"github.com/nodecluster/nodecluster/nodeipc"
)

func init() { clustertest.Programs["hostile"] = hostileProgram }

// channelEnd is a worker's bare end of its channel.
type channelEnd struct {
	fd       int
	advanced bool
	// patience is for how long the primary may read nothing before write gives up; negative if without end.
	patience time.Duration
}

func openChannelEnd() (channelEnd, error) {
	fd, err := strconv.Atoi(os.Getenv("NODE_CHANNEL_FD"))
	if err != nil {
		return channelEnd{}, err
	}
	advanced := os.Getenv("NODE_CHANNEL_SERIALIZATION_MODE") == string(nodeipc.Advanced)
	return channelEnd{fd, advanced, -time.Millisecond}, unix.SetNonblock(fd, true)
}

var errStuck = errors.New("the primary does not read")

// write writes a message, of which line is the JSON, with copies of a descriptor beside it.
func (c channelEnd) write(line string, fds ...int) error {
	if !c.advanced {
		return c.writeRaw(line+"\n", fds...)
	}
	frame, err := clustertest.AdvancedFrame(line)
	if err != nil {
		return err
	}
	return c.writeRaw(frame, fds...)
}

func (c channelEnd) writeRaw(raw string, fds ...int) error {
	var rights []byte
	if len(fds) > 0 {
		rights = unix.UnixRights(fds...)
	}
	for text := []byte(raw); len(text) > 0; {
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

// queryForSocket is answered with a handle.
const queryForSocket = `{"cmd":"NODE_CLUSTER","act":"queryServer","address":"127.0.0.1","port":0,"addressType":"udp4","index":0,"seq":1}`

const manyLevels = 1_000_000

// rawOnce are misdeeds that are done with one write of bytes that are no message.
var rawOnce = map[string]string{
	"garbage":                       "{{{\n{{{\n",
	"garbage in a frame":            clustertest.Framed("garbage"),
	"nothing":                       clustertest.Framed(""),
	"broken UTF-8":                  "\"a\xffb\xe2\x82\"\n",
	"broken UTF-8 where no text is": "\xff\n",
	"half a character":              clustertest.Framed("\xff\x0fc\x01a"),
	"frame of 4 GiB":                "\xff\xff\xff\xff",
	"half a message":                clustertest.Framed("\xff\x0fo")[:5],
}

// rawAtLength are the long ones among them, which are not made for every program of the tests.
var rawAtLength = map[string]func() string{
	"a million deep": func() string { return strings.Repeat("[", manyLevels) + strings.Repeat("]", manyLevels) + "\n" },
	"a million deep in advanced": func() string {
		return clustertest.Framed("\xff\x0f" + strings.Repeat("A\x01", manyLevels) + "0" + strings.Repeat("$\x00\x01", manyLevels))
	},
	"endless message": func() string { return strings.Repeat("x", 65<<20) },
}

// endsItself are misdeeds that do not cost the worker its channel, and so it goes by itself.
var endsItself = map[string]bool{"broken UTF-8": true, "half a message": true}

// onceOnly are misdeeds that are done with one message. Some are long: see rawAtLength.
func onceOnly() map[string]string {
	return map[string]string{
		"ACK for nothing":  `{"cmd":"NODE_HANDLE_ACK"}`,
		"NACK for nothing": `{"cmd":"NODE_HANDLE_NACK"}`,
		"wrong types":      `{"cmd":"NODE_CLUSTER","act":"close","key":{},"seq":1}`,
		"large data":       `{"cmd":"NODE_CLUSTER","act":"queryServer","port":0,"data":"` + strings.Repeat("x", 100<<10) + `","seq":1}`,
		"large query":      `{"cmd":"NODE_CLUSTER","act":"queryServer","port":0,"data":"` + strings.Repeat("x", 1<<20) + `","seq":1}`,
		"long address":     `{"cmd":"NODE_CLUSTER","act":"queryServer","port":-1,"address":"` + strings.Repeat("x", 5000) + `","seq":1}`,
		"long index":       `{"cmd":"NODE_CLUSTER","act":"queryServer","port":0,"index":"` + strings.Repeat("x", 5000) + `","seq":1}`,
		"deep data":        `{"cmd":"NODE_CLUSTER","act":"queryServer","port":0,"data":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + `,"seq":1}`,
	}
}

// manyTimes are misdeeds that are done so many times and then left, with the number of the time in them.
var manyTimes = map[string]struct {
	times  int
	format string
}{
	"answers for nothing":     {1000, `{"cmd":"NODE_CLUSTER","ack":%d,"accepted":false,"seq":1}`},
	"unknown keys":            {1000, `{"cmd":"NODE_CLUSTER","act":"close","key":"key %d","seq":1}`},
	"unknown acts":            {1000, `{"cmd":"NODE_CLUSTER","act":"act %d","seq":1}`},
	"flood of servers":        {5000, `{"cmd":"NODE_CLUSTER","act":"queryServer","address":"127.0.0.1","port":0,"addressType":4,"index":%d,"seq":1}`},
	"large internal messages": {20, `{"cmd":"NODE_OTHER","text":"` + strings.Repeat("x", 1<<20) + `%d"}`},
	"flood of descriptors":    {2000, `{"cmd":"NODE_HANDLE","type":"net.Native","msg":{"cmd":"NODE_CLUSTER","act":"act %d"}}`},

	"handle without a descriptor":  {300, `{"cmd":"NODE_HANDLE","type":"net.Native","msg":%d}`},
	"descriptor without a message": {300, `{"text":%d}`},
	"64 descriptors at once":       {10, `{"cmd":"NODE_HANDLE","type":"net.Native","msg":%d}`},
}

// withoutEnd are misdeeds that go on until the primary does not read any more. Some are long, too.
func withoutEnd() map[string]string {
	return map[string]string{
		"flood of queries":          queryInVain,
		"messages":                  `"x"`,
		"large messages":            `"` + strings.Repeat("x", 1<<20) + `"`,
		"listening events":          `{"cmd":"NODE_CLUSTER","act":"listening","port":1,"addressType":4}`,
		"large listening events":    `{"cmd":"NODE_CLUSTER","act":"listening","port":1,"addressType":"` + strings.Repeat("x", 100<<10) + `"}`,
		"messages with descriptors": `{"cmd":"NODE_HANDLE","type":"net.Native","msg":"x"}`,
	}
}

// hostileProgram is a worker that does one misdeed.
func hostileProgram() error {
	c, err := openChannelEnd()
	if err != nil {
		return err
	}
	name := os.Args[1]
	if raw, ok := rawOnce[name]; ok {
		c.writeRaw(raw)
		if endsItself[name] {
			return nil
		}
		return c.awaitEnd()
	}
	if raw, ok := rawAtLength[name]; ok {
		c.writeRaw(raw())
		return c.awaitEnd()
	}
	if line, ok := onceOnly()[name]; ok {
		c.write(line)
		return c.awaitEnd()
	}
	if many, ok := manyTimes[name]; ok {
		for i := range many.times {
			if err := c.write(fmt.Sprintf(many.format, i), descriptorsFor(name)...); err != nil {
				return err
			}
		}
		return nil
	}
	if name == "ACK twice" {
		return c.acknowledgeTwice()
	}
	if name, goesOn := strings.CutSuffix(name, " that goes on"); goesOn {
		return c.pour(withoutEnd()[name], descriptorsFor(name)...)
	}
	if line, ok := withoutEnd()[name]; ok {
		if name != "flood of queries" {
			c.patience = 300 * time.Millisecond
		}
		return c.flood(line, descriptorsFor(name)...)
	}
	return fmt.Errorf("no misdeed %q", name)
}

// acknowledgeTwice has the primary send a handle, and says twice that it came.
func (c channelEnd) acknowledgeTwice() error {
	if err := c.write(queryForSocket); err != nil {
		return err
	}
	if err := unix.SetNonblock(c.fd, false); err != nil {
		return err
	}
	if _, err := unix.Read(c.fd, make([]byte, 1)); err != nil {
		return err
	}
	for range 2 {
		c.write(onceOnly()["ACK for nothing"])
	}
	return c.awaitEnd()
}

// descriptorsFor is what goes with each message of a misdeed.
func descriptorsFor(name string) []int {
	fd := int(os.Stdin.Fd())
	switch {
	case name == "64 descriptors at once":
		return slices.Repeat([]int{fd}, 64)
	case strings.HasSuffix(name, "descriptors"), name == "descriptor without a message":
		return []int{fd}
	}
	return nil
}

// flood writes until the primary does not read any more, says how much that was, and then when it reads again.
func (c channelEnd) flood(line string, fds ...int) error {
	for sent := 0; ; sent += len(line) {
		err := c.write(line, fds...)
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

// pour writes more than anybody keeps, however long the primary does not read, and says how much that was.
func (c channelEnd) pour(line string, fds ...int) error {
	messages := 50_000
	switch {
	case len(fds) > 0:
		messages = 2_000
	case len(line) > 1<<10:
		messages = 30
	}
	for range messages {
		if err := c.write(line, fds...); err != nil {
			return err
		}
	}
	fmt.Println(messages * len(line))
	return c.awaitEnd()
}
