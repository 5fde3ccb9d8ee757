package utilformat

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

const room = 16 << 20

// What Append gives of random arguments is what util.format of real Node gives.
func TestAsNodeFormats(t *testing.T) {
	nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) {
		const seed, lines = 7, 3000
		out, err := exec.Command(node.Path, "testdata/format.js", fmt.Sprint(seed), fmt.Sprint(lines)).Output()
		if err != nil {
			t.Fatal(err)
		}
		seen, wrong := 0, 0
		scanner := bufio.NewScanner(bytes.NewReader(out))
		scanner.Buffer(nil, 64<<20)
		for scanner.Scan() {
			encoded, text, _ := strings.Cut(scanner.Text(), " ")
			arguments, want := argumentsOf(t, encoded), ""
			if err := json.Unmarshal([]byte(text), &want); err != nil {
				t.Fatal(err)
			}
			seen++
			if got := string(Append(nil, room, arguments...)); got != want {
				if wrong++; wrong <= 5 {
					t.Errorf("of %v, after %q\ngot  %q\nwant %q", arguments, same(got, want), rest(got, want), rest(want, got))
				}
			}
		}
		if seen != lines || wrong > 0 {
			t.Errorf("%d of %d lines differ, want 0 of %d", wrong, seen, lines)
		}
	})
}

func argumentsOf(t *testing.T, encoded string) []structuredclone.Value {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	v, err := structuredclone.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	return v.(*structuredclone.Array).Elements
}

// maxShown is how much is shown of texts that differ.
const maxShown = 200

// same is the end of what two texts begin with, and rest what one goes on with.
func same(a, b string) string {
	n := common(a, b)
	return a[max(0, n-maxShown):n]
}

func rest(a, b string) string {
	n := common(a, b)
	return a[n:min(len(a), n+maxShown)]
}

func common(a, b string) (n int) {
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
