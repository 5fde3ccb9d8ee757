package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"github.com/nodecluster/nodecluster/nodeipc/tracing"
	"golang.org/x/sys/unix"
)

const (
	// strangerVariable has this test program do all that it can to the trace of a folder that it does not belong to.
	strangerVariable = "NODECLUSTER_TEST_STRANGER"
	// takerVariable has this test program, as a part of a trace, give a channel to who listens on a socket, and end.
	takerVariable = "NODECLUSTER_TEST_TAKER"
)

// strangerConnections is how many connections a stranger makes and keeps.
const strangerConnections = 900

// beStranger says what it could do, then "holding", and keeps its connections until its standard input ends.
func beStranger(folder tracing.Folder) {
	report := map[string]any{"pid": os.Getpid(), "worker": "9", "serialization": "json", "command": []string{"forged"}}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		fmt.Println("it has no channel:", err)
	}
	if err := folder.Report(report, pair[0], pair[1]); err == nil {
		fmt.Println("it has reported a channel")
	}
	if err := folder.Report(tracing.ExitReport{Exit: &tracing.Exit{PID: os.Getppid()}}); err == nil {
		fmt.Println("it has reported an exit")
	}
	for name, flags := range map[string]int{"reading": os.O_RDONLY | syscall.O_NONBLOCK, "writing": os.O_WRONLY | syscall.O_NONBLOCK} {
		if _, err := os.OpenFile(folder.Path(tracing.Exits), flags, 0); err == nil {
			fmt.Println("it has opened the exits for", name)
		}
	}
	if _, err := os.ReadDir(string(folder)); err == nil {
		fmt.Println("it has listed the folder")
	}
	if _, err := net.Dial("unix", folder.Path(tracing.Socket)); err == nil {
		fmt.Println("it has connected in the folder")
	}
	var connections []net.Conn
	for range strangerConnections {
		c, err := net.Dial("unix", folder.Abstract())
		if err != nil {
			fmt.Println("it cannot connect:", err)
			break
		}
		c.Write([]byte("x"))
		connections = append(connections, c)
	}
	for _, c := range connections {
		c.Read(make([]byte, 1)) // it is let go by then, whatever the other end says
	}
	fmt.Println("holding")
	io.Copy(io.Discard, os.Stdin)
}

// asNobody has a command run as a user who has no rights, and whom no part of the test is.
func asNobody(cmd *exec.Cmd) *exec.Cmd {
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	return cmd
}

// TestTraceOfRootIsClosedToStrangers: another user cannot write to it, read from it, fill it or hold it open.
func TestTraceOfRootIsClosedToStrangers(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("without root's rights there is no other user to be")
	}
	script := nodetest.Script(t, "root.js", `
		const { fork } = require('child_process');
		if (process.argv[2]) {
			process.on('message', () => process.exit(3)).send('ready');
		} else {
			const child = fork(__filename, ['child']);
			child.on('message', () => console.log(process.env.NODECLUSTER_TRACE));
			process.stdin.on('end', () => child.send('end')).resume();
		}`)
	cmd, read := traceOf(t, nodetest.Default(t).Path, script)
	end, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	p := launchCommand(t, cmd)
	p.stdout.awaitText(t, "\n")
	tracer, folder := p.cmd.Process.Pid, strings.TrimSpace(p.stdout.String())
	before, memory := len(descriptorsOf(t, tracer)), memoryOf(t, tracer)

	stranger := asNobody(exec.Command("/proc/self/exe"))
	stranger.Env = append(os.Environ(), strangerVariable+"="+folder)
	leave, err := stranger.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	s := launchCommand(t, stranger)
	s.stdout.awaitText(t, "holding\n")
	if got := s.stdout.String(); got != "holding\n" {
		t.Errorf("the stranger says\n%s", got)
	}
	if n := len(descriptorsOf(t, tracer)); n > before+10 {
		t.Errorf("the tracer has %d descriptors, and had %d", n, before)
	}
	if n := memoryOf(t, tracer); n > memory+32<<20 {
		t.Errorf("the tracer has %d bytes, and had %d", n, memory)
	}
	end.Close()
	p.expectStatus(0)
	leave.Close()
	s.expectStatus(0)

	events := read()
	forks := count(events, func(e traceEvent) bool { return e.Event == "fork" })
	if got := exitsIn(events); forks != 1 || got != "code 3" {
		t.Errorf("the trace has %d forks and the exits %s, want one and code 3", forks, got)
	}
	want := []string{
		fmt.Sprintf("a channel is not traced: pid %d of uid 65534 wants to report: it is no descendant of the traced program", stranger.Process.Pid),
		fmt.Sprintf("%d processes could not report in all: they are no descendants of the traced program, or had ended", strangerConnections+2),
	}
	if got := notesIn(events); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("the notes are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if _, err := os.Stat(folder); !os.IsNotExist(err) {
		t.Errorf("of the folder there is left: %v", err)
	}
}

