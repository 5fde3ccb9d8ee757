package watch

import (
	"context"
	"fmt"
	"iter"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// delay is as long as the changes of a step take at most.
const delay = 30 * time.Millisecond

// rig is a folder that is watched.
type rig struct {
	t      *testing.T
	folder string
	next   func() ([]string, error, bool)
	told   map[string]bool // what has changed before
}

func newRig(t *testing.T, o Options) *rig {
	t.Helper()
	nodetest.NoLeaks(t)
	r := &rig{t: t, folder: o.Folder, told: map[string]bool{}}
	if r.folder == "" {
		r.folder = t.TempDir()
		r.write("app.js", "one")
		r.write("lib/a.js", "one")
		r.write("lib/deep/b.js", "one")
		r.write("node_modules/x/index.js", "one")
	}
	o.Folder, o.Delay = r.folder, delay
	if o.Paths == nil {
		o.Paths = []string{"."}
	}
	w, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), nodetest.Patience)
	next, stop := iter.Pull2(w.Changes(ctx))
	r.next = next
	t.Cleanup(func() {
		stop()
		cancel()
		w.Close()
	})
	return r
}

func (r *rig) path(name string) string { return filepath.Join(r.folder, name) }

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) write(name, content string) {
	r.t.Helper()
	r.must(os.MkdirAll(filepath.Dir(r.path(name)), 0o755))
	r.must(os.WriteFile(r.path(name), []byte(content), 0o644))
}

func (r *rig) rename(from, to string) {
	r.t.Helper()
	r.must(os.Rename(r.path(from), r.path(to)))
}

// expect waits for changes until these files have changed. A slow machine may have them come one after the other, and what was done in one
// go be told of in two. No other may change.
func (r *rig) expect(want ...string) {
	r.t.Helper()
	missing := map[string]bool{}
	for _, name := range want {
		missing[name] = true
	}
	for len(missing) > 0 {
		changed, err, ok := r.next()
		if err != nil || !ok {
			r.t.Fatalf("the watching ends with %v; %v have not changed", err, missing)
		}
		for _, name := range changed {
			if !missing[name] && !r.told[name] {
				r.t.Fatalf("%s has changed, want %v", name, missing)
			}
			delete(missing, name)
			r.told[name] = true
		}
	}
}

func TestChanges(t *testing.T) {
	for name, step := range map[string]func(r *rig) []string{
		"a file that is written": func(r *rig) []string {
			r.write("app.js", "two!")
			return []string{"app.js"}
		},
		"a file of a folder in a folder": func(r *rig) []string {
			r.write("lib/deep/b.js", "two!")
			return []string{"lib/deep/b.js"}
		},
		"an editor that renames the new file": func(r *rig) []string {
			r.write("4913", "")
			r.must(os.Remove(r.path("4913")))
			r.write("app.js.new", "two")
			r.rename("app.js.new", "app.js")
			return []string{"app.js"}
		},
		"an editor that renames the old file": func(r *rig) []string {
			r.write(".app.js.swp", "")
			r.rename("app.js", "app.js~")
			r.write("app.js", "two")
			return []string{"app.js"}
		},
		"the same content in a new file": func(r *rig) []string {
			info, err := os.Stat(r.path("app.js"))
			r.must(err)
			r.write("app.js.new", "one")
			r.must(os.Chtimes(r.path("app.js.new"), info.ModTime(), info.ModTime()))
			r.rename("app.js.new", "app.js")
			return []string{"app.js"}
		},
		"touch": func(r *rig) []string {
			r.must(os.Chtimes(r.path("app.js"), time.Time{}, time.Unix(1e9, 0)))
			return []string{"app.js"}
		},
		"a file that is removed": func(r *rig) []string {
			r.must(os.Remove(r.path("lib/a.js")))
			return []string{"lib/a.js"}
		},
		"a new folder with folders": func(r *rig) []string {
			r.write("new/x/y/z.js", "one")
			return []string{"new/x/y/z.js"}
		},
		"a folder that is renamed": func(r *rig) []string {
			r.rename("lib", "src")
			return []string{"lib/a.js", "lib/deep/b.js", "src/a.js", "src/deep/b.js"}
		},
		"a folder that is removed": func(r *rig) []string {
			r.must(os.RemoveAll(r.path("lib")))
			return []string{"lib/a.js", "lib/deep/b.js"}
		},
		"a folder that another one replaces": func(r *rig) []string {
			r.write("other/a.js", "two")
			r.must(os.RemoveAll(r.path("lib")))
			r.rename("other", "lib")
			return []string{"lib/a.js", "lib/deep/b.js"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, Options{})
			r.expect(step(r)...)
			// What is there by now is watched.
			r.write("lib/deep/b.js", "three")
			r.expect("lib/deep/b.js")
			r.write("src/deep/c.js", "three")
			r.expect("src/deep/c.js")
			r.write("src/deep/c.js", "four!")
			r.expect("src/deep/c.js")
		})
	}
}

