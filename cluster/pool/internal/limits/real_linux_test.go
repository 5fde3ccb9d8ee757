package limits

import (
	"encoding/json"
	"os"
	"os/exec"
	"runtime"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"golang.org/x/sys/unix"
)

const readVariable = "LIMITS_READ"

// TestMain has the program print what it reads, in a group that a test has put it in.
func TestMain(m *testing.M) {
	if os.Getenv(readVariable) != "" {
		json.NewEncoder(os.Stdout).Encode(Read())
		return
	}
	os.Exit(m.Run())
}

// reader is a command that prints what the program reads.
func reader() *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), readVariable+"=1")
	cmd.Stderr = os.Stderr
	return cmd
}

// printedBy are the limits that a command prints.
func printedBy(t *testing.T, cmd *exec.Cmd) (l Limits) {
	t.Helper()
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, &l); err != nil {
		t.Fatalf("%q: %v", out, err)
	}
	return l
}

// The limits of real groups: those of the group itself and of the one above, and as they are after a change.
func TestRealGroups(t *testing.T) {
	outer := map[string]string{"cpu.cfs_quota_us": "150000", "memory.limit_in_bytes": "512M"}
	group := nodetest.NewCgroup(t, outer, map[string]string{"memory.limit_in_bytes": "1G"})
	expect := func(want Limits) {
		t.Helper()
		want.CPUs = cpus()
		cmd := reader()
		group.Contain(cmd)
		if got := printedBy(t, cmd); got != want {
			t.Errorf("the limits are %+v, want %+v", got, want)
		}
	}
	expect(Limits{Quota: 1.5, Memory: 512 << 20})
	group.Write("cpu.cfs_quota_us", "25000")
	group.Write("memory.limit_in_bytes", "256M")
	expect(Limits{Quota: 0.25, Memory: 256 << 20})
}

// The CPUs are those of the process's affinity.
func TestAffinity(t *testing.T) {
	runtime.LockOSThread() // for ever, so that nothing else has this thread afterwards
	var one unix.CPUSet
	one.Set(firstCPU(t))
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		t.Fatal(err)
	}
	if got := printedBy(t, reader()); got.CPUs != 1 {
		t.Errorf("the limits are %+v, want 1 CPU", got)
	}
}

// firstCPU is the number of a CPU that the process may run on.
func firstCPU(t *testing.T) int {
	t.Helper()
	var all unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		t.Fatal(err)
	}
	for i := 0; ; i++ {
		if all.IsSet(i) {
			return i
		}
	}
}

func BenchmarkRead(b *testing.B) {
	for b.Loop() {
		Read()
	}
}