func notesIn(events []traceEvent) (notes []string) {
	for _, e := range events {
		if e.Event == "note" {
			notes = append(notes, e.Note)
		}
	}
	return notes
}

func descriptorsOf(t *testing.T, pid int) []os.DirEntry {
	t.Helper()
	entries, err := os.ReadDir(procFile(pid, "fd"))
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

// memoryOf is how many bytes of memory a process has.
func memoryOf(t *testing.T, pid int) int {
	t.Helper()
	statm, err := os.ReadFile(procFile(pid, "statm"))
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(statm))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}

// giveChannelAway makes a channel as a traced process does, and gives both its ends to who listens on a socket.
func giveChannelAway(socket string) {
	if err := tryGiveChannelAway(socket); err != nil {
		fmt.Println("it cannot give its channel away:", err)
	}
}

func tryGiveChannelAway(socket string) error {
	parents, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	childs, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	report := map[string]any{"pid": os.Getpid(), "serialization": "json", "command": []string{"giver"}}
	if err := tracing.Folder(os.Getenv(tracing.Variable)).Report(report, parents[0], childs[0]); err != nil {
		return err
	}
	if _, err := unix.Write(parents[1], []byte("\"the last word\"\n")); err != nil {
		return err
	}
	c, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		return err
	}
	_, _, err = c.WriteMsgUnix([]byte("x"), unix.UnixRights(parents[1], childs[1]), nil)
	return err
}

// TestTraceEndsThoughAStrangerHasAChannel: the end of a trace is that of the program and of what it has started.
func TestTraceEndsThoughAStrangerHasAChannel(t *testing.T) {
	path := filepath.Join(t.TempDir(), "taker")
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	taken := make(chan []int, 1)
	go func() { taken <- takeDescriptors(listener) }()
	test, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd, read := traceOf(t, test)
	cmd.Env = append(os.Environ(), takerVariable+"="+path)
	p := launchCommand(t, cmd)
	p.expectStatus(0)
	fds := <-taken
	for _, fd := range fds {
		defer unix.Close(fd)
	}
	if len(fds) != 2 || p.stdout.String() != "" {
		t.Errorf("%d descriptors were given away by a program that says %q", len(fds), p.stdout)
	}
	said := count(read(), func(e traceEvent) bool { return e.Message == "the last word" })
	if said != 1 {
		t.Errorf("the last word is %d times in the trace", said)
	}
}

// takeDescriptors are those that somebody sends to a socket.
func takeDescriptors(listener *net.UnixListener) (fds []int) {
	c, err := listener.AcceptUnix()
	if err != nil {
		return nil
	}
	defer c.Close()
	control := make([]byte, unix.CmsgSpace(2*4))
	_, n, _, _, err := c.ReadMsgUnix(make([]byte, 1), control)
	if err != nil {
		return nil
	}
	messages, err := unix.ParseSocketControlMessage(control[:n])
	if err != nil || len(messages) != 1 {
		return nil
	}
	fds, _ = unix.ParseUnixRights(&messages[0])
	return fds
}