// A thousand files at once are few changes, and none is missed.
func TestManyFilesAtOnce(t *testing.T) {
	r := newRig(t, Options{})
	var names []string
	for i := range 1000 {
		name := fmt.Sprintf("dist/%d/%d.js", i%50, i)
		r.write(name, "one")
		names = append(names, name)
	}
	r.expect(names...)
	r.must(os.RemoveAll(r.path("dist")))
	r.expect(names...)
}

// What is written in one go is told of in one go.
func TestDebounce(t *testing.T) {
	r := newRig(t, Options{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for i := range 20 {
			os.WriteFile(r.path("app.js"), []byte(strings.Repeat("x", i+10)), 0o644)
			time.Sleep(delay / 10)
		}
	}()
	r.expect("app.js")
	<-ended
	r.write("end.js", "")
	// A machine that is slow may have it fall apart, but not into as many changes as there were.
	told := 1
	for changed, err, ok := r.next(); ok; changed, err, ok = r.next() {
		r.must(err)
		told++
		if changed[len(changed)-1] == "end.js" {
			break
		}
	}
	if told > 5 {
		t.Errorf("20 writes were told of %d times", told)
	}
}

// What never rests is told of too.
func TestChangesThatGoOn(t *testing.T) {
	r := newRig(t, Options{})
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			case <-time.After(delay / 10):
				os.WriteFile(r.path("app.js"), []byte(strings.Repeat("x", i+10)), 0o644)
			}
		}
	}()
	r.expect("app.js")
	close(stop)
	<-ended
}

// What is ignored changes nothing: what is told of is what follows it.
func TestIgnored(t *testing.T) {
	r := newRig(t, Options{Ignore: []string{"public", "./tmp/**", "*.md", "lib/deep/"}, Written: []string{"out.txt", ""}})
	for _, name := range []string{
		"node_modules/x/index.js", "node_modules/y/index.js", "lib/node_modules/z.js", ".git/HEAD", "public/x.css", "lib/public/x.css",
		"tmp/a/b.js", "README.md", "app.log", ".app.js.swp", "app.js~", "lib/deep/b.js", "out.txt", "out-2026-11-29.txt.gz",
	} {
		r.write(name, "two!")
	}
	socket, err := net.Listen("unix", r.path("s"))
	r.must(err)
	r.write("end.js", "")
	r.expect("end.js")
	r.must(socket.Close())
	r.write("lib/tmp/x.js", "")
	r.expect("lib/tmp/x.js")
}

func TestPaths(t *testing.T) {
	r := newRig(t, Options{})
	for name, paths := range map[string][]string{
		"files":    {"app.js", r.path("lib/a.js")},
		"patterns": {"*.js", "lib/*.js"},
		"deep":     {"app.js", "lib/**/a.js"},
		"both":     {"app.js", "app.js", "./lib", "lib/a.js"},
	} {
		t.Run(name, func(t *testing.T) {
			o := newRig(t, Options{Folder: r.folder, Paths: paths})
			o.write("other.md", name)
			o.write("app.js", name)
			o.expect("app.js")
			o.rename("lib/a.js", "lib/b")
			o.rename("lib/b", "lib/a.js")
			o.write("lib/a.js", "of "+name)
			o.expect("lib/a.js")
		})
	}
}

// A link that leads to another release is a change, and that release is watched.
func TestLinkToAnotherRelease(t *testing.T) {
	folder := t.TempDir()
	r := &rig{t: t, folder: folder}
	r.write("releases/1/app.js", "one")
	r.write("releases/2/app.js", "two")
	r.must(os.Symlink("releases/1", r.path("current")))
	r = newRig(t, Options{Folder: folder, Paths: []string{"current"}})
	r.must(os.Symlink("releases/2", r.path("next")))
	r.rename("next", "current")
	r.expect("current/app.js")
	r.write("releases/1/app.js", "one!")
	r.write("releases/2/app.js", "two!")
	r.expect("current/app.js")
}

// A folder that is away for a while, as when another branch is checked out, is watched when it is there again.
func TestFolderThatComesAgain(t *testing.T) {
	folder := t.TempDir()
	r := &rig{t: t, folder: folder}
	r.write("up/src/app.js", "one")
	r = newRig(t, Options{Folder: folder, Paths: []string{"up/src"}})
	r.must(os.RemoveAll(r.path("up")))
	r.expect("up/src/app.js")
	r.write("up/src/app.js", "two")
	r.expect("up/src/app.js")
	r.write("up/src/app.js", "three")
	r.expect("up/src/app.js")
}

func TestWrongOptions(t *testing.T) {
	folder := t.TempDir()
	got := map[string]string{}
	for name, o := range map[string]Options{
		"path":    {Paths: []string{"src"}},
		"pattern": {Paths: []string{"[a"}},
		"base":    {Paths: []string{"src/*.js"}},
		"ignored": {Paths: []string{"."}, Ignore: []string{"{a"}},
	} {
		o.Folder = folder
		if _, err := New(o); err != nil {
			got[name] = strings.ReplaceAll(err.Error(), folder, "F")
		}
	}
	want := map[string]string{
		"path":    "src: there is no such file or folder",
		"pattern": "[a: a bracket or a brace is not complete",
		"base":    "src/*.js: there is no folder F/src",
		"ignored": `"{a" is no pattern of names or paths, such as public or tmp/**`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
