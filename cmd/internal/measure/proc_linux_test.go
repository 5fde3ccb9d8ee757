package measure

import (
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"
)

func TestStatusOfAProgramWithAnyName(t *testing.T) {
	fields := statusFields([]byte("12 (a) R (b c) S 7 12 12 0 -1 4194560 100 0 0 0 150 25 0 0 20 0 1 0\n"))
	if got := parentOf(fields); got != 7 {
		t.Errorf("its parent is %d, want 7", got)
	}
	if got := cpuOf(fields); got != 1750*time.Millisecond {
		t.Errorf("it has run for %v, want 1.75s", got)
	}
}

func TestStatusCutShort(t *testing.T) {
	for _, line := range []string{"", "12 (a", "12 (a)", "12 (a) S", "12 (a) S x y"} {
		fields := statusFields([]byte(line))
		if cpuOf(fields) != 0 || parentOf(fields) != 0 {
			t.Errorf("%q: %v of CPU, parent %d", line, cpuOf(fields), parentOf(fields))
		}
	}
	for _, text := range []string{"", "x", "x 1", "Name:\tcat\nvoluntary_ctxt_switches"} {
		if ran, n := ranOf(text), switchesOf(text); ran != 0 || n != 0 {
			t.Errorf("%q: ran for %v, %d switches", text, ran, n)
		}
	}
	if ran := ranOf("1500000 20 3\n"); ran != 1500*time.Microsecond {
		t.Errorf("it ran for %v, want 1.5ms", ran)
	}
	if n := switchesOf("Name:\tcat\nvoluntary_ctxt_switches:\t150\nnonvoluntary_ctxt_switches:\t9\n"); n != 150 {
		t.Errorf("%d switches, want 150", n)
	}
	if n := proportionalKiB("00400000-7ffd [rollup]\nRss:    4096 kB\nPss:     815 kB\nPss_Dirty: 20 kB\n"); n != 815 {
		t.Errorf("%d KiB, want 815", n)
	}
	for _, text := range []string{"", "x", "Rss: 1 kB\nPss: x kB\n", "Rss: 1 kB\nPss:"} {
		if n := proportionalKiB(text); n != 0 {
			t.Errorf("%q: %d KiB", text, n)
		}
	}
	for _, text := range []string{"", "5", "5 x"} {
		if n := residentPages(text); n != 0 {
			t.Errorf("%q: %d pages", text, n)
		}
	}
	if n := residentPages("4711 815 3 1 0 2 0\n"); n != 815 {
		t.Errorf("%d pages, want 815", n)
	}
}

func TestOwnProcess(t *testing.T) {
	self := os.Getpid()
	cmd := exec.Command("cat", "-u")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if children := Children(self); !slices.Contains(children, cmd.Process.Pid) {
		t.Errorf("the children are %v, without %d", children, cmd.Process.Pid)
	}
	if found := ChildrenRunning(self, "-u"); !slices.Contains(found, cmd.Process.Pid) {
		t.Errorf("of the children %v run with that argument, without %d", found, cmd.Process.Pid)
	}
	if found := ChildrenRunning(self, "-"); len(found) > 0 {
		t.Errorf("of the children %v run with an argument that none has", found)
	}
	if one, two := ProportionalMemory(cmd.Process.Pid), ProportionalMemory(cmd.Process.Pid, self); one <= 0 || two <= one || one > Memory(cmd.Process.Pid) {
		t.Errorf("a share of %d bytes, and with this process %d", one, two)
	}
	if one, two := Memory(cmd.Process.Pid), Memory(cmd.Process.Pid, self); one <= 0 || two <= one {
		t.Errorf("%d bytes, and with this process %d", one, two)
	}
	before := ActivityOf(self)
	time.Sleep(time.Millisecond) // which is a switch
	if after := ActivityOf(self); before.Ran <= 0 || after.Ran <= before.Ran || after.Switches <= before.Switches {
		t.Errorf("this process has done %+v, and then %+v", before, after)
	}
	in.Close()
	cmd.Wait()
	if children := Children(self); slices.Contains(children, cmd.Process.Pid) {
		t.Errorf("the children are %v, with %d, which has ended", children, cmd.Process.Pid)
	}
	if ProportionalMemory(cmd.Process.Pid) != 0 || Memory(cmd.Process.Pid) != 0 || CPU(cmd.Process.Pid) != 0 {
		t.Error("a process that has ended has memory or CPU")
	}
	for CPU(self) == 0 {
		// It counts in ticks.
	}
}
