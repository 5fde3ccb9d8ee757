package usage

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// node is a process that does what is asked for, and says "." each time that it has done so for a while.
type node struct {
	t     *testing.T
	cmd   *exec.Cmd
	stdin io.WriteCloser
	lines *bufio.Scanner
}

const obedient = `
	const { pbkdf2 } = require('crypto');
	const busy = {
		loop(done) { for (const begin = process.cpuUsage(); ;) {
			for (let n = 0; n < 1e6; n++); // makes no garbage, which other threads would collect
			const { user, system } = process.cpuUsage(begin);
			if (user + system > 400000) return done();
		} },
		threads(done) {
			const begin = process.cpuUsage();
			const hash = () => pbkdf2('x', 'y', 20000, 64, 'sha512', () => {
				const { user, system } = process.cpuUsage(begin);
				user + system > 400000 ? done() : hash();
			});
			hash();
		},
	};
	process.stdin.on('data', (what) => busy[String(what).trim()](() => console.log('.')));
	console.log('.');`

func startNode(t *testing.T, runtime nodetest.Runtime) *node {
	cmd := exec.Command(runtime.Path, nodetest.Script(t, "obedient.js", obedient))
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	n := &node{t, cmd, stdin, bufio.NewScanner(stdout)}
	t.Cleanup(n.end)
	n.await()
	return n
}

func (n *node) await() {
	n.t.Helper()
	if !n.lines.Scan() {
		n.t.Fatalf("the process has ended: %v", n.lines.Err())
	}
}

func (n *node) do(what string) {
	n.t.Helper()
	if _, err := io.WriteString(n.stdin, what+"\n"); err != nil {
		n.t.Fatal(err)
	}
	n.await()
}

func (n *node) end() {
	n.stdin.Close()
	n.cmd.Wait()
}

// mustSample reads what a process uses that runs, and returns when.
func mustSample(t *testing.T, s *Sampler, pid int) (r Reading, at time.Duration) {
	t.Helper()
	at, err := sinceBoot()
	if err != nil {
		t.Fatal(err)
	}
	readings := s.sampleAt(at, []int{pid})
	r, ok := readings[pid]
	if !ok {
		t.Fatalf("no reading of process %d: %v", pid, readings)
	}
	return r, at
}

// What the main thread does is utilization, and what the threads beside it do is not, although both are CPU.
func TestUtilizationIsOfTheMainThread(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.OldestAndNewest(t, func(t *testing.T, runtime nodetest.Runtime) {
		n := startNode(t, runtime)
		var s Sampler
		before, began := mustSample(t, &s, n.cmd.Process.Pid)
		n.do("loop")
		loop, ended := mustSample(t, &s, n.cmd.Process.Pid)
		// On a busy machine the 0.4 s of CPU take as long as they take.
		if want := 0.4 / (ended - began).Seconds(); loop.Utilization < 0.85*want || loop.CPU < 85*want {
			t.Errorf("a busy loop: %+v, want a utilization of %.2f and as much CPU", loop, want)
		}
		if used := loop.CPUSeconds - before.CPUSeconds; used < 0.38 || used > 1 {
			t.Errorf("the loop has used %.2f s, want 0.4", used)
		}
		n.do("threads")
		threads, _ := mustSample(t, &s, n.cmd.Process.Pid)
		if used := threads.CPUSeconds - loop.CPUSeconds; used < 0.38 {
			t.Errorf("the threads have used %.2f s, want 0.4", used)
		}
		if 100*threads.Utilization > threads.CPU/4 {
			t.Errorf("busy threads: %+v, want little of the CPU to be the main thread's", threads)
		}
		if threads.Memory < 20<<20 || threads.Memory > 1<<30 {
			t.Errorf("%d bytes of memory", threads.Memory)
		}
	})
}

// The first sample is of the process's whole life. One that follows at once says the same of the CPU, and what was used meanwhile is in the next.
func TestSampleAgainAtOnce(t *testing.T) {
	n := startNode(t, nodetest.Default(t))
	pid := n.cmd.Process.Pid
	now, err := sinceBoot()
	if err != nil {
		t.Fatal(err)
	}
	now += time.Second // the process may have been started just now
	var s Sampler
	first := s.sampleAt(now, []int{pid})[pid]
	if first.Utilization <= 0 || first.CPU <= 0 || first.CPUSeconds <= 0 {
		t.Errorf("the first sample: %+v", first)
	}
	n.do("loop")
	again := s.sampleAt(now+shortest-1, []int{pid})[pid]
	if again.CPU != first.CPU || again.Utilization != first.Utilization || again.CPUSeconds < first.CPUSeconds+0.38 {
		t.Errorf("at once: %+v, want the CPU of %+v, and 0.4 s more", again, first)
	}
	later := s.sampleAt(now+time.Second, []int{pid})[pid]
	if later.Utilization < 0.35 || later.CPU < 35 {
		t.Errorf("a second later: %+v, want 0.4 s in it", later)
	}
}

func TestSampleOfNobody(t *testing.T) {
	cmd := exec.Command("true")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	readings, err := new(Sampler).Sample([]int{cmd.Process.Pid, os.Getpid()})
	if _, ok := readings[cmd.Process.Pid]; ok || len(readings) != 1 || err != nil {
		t.Errorf("%v, %v, want a reading of this process alone", readings, err)
	}
}

func BenchmarkSample(b *testing.B) {
	pids := make([]int, 100)
	for i := range pids {
		cmd := exec.Command("sleep", "1000")
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
		pids[i] = cmd.Process.Pid
	}
	var s Sampler
	for b.Loop() {
		if readings, err := s.Sample(pids); len(readings) != len(pids) || err != nil {
			b.Fatalf("%d readings, %v", len(readings), err)
		}
	}
}
