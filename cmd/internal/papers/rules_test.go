package papers

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// code is a repository for papers that are made up.
var code = map[string]string{
	"go.mod":           "module example.org/house\n",
	"README.md":        "",
	"room/data/a.json": "{}",
	"room/door.go": `package room

import (
	"io"
	key "example.org/house/inner/keys"
)

type Door struct {
	Width int
	*lock
	key.Ring
	io.Closer
}

type lock struct{}

func (l *lock) turn() {}

func (d *Door) Open() error { return nil }

type Knocker interface{ Knock(times int) }

type Gate = Door

func newDoor() *Door { return nil }

const maxDoors = 3
`,
	"room/door_windows.go": "package room\n\nfunc openOnWindows() {}\n",
	"room/door_test.go":    "package room\n\nfunc helper() {}\n",
	"inner/keys/ring.go":   "package keys\n\ntype Ring struct{ Keys []int }\n\nfunc (Ring) Find() {}\n",
}

func madeUp(t *testing.T) *Repository {
	t.Helper()
	root := t.TempDir()
	for name, text := range code {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	r, err := NewRepository(root)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// read gives the faults of a paper in folder.
func read(t *testing.T, r *Repository, folder, text string) []Fault {
	t.Helper()
	_, faults, err := r.check(filepath.Join(r.root, folder), text)
	if err != nil {
		t.Fatal(err)
	}
	return faults
}

func TestWhatIsThere(t *testing.T) {
	r := madeUp(t)
	for _, text := range []string{
		"`Door`", "`Door.Open`", "`Door.Width`", "`Door.lock`", "`Knocker.Knock`", "`room.Door.Open`", "`room.maxDoors`",
		"`newDoor()`", "`newDoor(3, 4)`", "`turn()`", "`openOnWindows()`", "`*Door`", "`[]Door`", "`go Door.Open(x)`",
		"`Door.turn`", "`Gate.Open`", "`Gate.turn`", "`Door.Find`", "`Door.Keys`", "`Door.Close`", "`keys.Ring.Find`", "`key.Ring`",
		"`io.Reader.Read`",
		"`door.go`", "`room/door.go`", "`room/door.go:12`", "`./room`", "`room/...`", "`data/a.json`", "`room/d*.go`", "`go.mod`",
		"`README.md`", "`go test ./room`", "[a link](data/a.json)", "[a link](../README.md#part)", "[`Door`](door.go)",
		"[a link][1]\n\n[1]: data/a.json", "`Door` and [a link](https://example.org/gone.md)", "`Door` and [a link](#part)",
		"`` `Door` ``", "two: `Door`, `Door.Open`",
		"`Door`\n```text\nHouse.Gone house/gone.go `\n```", "`Door`\n~~~~sh\n```\nHouse.Gone\n~~~~",
	} {
		if faults := read(t, r, "room", text); len(faults) > 0 {
			t.Errorf("%s: %v", text, faults)
		}
	}
}

func TestWhatIsGone(t *testing.T) {
	r := madeUp(t)
	for _, text := range []string{
		"`Window`", "`Door.Shut`", "`Knocker.Ring`", "`room.Window`", "`room.Door.Shut`", "`house.Door`", "`Door.Open.Width`",
		"`newWindow()`", "`newWindow(3, 4)`", "`Door.Shut(ctx)`", "`*Window`", "`[]Window`", "`func(Window)`", "`if x == Window.y {`",
		"`Gate.Shut`", "`Door.Lose`", "`keys.Ring.Lose`", "`key.Chain`", "`io.Opener`", "`strings.Cut`",
		"`helper()`", "`room.helper`", "`server.close()`",
		"`window.go`", "`room/window.go`", "`room/window.go:12`", "`./window`", "`window/...`", "`data/b.json`", "`room/w*.go`",
		"`PAPER.md`", "`a/b`", "`wire-<name>.json`", "`{\"cmd\":\"x\"} Window`",
		"[a link](data/b.json)", "[a link](../PAPER.md#part)", "[`Door`](window.go)", "[a link]()",
		"[a link][1]\n\n[1]: data/b.json",
		"`` `Window` ``", "two: `Door`, `Window`", "| `Window` | in a table |", "    `Window` in a block that is indented",
		"an end `Door that is not there", "`` Door`", "`Door` and `",
		"```\nDoor\n```\n`Door`", "```go\nvar d Window\n```\n`Door`", "`Door`\n```text\nno end", "`Door`\n````text\n```\n`Door`",
		"", "names nothing", "`newconn`, `NODE_HANDLE`, `127.0.0.1:80` and `-1`", "`\"Door\"`",
	} {
		if faults := read(t, r, "room", text); len(faults) == 0 {
			t.Errorf("no fault in %s", text)
		}
	}
}

// TestWordsThatSayNothing reads what looks like a name and is none.
func TestWordsThatSayNothing(t *testing.T) {
	r := madeUp(t)
	for _, word := range []string{
		"newconn", "NODE_HANDLE", "SCM_RIGHTS", "EADDRINUSE", "127.0.0.1:18310", "-98", "0x0F", "1.5e3", "sendmsg(2)", "/proc/self",
		"https://example.org/Gone.go", `"net.Socket"`, `{"cmd":"NODE_HANDLE","type":"net.Native","msg":null}`, "FF 0F", "*",
		"node:cluster",
	} {
		if faults := read(t, r, "room", "`Door` and `"+word+"`."); len(faults) > 0 {
			t.Errorf("%s: %v", word, faults)
		}
	}
}

// TestFaultsSayWhere reads a paper where there is no package beside it.
func TestFaultsSayWhere(t *testing.T) {
	faults := read(t, madeUp(t), ".", "`room.Door`\n\n`room.Window`\n`Door` `house/door.go`\n")
	want := []string{"room.Window is not declared", "name it with its own", "house/door.go is no file or folder"}
	if len(faults) != len(want) {
		t.Fatalf("faults %v", faults)
	}
	for i, line := range []int{3, 4, 4} {
		if faults[i].Line != line || !strings.Contains(faults[i].Text, want[i]) {
			t.Errorf("fault %v, want %q in line %d", faults[i], want[i], line)
		}
	}
}
