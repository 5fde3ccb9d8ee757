package home

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// The folders of root, whose sockets are gone after a reboot.
const (
	systemFolder  = "/var/lib/nodecluster"
	systemSockets = "/run/nodecluster"
)

const (
	folderMode = 0o700
	fileMode   = 0o600
)

// A Home is the folder of a user. Its methods may be called by several goroutines at once.
type Home struct {
	folder  string
	sockets string // where each application has a folder for its socket, "" if that is where its record is
}

// Open finds the folder of the user and creates nothing. It is $NODECLUSTER_HOME; else for root /var/lib/nodecluster, with the sockets in
// /run/nodecluster; else nodecluster in $XDG_STATE_HOME or ~/.local/state. It fails if $NODECLUSTER_HOME is a relative path, or if
// nothing says where the user's folder is.
func Open() (*Home, error) {
	folder, err := folder()
	if err != nil {
		return nil, err
	}
	h := &Home{folder: folder}
	if folder == systemFolder {
		h.sockets = systemSockets
	}
	return h, nil
}

func folder() (string, error) {
	if folder := os.Getenv("NODECLUSTER_HOME"); folder != "" {
		if !filepath.IsAbs(folder) {
			return "", fmt.Errorf("NODECLUSTER_HOME is the relative path %q: set it to an absolute one", folder)
		}
		return filepath.Clean(folder), nil
	}
	if os.Geteuid() == 0 {
		return systemFolder, nil
	}
	// The XDG specification has a relative path be as good as none.
	if state := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(state) {
		return filepath.Join(state, "nodecluster"), nil
	}
	user, err := os.UserHomeDir()
	if err != nil || !filepath.IsAbs(user) {
		return "", errors.New("there is no folder for what nodecluster keeps: set NODECLUSTER_HOME or HOME to an absolute path")
	}
	return filepath.Join(user, ".local", "state", "nodecluster"), nil
}

// Folder is the absolute path of the folder.
func (h *Home) Folder() string { return h.folder }

// App gives the application of the name and creates nothing. It fails if CheckName does.
func (h *Home) App(name string) (*App, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	return h.app(name), nil
}

func (h *Home) app(name string) *App {
	a := &App{name: name, home: h, folder: filepath.Join(h.apps(), name)}
	a.sockets = a.folder
	if h.sockets != "" {
		a.sockets = filepath.Join(h.sockets, name)
	}
	return a
}

func (h *Home) apps() string { return filepath.Join(h.folder, "apps") }

// Apps gives the applications that have a record, be it damaged, in the order of their names: none if there is no folder.
func (h *Home) Apps() ([]*App, error) {
	entries, err := os.ReadDir(h.apps())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, remedy(err)
	}
	var apps []*App
	for _, entry := range entries {
		if CheckName(entry.Name()) != nil {
			continue
		}
		a := h.app(entry.Name())
		if _, err := os.Lstat(a.recordFile()); err == nil {
			apps = append(apps, a)
		}
	}
	return apps, nil
}

// CheckName tells what is wrong with the name of an application. It is right with 1 to 64 letters, digits, dots, underscores and hyphens
// of ASCII, the first of which is no dot and no hyphen.
func CheckName(name string) error {
	switch {
	case name == "":
		return errors.New("the name of the application is empty: give it a name")
	case len(name) > 64:
		return fmt.Errorf("the name %.64q… has %d bytes: an application's name has at most 64", name, len(name))
	case name[0] == '.' || name[0] == '-':
		return fmt.Errorf("the name %q begins with %q: an application's name begins with a letter, a digit or _", name, name[:1])
	}
	if bad := strings.IndexFunc(name, func(r rune) bool { return !inName(r) }); bad >= 0 {
		return fmt.Errorf("the name %q has a character other than letters, digits, . _ and -: choose another name", name)
	}
	return nil
}

func inName(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r)
}
