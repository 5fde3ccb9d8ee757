package nodetest

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// A Refusal is a system call that fails: each, or those of which an argument has a value in the bits of Mask.
type Refusal struct {
	Call        uintptr // such as unix.SYS_CLONE
	Argument    int     // counted from 0
	Mask, Value uint32
	Errno       syscall.Errno
}

const underSeccompVariable = "NODETEST_UNDER_SECCOMP"

// UnderSeccomp runs the rest of a test in a process of its own, which runs this test alone. The kernel refuses system calls
// to that process and to all that it starts. The test fails where test fails there. Call it first, and nothing after it.
func UnderSeccomp(t *testing.T, refusals []Refusal, test func(t *testing.T)) {
	t.Helper()
	if os.Getenv(underSeccompVariable) == t.Name() {
		if err := refuse(refusals); err != nil {
			t.Fatalf("nodetest: seccomp: %v", err)
		}
		test(t)
		return
	}
	cmd := exec.Command(os.Args[0], testArguments(t.Name())...)
	cmd.Env = append(os.Environ(), underSeccompVariable+"="+t.Name())
	out, err := cmd.CombinedOutput()
	if err == nil && !strings.Contains(string(out), "--- PASS: "+t.Name()+" ") {
		err = errors.New("the test did not run")
	}
	if err != nil {
		t.Fatalf("under seccomp: %v\n%s", err, out)
	}
}

// testArguments has a test program run one test, with the flags of its own that this one has.
func testArguments(name string) []string {
	var pattern []string
	for _, element := range strings.Split(name, "/") {
		pattern = append(pattern, "^"+regexp.QuoteMeta(element)+"$")
	}
	arguments := []string{"-test.v", "-test.timeout=" + (2 * Patience).String(), "-test.run=" + strings.Join(pattern, "/")}
	flag.Visit(func(f *flag.Flag) {
		if !strings.HasPrefix(f.Name, "test.") {
			arguments = append(arguments, "-"+f.Name+"="+f.Value.String())
		}
	})
	return arguments
}

// refuse installs a filter of system calls on all threads.
func refuse(refusals []Refusal) error {
	instructions, err := bpf.Assemble(refusalProgram(refusals))
	if err != nil {
		return err
	}
	filter := make([]unix.SockFilter, len(instructions))
	for i, in := range instructions {
		filter[i] = unix.SockFilter{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}
	}
	program := &unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("no new privileges: %w", err)
	}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(program)))
	if errno != 0 {
		return errno
	}
	return nil
}

// refusalProgram judges struct seccomp_data, which has the call's number first, and six arguments of 64 bits from byte 16 on.
func refusalProgram(refusals []Refusal) (program []bpf.Instruction) {
	for _, r := range refusals {
		program = append(program,
			bpf.LoadAbsolute{Off: 0, Size: 4},
			bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: uint32(r.Call), SkipTrue: 4},
			bpf.LoadAbsolute{Off: 16 + 8*uint32(r.Argument), Size: 4}, // the low half, where that is first
			bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: r.Mask},
			bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: r.Value, SkipTrue: 1},
			bpf.RetConstant{Val: unix.SECCOMP_RET_ERRNO | uint32(r.Errno)},
		)
	}
	return append(program, bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW})
}

// WithoutPidFD refuses to start a process together with a descriptor of it, with errno.
func WithoutPidFD(errno syscall.Errno) []Refusal {
	return []Refusal{
		{Call: unix.SYS_CLONE, Mask: unix.CLONE_PIDFD, Value: unix.CLONE_PIDFD, Errno: errno},
		{Call: unix.SYS_CLONE3, Errno: unix.ENOSYS}, // its flags are in memory, which a filter cannot read
	}
}
