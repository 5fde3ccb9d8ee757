package home

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// children are what this program does when a test runs it as another process.
var children = map[string]func(*App) error{
	"lock":   lockAndWait,
	"listen": listenAndWait,
	"save":   saveForever,
	"saves":  saveOften,
	"large":  saveLarge,
	"see":    see,
}

func TestMain(m *testing.M) {
	child := children[os.Getenv("HOME_TEST_CHILD")]
	if child == nil {
		os.Exit(m.Run())
	}
	if err := asChild(child); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func asChild(do func(*App) error) error {
	h, err := Open()
	if err != nil {
		return err
	}
	a, err := h.App("api")
	if err != nil {
		return err
	}
	return do(a)
}

// A process runs one of the children.
type process struct {
	*exec.Cmd
	lines *bufio.Scanner
}

// start runs a child as a user, in the group of the same number.
func start(t *testing.T, child string, uid int) *process {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), "HOME_TEST_CHILD="+child, "GORACE=atexit_sleep_ms=0")
	cmd.Stderr = os.Stderr
	if uid != os.Geteuid() {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{cmd, bufio.NewScanner(out)}
	t.Cleanup(p.kill)
	return p
}

func (p *process) kill() {
	p.Process.Kill()
	p.Wait()
}

// line is the next that the process prints, "" at its end.
func (p *process) line() string {
	p.lines.Scan()
	return p.lines.Text()
}

func lockAndWait(a *App) error {
	if _, err := a.Lock(); err != nil {
		return err
	}
	fmt.Println("locked")
	select {}
}

func listenAndWait(a *App) error {
	if _, err := a.Lock(); err != nil {
		return err
	}
	if _, err := a.Listen(); err != nil {
		return err
	}
	fmt.Println("listening")
	select {}
}

// numbered is a record that is larger than a page, and can be told to be whole.
func numbered(n int) Record {
	config, err := json.Marshal(map[string]string{"name": strings.Repeat(strconv.Itoa(n)+" ", 4000)})
	if err != nil {
		panic(err)
	}
	return Record{Wanted: Running, Config: config, Source: strconv.Itoa(n)}
}

func checkNumbered(r Record) error {
	n, err := strconv.Atoi(r.Source)
	if err != nil {
		return err
	}
	var got, want any
	if err := json.Unmarshal(r.Config, &got); err != nil {
		return err
	}
	if err := json.Unmarshal(numbered(n).Config, &want); err != nil {
		return err
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		return fmt.Errorf("record %d is not whole", n)
	}
	return nil
}

func saveForever(a *App) error {
	for n := 0; ; n++ {
		if err := a.Save(numbered(n)); err != nil {
			return err
		}
		fmt.Println(n)
	}
}

const often = 50

func saveOften(a *App) error {
	for n := range often {
		if err := a.Save(numbered(n)); err != nil {
			return err
		}
	}
	return nil
}

// saveLarge saves more than the process may write.
func saveLarge(a *App) error {
	signal.Ignore(syscall.SIGXFSZ)
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 4096, Max: 4096}); err != nil {
		return err
	}
	return a.Save(numbered(1))
}

// see prints what another user can do.
func see(a *App) error {
	_, loadErr := a.Load()
	_, lockErr := a.Lock()
	_, dialErr := a.Dial(context.Background())
	apps, appsErr := a.home.Apps()
	for _, err := range []error{loadErr, a.Save(Record{Wanted: Stopped}), lockErr, dialErr, a.Remove(), appsErr} {
		fmt.Println(err)
	}
	fmt.Println(len(apps))
	return nil
}

// open gives an application of a new home, which the processes that a test starts have too.
func open(t *testing.T) *App {
	t.Helper()
	return openAt(t, t.TempDir()+"/home")
}

func openAt(t *testing.T, folder string) *App {
	t.Helper()
	t.Setenv("NODECLUSTER_HOME", folder)
	h, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	return app(t, h, "api")
}

func app(t *testing.T, h *Home, name string) *App {
	t.Helper()
	a, err := h.App(name)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// openForOthers is open, of a folder that other users may come to. t.TempDir is the user's alone.
func openForOthers(t *testing.T) *App {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root, to be two users")
	}
	folder, err := os.MkdirTemp("", "home")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	return openAt(t, folder+"/home")
}

func save(t *testing.T, a *App, r Record) {
	t.Helper()
	if err := a.Save(r); err != nil {
		t.Fatal(err)
	}
}

func load(t *testing.T, a *App) Record {
	t.Helper()
	r, err := a.Load()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// wantOneLine is that an error says all of this, in a line.
func wantOneLine(t *testing.T, err error, says ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one that says %q", says)
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("the error %q has several lines", err)
	}
	for _, say := range says {
		if !strings.Contains(err.Error(), say) {
			t.Errorf("the error %q does not say %q", err, say)
		}
	}
}
