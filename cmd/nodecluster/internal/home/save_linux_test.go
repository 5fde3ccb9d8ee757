package home

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestModesWhateverTheUmask(t *testing.T) {
	for _, umask := range []int{0, 0o277} {
		a := open(t)
		old := syscall.Umask(umask)
		saveErr := a.Save(Record{Wanted: Running})
		l, lockErr := a.Lock()
		s, listenErr := a.Listen()
		syscall.Umask(old)
		if err := errors.Join(saveErr, lockErr, listenErr); err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		defer s.Close()
		err := filepath.WalkDir(a.home.folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := entry.Info()
			if err != nil {
				return err
			}
			want := fs.FileMode(0o600)
			if entry.IsDir() {
				want = 0o700
			}
			if got := info.Mode().Perm(); got != want {
				t.Errorf("with umask %#o %s has mode %#o, want %#o", umask, path, got, want)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// mount mounts a small file system. The test is skipped where that takes more rights.
func mount(t *testing.T, options string) string {
	t.Helper()
	folder := t.TempDir()
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, options); err != nil {
		t.Skipf("needs to mount a file system: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(folder, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return folder
}

func TestSaveOnFullDisk(t *testing.T) {
	folder := mount(t, "size=64k")
	a := openAt(t, folder+"/home")
	save(t, a, numbered(1))
	filler, err := os.Create(folder + "/filler")
	if err != nil {
		t.Fatal(err)
	}
	defer filler.Close()
	for err == nil {
		_, err = filler.Write(make([]byte, 4096))
	}
	wantOneLine(t, a.Save(numbered(2)), a.recordFile(), "no space", "make room")
	wantUntouched(t, a)
	if err := filler.Truncate(0); err != nil {
		t.Fatal(err)
	}
	save(t, a, numbered(3))
}

// wantUntouched is that the record 1 is there, and nothing beside it.
func wantUntouched(t *testing.T, a *App) {
	t.Helper()
	r := load(t, a)
	if err := checkNumbered(r); err != nil || r.Source != "1" {
		t.Errorf("record %s is there (%v), want 1", r.Source, err)
	}
	wantNothingNew(t, a)
}

func wantNothingNew(t *testing.T, a *App) {
	t.Helper()
	if _, err := os.Lstat(a.recordFile() + newSuffix); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the new record is there still (%v)", err)
	}
}

func TestSaveBeyondLimitOfFiles(t *testing.T) {
	a := open(t)
	save(t, a, numbered(1))
	p := start(t, "large", os.Geteuid())
	if line := p.line(); !strings.Contains(line, "file too large: allow larger files (ulimit -f)") {
		t.Errorf("the process says %q", line)
	}
	wantUntouched(t, a)
}

func TestSaveWhereNothingCanBeWritten(t *testing.T) {
	folder := mount(t, "size=1m")
	a := openAt(t, folder+"/home")
	save(t, a, numbered(1))
	if err := syscall.Mount("", folder, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	wantOneLine(t, a.Save(numbered(2)), a.recordFile(), "read-only", "NODECLUSTER_HOME")
	wantUntouched(t, a)
	_, err := a.Lock()
	wantOneLine(t, err, a.lockFile(), "read-only", "NODECLUSTER_HOME")
	if running, err := a.Running(); running || err != nil {
		t.Errorf("running is %v (%v)", running, err)
	}
	other := openAt(t, folder+"/other")
	wantOneLine(t, other.Save(numbered(2)), folder+"/other", "read-only", "NODECLUSTER_HOME")
}

func TestSaveWithSomethingInTheWay(t *testing.T) {
	t.Run("of the record", func(t *testing.T) {
		a := open(t)
		if err := os.MkdirAll(a.recordFile()+"/precious", 0o700); err != nil {
			t.Fatal(err)
		}
		wantOneLine(t, a.Save(numbered(1)), a.recordFile(), "move away what is in the way")
		if _, err := os.Stat(a.recordFile() + "/precious"); err != nil {
			t.Errorf("what was in the way is gone: %v", err)
		}
		wantNothingNew(t, a)
	})
	t.Run("of the home", func(t *testing.T) {
		a := open(t)
		if err := os.WriteFile(a.home.folder, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		wantOneLine(t, a.Save(numbered(1)), a.home.folder, "move away what is in the way")
	})
}

func TestSaveFromTwoProcesses(t *testing.T) {
	a := open(t)
	save(t, a, numbered(1))
	ended := make(chan string)
	for range 2 {
		p := start(t, "saves", os.Geteuid())
		go func() { ended <- p.line() }()
	}
	for left := 2; left > 0; {
		select {
		case line := <-ended:
			if line != "" {
				t.Errorf("a process says %q", line)
			}
			left--
		default:
			if err := checkNumbered(load(t, a)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if r := load(t, a); r.Source != "49" {
		t.Errorf("record %s is there in the end, want 49", r.Source)
	}
	wantNothingNew(t, a)
}

func TestKilledWhileSaving(t *testing.T) {
	a := open(t)
	for range 10 {
		p := start(t, "save", os.Geteuid())
		if line := p.line(); line != "0" { // it saves the next by now
			t.Fatal(line)
		}
		p.kill()
		if err := checkNumbered(load(t, a)); err != nil {
			t.Fatal(err)
		}
	}
	save(t, a, numbered(1)) // whatever was left
	wantUntouched(t, a)
}

func TestTwoUsers(t *testing.T) {
	a := openForOthers(t)
	save(t, a, numbered(1))
	p := start(t, "see", 12345)
	for _, what := range []string{"load", "save", "lock", "dial", "remove", "apps"} {
		if line := p.line(); !strings.Contains(line, "permission denied") || !strings.Contains(line, "NODECLUSTER_HOME") {
			t.Errorf("%s by another user says %q", what, line)
		}
	}
	wantUntouched(t, a)
	// A folder of another user is not trusted, even where this one may write.
	if err := os.Chown(a.Folder(), 12345, 12345); err != nil {
		t.Fatal(err)
	}
	wantOneLine(t, a.Save(numbered(2)), a.Folder(), "user 12345", "NODECLUSTER_HOME")
	_, err := a.Lock()
	wantOneLine(t, err, a.Folder(), "user 12345", "NODECLUSTER_HOME")
	wantUntouched(t, a)
}

func TestAdmit(t *testing.T) {
	a := openForOthers(t)
	save(t, a, Record{Wanted: Running})
	lock(t, a)
	listen(t, a)
	if err := a.Admit("12345"); err != nil {
		t.Fatal(err)
	}
	p := start(t, "see", 12345)
	for _, what := range []string{"load", "save", "lock"} {
		if line := p.line(); !strings.Contains(line, "permission denied") && !strings.Contains(line, "belongs to user 0") {
			t.Errorf("%s by a member of the group says %q", what, line)
		}
	}
	if line := p.line(); line != "<nil>" {
		t.Errorf("a member of the group cannot connect: %s", line)
	}
	if line := p.line(); line == "<nil>" {
		t.Error("a member of the group has removed the application")
	}
	if err, apps := p.line(), p.line(); err != "<nil>" || apps != "1" {
		t.Errorf("a member of the group sees %s applications (%s)", apps, err)
	}
	if line := start(t, "see", 23456).line(); !strings.Contains(line, "permission denied") {
		t.Errorf("another user gets %q", line)
	}
	wantOneLine(t, a.Admit("23456"), "12345")
	wantOneLine(t, a.Admit("no such group"), "no such group")
}
