package home

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOpen(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state")
	user := filepath.Join(t.TempDir(), "user")
	root := os.Geteuid() == 0
	for _, c := range []struct {
		name, home, state, user string
		want, wantRoot, wantErr string
	}{
		{"set", "/srv/x/../y", state, user, "/srv/y", "/srv/y", ""},
		{"relative", "x", state, user, "", "", "NODECLUSTER_HOME"},
		{"state", "", state, user, filepath.Join(state, "nodecluster"), systemFolder, ""},
		{"relative state", "", "state", user, filepath.Join(user, ".local/state/nodecluster"), systemFolder, ""},
		{"no state", "", "", user, filepath.Join(user, ".local/state/nodecluster"), systemFolder, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("NODECLUSTER_HOME", c.home)
			t.Setenv("XDG_STATE_HOME", c.state)
			t.Setenv("HOME", c.user)
			want := c.want
			if root {
				want = c.wantRoot
			}
			h, err := Open()
			if c.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), c.wantErr) {
					t.Fatalf("error %v, want one that says %s", err, c.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if h.Folder() != want {
				t.Errorf("opened %s, want %s", h.Folder(), want)
			}
		})
	}
	if _, err := os.Stat(state); err == nil {
		t.Error("Open made a folder")
	}
}

func TestFoldersOfRoot(t *testing.T) {
	t.Setenv("NODECLUSTER_HOME", systemFolder)
	h, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	a, err := h.App("api")
	if err != nil {
		t.Fatal(err)
	}
	if want := "/run/nodecluster/api/control.sock"; a.Socket() != want {
		t.Errorf("the socket is %s, want %s", a.Socket(), want)
	}
	if want := "/var/lib/nodecluster/apps/api/logs/api.log"; a.LogFile() != want {
		t.Errorf("the log is %s, want %s", a.LogFile(), want)
	}
}

func TestCheckName(t *testing.T) {
	for name, good := range map[string]bool{
		"api": true, "API_2.v-1": true, "0": true, "_": true, strings.Repeat("a", 64): true,
		"": false, ".": false, "..": false, ".api": false, "-api": false, "a/b": false, "a b": false, "ä": false, "a\n": false,
		strings.Repeat("a", 65): false, "a\x00": false,
	} {
		err := CheckName(name)
		if (err == nil) != good {
			t.Errorf("CheckName(%q) = %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("the error %q has several lines", err)
		}
	}
}
