package table

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
)

var update = flag.Bool("update", false, "write the golden files")

var now = time.Date(2026, 11, 28, 14, 3, 0, 0, time.UTC)

func ago(d time.Duration) time.Time { return now.Add(-d) }

// expectGolden compares what a function writes with a file of testdata.
func expectGolden(t *testing.T, name string, write func(io.Writer) error) string {
	t.Helper()
	var got bytes.Buffer
	if err := write(&got); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
	return got.String()
}

func worker(instance, pid int, state control.WorkerState, u control.Usage) control.Worker {
	return control.Worker{Instance: instance, ID: instance + 1, Pid: pid, State: state, StartedAt: ago(2 * time.Hour), Program: "server.js",
		Runtime: "node", Addresses: []string{"0.0.0.0:3000"}, Usage: u}
}

// apps are an application that is well, one that does other work than connections, one in a crash loop and one that is down.
func apps() []control.App {
	const MiB = 1 << 20
	supervisor := &control.Supervisor{Pid: 400, Version: "0.1.0", StartedAt: ago(2 * time.Hour), Memory: 14 * MiB}
	half := control.Usage{CPU: 31.6, Memory: 206 * MiB, Utilization: 0.3, Lag: &control.Lag{Last: 1, P50: 0.3, P99: 3.1}, Connections: 64, Accepted: 1000}
	api := control.App{
		Name: "api", Namespace: "default", State: control.Online, Since: ago(2 * time.Hour), Supervisor: supervisor, Version: "1.8.2",
		Instances: 2, Ready: 2, SizedBy: "the CPU quota is 2.5", RestartsBy: map[string]int{"exit": 2, "memory": 1, "lag": 0}, ReloadsBy: map[string]int{"done": 3, "failed": 1},
		Usage:   control.Usage{CPU: 63.2, Memory: 412 * MiB, Utilization: 0.34, Lag: half.Lag, Connections: 128, Accepted: 2000},
		Workers: []control.Worker{worker(0, 501, control.WorkerOnline, half), worker(1, 502, control.WorkerOnline, half)},
		LogFile: "/home/me/.local/state/nodecluster/apps/api/logs/api.log", LoggedLines: 1234, DroppedLines: 5,
		Change: &control.Change{Kind: "reload", Begun: ago(70 * time.Second), Ended: ago(time.Minute), Total: 2, Error: "the new worker of instance 0 exited with code 1: Error: bad release",
			Output: []string{"Error: bad release", "    at \x1b[31mserver.js\x1b[0m:3:7"}},
		Config: json.RawMessage(`{"name":"api","script":"server.js","args":["--verbose","--token","abc","--key=def"],"instances":"max",
			"env":{"PORT":"3000","DB_PASSWORD":"hunter2","DATABASE_URL":"postgres://me:hunter2@db/x"},"time":true,"field_of_tomorrow":{"deep":[1,2,{"token":["ghi"]}]}}`),
	}
	jobs := control.App{
		Name: "jobs", Namespace: "default", State: control.Online, Since: ago(26 * time.Hour), Supervisor: supervisor, Instances: 1, Ready: 1, Restarts: 2,
		Usage:   control.Usage{CPU: 0.7, Memory: 81 * MiB, Connections: -1},
		Workers: []control.Worker{worker(0, 601, control.WorkerOnline, control.Usage{CPU: 0.7, Memory: 81 * MiB, Connections: -1})},
	}
	waiting := control.Worker{Instance: 1, State: control.WorkerWaiting, Reason: "exit code 1: Error: no database", RetryAt: now.Add(12 * time.Second), Restarts: 7}
	web := control.App{
		Name: "web", Namespace: "default", State: control.CrashLoop, Reason: "exit code 1: Error: no database", Since: ago(80 * time.Second), Supervisor: supervisor,
		Version: "2.0.0", Instances: 2, Ready: 1, Restarts: 7, Usage: control.Usage{CPU: 4, Memory: 160 * MiB, Connections: 12}, Waiting: 3,
		Workers: []control.Worker{worker(0, 701, control.WorkerOnline, control.Usage{CPU: 4, Memory: 160 * MiB, Connections: 12}), waiting},
	}
	old := control.App{Name: "old", Namespace: "default", State: control.Errored, Reason: "its supervisor has been killed by SIGKILL", Since: ago(80 * time.Hour), Instances: 4,
		Config: json.RawMessage(`{"name":"old","script":"old.js"}`)}
	return []control.App{api, jobs, web, old}
}

func TestList(t *testing.T) {
	list := func(o Options) func(io.Writer) error {
		o.Now = now
		return func(w io.Writer) error { return List(w, apps(), o) }
	}
	expectGolden(t, "list.txt", list(Options{}))
	narrow := expectGolden(t, "list-80.txt", list(Options{Width: 80}))
	expectNoWider(t, narrow[:strings.Index(narrow, "\n\n")], 80)
	expectGolden(t, "list-40.txt", list(Options{Width: 40}))
	colored := expectGolden(t, "list-color.txt", list(Options{Color: true}))
	plain, err := os.ReadFile("testdata/list.txt")
	if err != nil {
		t.Fatal(err)
	}
	if ansi.Strip(colored) != string(plain) {
		t.Error("colours change the text")
	}
	all := expectGolden(t, "list-all-80.txt", list(Options{All: true, Width: 80}))
	for _, line := range strings.Split(all, "\n") {
		if strings.HasPrefix(line, "web ") && strings.Contains(line, "online") {
			t.Errorf("a crash loop says online: %q", line)
		}
	}
}

func expectNoWider(t *testing.T, text string, width int) {
	t.Helper()
	for _, line := range strings.Split(text, "\n") {
		if n := ansi.StringWidth(line); n > width {
			t.Errorf("%d cells, %d were to do: %q", n, width, line)
		}
	}
}

