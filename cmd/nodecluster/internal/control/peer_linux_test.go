package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

func TestMain(m *testing.M) {
	if path := os.Getenv("CONTROL_TEST_CHILD"); path != "" {
		askAsOther(path)
		return
	}
	os.Exit(m.Run())
}

// askAsOther prints what another user gets: of a look, of a change, and the configuration.
func askAsOther(path string) {
	c := NewClient(dialer(path))
	app, err := c.App(context.Background())
	fmt.Println(codeOf(err), codeOf(c.Reset(context.Background())), string(app.Config))
}

func codeOf(err error) string {
	if told := (*Error)(nil); errors.As(err, &told) {
		return told.Code
	}
	return fmt.Sprint(err)
}

// otherUser is one whom no test runs as, and otherGroup a group that nothing else is in.
const otherUser, otherGroup = 12345, 23456

// rigForOthers is one whose socket all users may open.
func rigForOthers(t *testing.T, group string) *rig {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root, to be two users")
	}
	app := App{Name: "api", Config: json.RawMessage(`{"env":{"KEY":"secret"},"name":"api"}`)}
	r := newRig(t, &testService{app: func() (App, error) { return app, nil }}, ServerOptions{Group: group})
	folder := filepath.Dir(r.path)
	for _, path := range []string{r.path, folder, filepath.Dir(folder)} { // those that t.TempDir has made
		if err := os.Chmod(path, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func asOther(t *testing.T, r *rig, groups ...uint32) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe")
	cmd.Env = append(os.Environ(), "CONTROL_TEST_CHILD="+r.path, "GORACE=atexit_sleep_ms=0")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: otherUser, Gid: otherUser, Groups: groups}}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return strings.TrimSpace(string(out))
}

func TestOthersMayNothing(t *testing.T) {
	nodetest.NoLeaks(t)
	for _, group := range []string{"", "23456", "no such group"} {
		if got := asOther(t, rigForOthers(t, group), 34567); got != "forbidden forbidden" {
			t.Errorf("with the group %q another user gets %s", group, got)
		}
	}
}

func TestGroupMayRead(t *testing.T) {
	nodetest.NoLeaks(t)
	want := `<nil> forbidden {"env":{"KEY":"******"},"name":"api"}`
	var many []uint32
	for g := range uint32(200) {
		many = append(many, 50000+g)
	}
	for name, groups := range map[string][]uint32{"a group": {34567, otherGroup}, "many groups": append(many, otherGroup)} {
		if got := asOther(t, rigForOthers(t, "23456"), groups...); got != want {
			t.Errorf("a member of %s gets %s, want %s", name, got, want)
		}
	}
	if got := asOther(t, rigForOthers(t, "12345")); got != want { // the user's own group
		t.Errorf("a user of the group gets %s, want %s", got, want)
	}
}

// Others cannot take the descriptors that the user needs.
func TestReadersAreLimited(t *testing.T) {
	nodetest.NoLeaks(t)
	r := rigForOthers(t, "23456")
	r.server.readers.connections.Store(maxReaders)
	if got := asOther(t, r, otherGroup); strings.Contains(got, "api") || strings.Contains(got, "<nil>") {
		t.Errorf("one reader too many gets %s", got)
	}
	r.server.readers.connections.Store(0)
	if got := asOther(t, r, otherGroup); !strings.Contains(got, "api") {
		t.Errorf("a reader gets %s", got)
	}
}
