package options

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// envFiles are files that Node reads, with what Node 22 and later have for each. Node 20 has something else for some.
var envFiles = []struct {
	name, text string
	want       map[string]string
	from       int // the first Node that has the same
}{
	{"words", "X1=1\nX2=two words\nX3= x \nX4=", map[string]string{"X1": "1", "X2": "two words", "X3": "x", "X4": ""}, 20},
	{"blanks", "\n\n  X1  =  x y  \n\tX2\t=\tz\t\n\n", map[string]string{"X1": "x y", "X2": "z"}, 22},
	{"comments", "# c\nX1=1 # c\nX2=x#y\nX3=\"x # y\" # c\nX4='x # y'#c\nX5=`x # y` # c\n#X6=1\nX7= # c\nX8=#c\n", map[string]string{
		"X1": "1", "X2": "x", "X3": "x # y", "X4": "x # y", "X5": "x # y", "X7": "", "X8": "",
	}, 20},
	{"quotes", "X1=\"a'b`c\"\nX2='a\"b`c'\nX3=`a\"b'c`\nX4=\"\"\nX5=''\nX6=a\"b\"c\nX7=it's\nX8=say \"hi\" now\n", map[string]string{
		"X1": "a'b`c", "X2": "a\"b`c", "X3": "a\"b'c", "X4": "", "X5": "", "X6": "a\"b\"c", "X7": "it's", "X8": "say \"hi\" now",
	}, 20},
	{"after quotes", "X1=\"x\"y\nX2='x' y \"z\"\nX3=\"a\\\"b\"\nX4=  'y'  \n", map[string]string{"X1": "x", "X2": "x", "X3": `a\`, "X4": "y"}, 20},
	{"open quotes", "X1=\"abc\nX2='x\nX3=`y", map[string]string{"X1": "\"abc", "X2": "'x", "X3": "`y"}, 22},
	{"backslashes", "X1=\"a\\nb\\t\\\\n\"\nX2='a\\nb'\nX3=C:\\new\nX4=`a\\nb`\n", map[string]string{
		"X1": "a\nb\\t\\\n", "X2": `a\nb`, "X3": `C:\new`, "X4": `a\nb`,
	}, 20},
	{"nothing is expanded", "X1=1\nX2=$X1\nX3=\"${X1} $X1\"\nX4=pa$$word\n", map[string]string{"X1": "1", "X2": "$X1", "X3": "${X1} $X1", "X4": "pa$$word"}, 20},
	{"export", "export X1=1\nexportX2=2\n", map[string]string{"X1": "1", "exportX2": "2"}, 20},
	{"export after blanks", "  export   X1=1\n", map[string]string{"X1": "1"}, 22},
	{"several lines", "X1=\"a\nb\n c \"\nX2='a\nX3=b'\nX4=`a\n\nb` # c\nX5=1\n", map[string]string{"X1": "a\nb\n c ", "X2": "a\nX3=b", "X4": "a\n\nb", "X5": "1"}, 20},
	{"carriage returns", "X1=1\r\nX2=\"a\r\nb\"\r\nX3='y' # c\r\n", map[string]string{"X1": "1", "X2": "a\nb", "X3": "y"}, 20},
	{"signs", "X1=a=b=c\nX2==x\nX-3=y\nX.4=z\nÄ=umlaut\nX5=grüße ✓\n", map[string]string{"X1": "a=b=c", "X2": "=x", "X-3": "y", "X.4": "z", "Ä": "umlaut", "X5": "grüße ✓"}, 20},
	{"the last counts", "X1=1\nX1=2\n", map[string]string{"X1": "2"}, 20},
	{"nothing", " \n\t\n", map[string]string{}, 20},
}

// Files are read as Node reads them.
func TestEnvFiles(t *testing.T) {
	const shower = `console.log(JSON.stringify(Object.fromEntries(Object.entries(process.env).filter(([key]) => key !== 'PATH'))));`
	script := nodetest.Script(t, "shower.js", shower)
	for _, c := range envFiles {
		variables, err := parseEnvFile(c.text)
		if got := asMap(variables); err != nil || !maps.Equal(got, c.want) {
			t.Errorf("%s: %q, %v, want %q", c.name, got, err, c.want)
		}
	}
	for _, node := range nodetest.Nodes(t) {
		if node.Major < 20 {
			continue // it has no --env-file
		}
		for _, c := range envFiles {
			if node.Major < c.from {
				continue
			}
			path := filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(path, []byte(c.text), 0o644); err != nil {
				t.Fatal(err)
			}
			run := exec.Command(node.Path, "--env-file="+path, script)
			run.Env = []string{"PATH="}
			out, err := run.Output()
			if err != nil {
				t.Fatal(err)
			}
			var got map[string]string
			if err := json.Unmarshal(out, &got); err != nil {
				t.Fatal(err)
			}
			if !maps.Equal(got, c.want) {
				t.Errorf("%s: %s has %q, want %q", c.name, node.Name, got, c.want)
			}
		}
	}
}

func asMap(variables []string) map[string]string {
	m := map[string]string{}
	for _, v := range variables {
		name, value, _ := strings.Cut(v, "=")
		m[name] = value
	}
	return m
}

// What Node passes over, or takes for a name that nobody means, is an error here.
func TestWrongEnvFiles(t *testing.T) {
	for text, want := range map[string]string{
		"X=1\nnovalue\n":           "line 2: use NAME=VALUE",
		"X=\"a\nb\"\n\n=x\n":       "line 4: use NAME=VALUE",
		"\n# c\nexport X\n":        "line 3: use NAME=VALUE",
		"A B=1":                    "line 1: use NAME=VALUE",
		"export\tX=1":              "line 1: use NAME=VALUE",
		"X=\n2\n":                  "line 2: use NAME=VALUE",
		"X=1\nY=\"a\n\x00\"\nZ=\n": "line 2: a variable has no byte 0",
	} {
		if variables, err := parseEnvFile(text); err == nil || err.Error() != want {
			t.Errorf("%q: %q, %v, want %q", text, variables, err, want)
		}
	}
	for text, want := range map[string][]string{
		"\ufeffX=1\n":       {"X=1"}, // of Windows
		"X=1\n  # Y=2\nZ=3": {"X=1", "Z=3"},
	} {
		if variables, err := parseEnvFile(text); err != nil || !slices.Equal(variables, want) {
			t.Errorf("%q: %q, %v, want %q", text, variables, err, want)
		}
	}
}
