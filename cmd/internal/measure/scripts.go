package measure

import (
	_ "embed"
	"os"
	"path/filepath"
)

//go:embed testdata/primary.js
var primaryJS []byte

//go:embed testdata/worker.js
var workerJS []byte

// Scripts are the programs for Node that are measured. What they take from their environment stands in them.
type Scripts struct {
	Primary string // Node's own primary
	Worker  string // a server
}

// WriteScripts puts the programs into a folder.
func WriteScripts(folder string) (Scripts, error) {
	s := Scripts{filepath.Join(folder, "primary.js"), filepath.Join(folder, "worker.js")}
	if err := os.WriteFile(s.Primary, primaryJS, 0o600); err != nil {
		return s, err
	}
	return s, os.WriteFile(s.Worker, workerJS, 0o600)
}