func TestListOfNothing(t *testing.T) {
	expectGolden(t, "list-none.txt", func(w io.Writer) error { return List(w, nil, Options{}) })
}

func TestListOfChangesAndTroubles(t *testing.T) {
	all := apps()[:2]
	all[0].Ready, all[0].Namespace = 0, "shop"
	all[0].Change = &control.Change{Kind: "scale", Begun: ago(3 * time.Second), Done: 1, Total: 4}
	for i := range 12 {
		w := worker(i+2, 800+i, control.WorkerUnhealthy, control.Usage{})
		w.Reason = "GET /healthz: 503"
		all[0].Workers = append(all[0].Workers, w)
	}
	all[1].Workers[0].State, all[1].Workers[0].Reason = control.WorkerBlocked, "its event loop has not moved for 12s"
	all[1].Change = &control.Change{Kind: "restart", Begun: ago(31 * time.Hour), Ended: ago(30 * time.Hour), Error: "no memory"}
	expectGolden(t, "list-troubles.txt", func(w io.Writer) error { return List(w, all, Options{Now: now}) })
}

// Names and reasons come from others: what they say is shown and not done, and columns stay aligned under wide characters.
func TestStrangeText(t *testing.T) {
	all := apps()[:3]
	all[0].Name, all[0].Version = "会計システム", "1.0\x1b]0;owned\x07"
	all[1].Name, all[1].Reason = "cafe\u0301", "up\r\x1b[2Jdown\nand \u202eback\u202c \u009b31m"
	all[2].Name, all[2].Reason = "🚀🚀", "\xff\xfe"
	all[0].Change.Error = "\x1b[31mred\x1b[0m"
	for i := range all {
		all[i].Config = json.RawMessage(`{"name":"x","args":["\u001b[2J"],"env":{"A\u001b[2J":"\u001b[3J"}}`)
	}
	got := expectGolden(t, "list-strange.txt", func(w io.Writer) error { return List(w, all, Options{Now: now, All: true}) })
	got += expectGolden(t, "describe-strange.txt", func(w io.Writer) error { return Describe(w, all[0], Options{Now: now}) })
	if i := strings.IndexFunc(got, func(r rune) bool { return r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 || r == 0x202e }); i >= 0 {
		t.Errorf("a control character reaches the terminal: %q", got[i:min(len(got), i+20)])
	}
	table, _, _ := strings.Cut(got, "\n\n")
	lines := strings.Split(table, "\n")
	column := strings.Index(lines[0], "state")
	for _, line := range lines[1:] {
		before, _, ok := strings.Cut(line, "online")
		if !ok {
			before, _, ok = strings.Cut(line, "crash loop")
		}
		if !ok || ansi.StringWidth(before) != column {
			t.Errorf("the state is not in column %d: %q", column, line)
		}
	}
}

func TestDescribe(t *testing.T) {
	all := apps()
	describe := func(i int, o Options) func(io.Writer) error {
		o.Now = now
		return func(w io.Writer) error { return Describe(w, all[i], o) }
	}
	got := expectGolden(t, "describe.txt", describe(0, Options{Width: 80}))
	for _, secret := range []string{"hunter2", "abc", "def\n", "ghi"} {
		if strings.Contains(got, secret) {
			t.Errorf("a secret is shown: %q", secret)
		}
	}
	expectGolden(t, "describe-crashloop.txt", describe(2, Options{}))
	expectGolden(t, "describe-down.txt", describe(3, Options{}))
	expectGolden(t, "describe-color.txt", describe(2, Options{Color: true}))
	all[0].Config = json.RawMessage(`{"name":`)
	var b strings.Builder
	if err := describe(0, Options{})(&b); err != nil || !strings.Contains(b.String(), "it is damaged") {
		t.Errorf("a damaged configuration: %v\n%s", err, &b)
	}
}

func TestJlist(t *testing.T) {
	all := apps()
	all[0].Workers = append(all[0].Workers, worker(2, 503, control.WorkerSpare, control.Usage{}))
	all[1].Workers[0].State = control.WorkerBlocked
	expectGolden(t, "jlist.json", func(w io.Writer) error {
		var got, indented bytes.Buffer
		if err := Jlist(&got, all, "ann", false); err != nil {
			return err
		}
		if err := json.Indent(&indented, got.Bytes(), "", "  "); err != nil {
			return err
		}
		if err := Jlist(w, all, "ann", true); err != nil {
			return err
		}
		if got, err := os.ReadFile(filepath.Join("testdata", "jlist.json")); err == nil && !bytes.Equal(got, indented.Bytes()) {
			t.Error("with indents it is another text")
		}
		return nil
	})
	var none strings.Builder
	if err := Jlist(&none, nil, "ann", false); err != nil || none.String() != "[]\n" {
		t.Errorf("of nothing: %v, %q", err, &none)
	}
}

func TestQuantities(t *testing.T) {
	for want, got := range map[string]string{
		"0s": Duration(-time.Second), "249ms": Duration(249900 * time.Microsecond), "59s": Duration(time.Minute - 1), "47h": Duration(48*time.Hour - 1), "2d": Duration(48 * time.Hour),
		"0B": Size(-1), "1023B": Size(1023), "1.0K": Size(1024), "412M": Size(412 << 20), "1.2G": Size(1288490188), "1.0M": Size(1<<20 - 1), "8.0E": Size(1<<63 - 1),
		"0.3ms": Milliseconds(0.26), "10ms": Milliseconds(9.96), "1.0s": Milliseconds(999.6), "12s": Milliseconds(12345),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
