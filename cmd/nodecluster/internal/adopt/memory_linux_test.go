//go:build !portable

package adopt

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// residentFile is how many KiB of files this process has in memory.
func residentFile(t *testing.T) int {
	t.Helper()
	status, err := readStatus(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(strings.TrimSuffix(status["RssFile"], " kB"))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestDropProgram(t *testing.T) {
	mappings := programMappings()
	before := residentFile(t)
	for _, m := range mappings {
		m.drop()
	}
	if after := residentFile(t); after > before*3/4 {
		t.Errorf("%d KiB of files are in memory, after %d", after, before)
	}
}
