package usage

import (
	"errors"
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

// What a process takes is both resident and its own, and a file that it maps is resident alone.
func TestRead(t *testing.T) {
	const own, file = 48 << 20, 16 << 20
	before := mustRead(t, os.Getpid())
	mapped(t, -1, own, unix.MAP_ANON|unix.MAP_PRIVATE)
	f, err := os.Create(t.TempDir() + "/file")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(file); err != nil {
		t.Fatal(err)
	}
	mapped(t, int(f.Fd()), file, unix.MAP_SHARED)
	after := mustRead(t, os.Getpid())
	const noise = 8 << 20 // what Go takes meanwhile, and what the kernel has not counted yet
	expectAbout(t, "resident", after.Resident-before.Resident, own+file, noise)
	expectAbout(t, "own", after.Own-before.Own, own, noise)
}

func expectAbout(t *testing.T, what string, got, want, noise int64) {
	t.Helper()
	if got < want-noise || got > want+noise {
		t.Errorf("%d bytes more are %s, want %d", got, what, want)
	}
}

// mapped maps memory until the test ends, and has the process have all of it.
func mapped(t *testing.T, fd, size, flags int) {
	t.Helper()
	b, err := unix.Mmap(fd, 0, size, unix.PROT_READ|unix.PROT_WRITE, flags|unix.MAP_POPULATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Munmap(b) })
}

func mustRead(t *testing.T, pid int) Memory {
	t.Helper()
	m, err := Read(pid)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestReadOfNobody(t *testing.T) {
	cmd := exec.Command("true")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	if m, err := Read(cmd.Process.Pid); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a process that has ended has %+v, %v", m, err)
	}
}

func BenchmarkRead(b *testing.B) {
	for b.Loop() {
		Read(os.Getpid())
	}
}
