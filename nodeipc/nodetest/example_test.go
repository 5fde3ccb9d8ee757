package nodetest_test

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

func TestPrintsItsVersion(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		script := nodetest.Script(t, "version.js", "console.log(process.versions.node)")
		out, err := exec.Command(node.Path, script).Output()
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(out), strconv.Itoa(node.Major)+".") {
			t.Errorf("%s printed %q", node.Name, out)
		}
	})
}
