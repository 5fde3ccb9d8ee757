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
	switch os.Getenv(readVariable) {
	case "limits":
		print(Read())
	case "pressure":
		print(readWhileUsing(60<<20, 20<<20))
	default:
		os.Exit(m.Run())
	}
}

func print(v any) {
	if err := json.NewEncoder(os.Stdout).Encode(v); err != nil {
		panic(err)
	}
}

// readWhileUsing is the pressure while the process has so much memory of its own and so much that it may share.
func readWhileUsing(own, shared int) Pressure {
	fd, err := unix.MemfdCreate("shared", 0)
	if err == nil {
		err = unix.Fallocate(fd, 0, 0, int64(shared))
	}
	if err == nil {
		// The race detector has no shadow of what Go does not allocate.
		_, err = unix.Mmap(-1, 0, own, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE|unix.MAP_POPULATE)
	}
	if err != nil {
		panic(err)
	}
	return ReadPressure()
}

// reader is a command that prints what the program reads.
func reader(what string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), readVariable+"="+what, "GORACE=atexit_sleep_ms=0")
	cmd.Stderr = os.Stderr
	return cmd
}

// printed decodes what a command prints.
func printed[T any](t *testing.T, cmd *exec.Cmd) (v T) {
	t.Helper()
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, &v); err != nil {
		t.Fatalf("%q: %v", out, err)
	}
	return v
}

// The limits of real groups: those of the group itself and of the one above, and as they are after a change.
func TestRealGroups(t *testing.T) {
	outer := map[string]string{"cpu.cfs_quota_us": "150000", "memory.limit_in_bytes": "512M"}
	group := nodetest.NewCgroup(t, outer, map[string]string{"memory.limit_in_bytes": "1G"})
	expect := func(want Limits) {
		t.Helper()
		want.CPUs = cpus()
		cmd := reader("limits")
		group.Contain(cmd)
		if got := printed[Limits](t, cmd); got != want {
			t.Errorf("the limits are %+v, want %+v", got, want)
		}
	}
	expect(Limits{Quota: 1.5, Memory: 512 << 20})
	group.Write("cpu.cfs_quota_us", "25000")
	group.Write("memory.limit_in_bytes", "256M")
	expect(Limits{Quota: 0.25, Memory: 256 << 20})
}

// The pressure in a real group is the memory of the process, and what it may share.
func TestRealPressure(t *testing.T) {
	group := nodetest.NewCgroup(t, map[string]string{"memory.limit_in_bytes": "512M"})
	cmd := reader("pressure")
	group.Contain(cmd)
	got := printed[Pressure](t, cmd)
	const least, most = 80 << 20, 140 << 20 // Go needs some itself
	if got.Limit != 512<<20 || got.Used < least || got.Used > most {
		t.Errorf("the pressure is %+v, want between %d and %d of 512 MiB", got, least, most)
	}
}

// The CPUs are those of the process's affinity.
func TestAffinity(t *testing.T) {
	runtime.LockOSThread() // for ever, so that nothing else has this thread afterwards
	var one unix.CPUSet
	one.Set(firstCPU(t))
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		t.Fatal(err)
	}
	if got := printed[Limits](t, reader("limits")); got.CPUs != 1 {
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

func BenchmarkReadPressure(b *testing.B) {
	for b.Loop() {
		ReadPressure()
	}
}
