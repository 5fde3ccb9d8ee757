package adopt

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/interpose"
)

//go:embed preload.cjs
var preload []byte

//go:embed exec.cjs
var execScript []byte

// Settings are what the preload is told.
type Settings struct {
	// Program is the path of this program.
	Program string `json:"program"`
	// Sched is the scheduling policy; "" for that of the cluster module.
	Sched string `json:"sched,omitempty"`
	// Strict has forks fail where there is no engine.
	Strict bool `json:"strict"`
}

// Preload writes the preload and what it needs into a folder for files that can be made again, unless they are there. They stay there: Node
// loads them again for each thread that the program starts. It returns the option that has Node load them, for the end of NODE_OPTIONS,
// from which they take it away again. Its error is why a file cannot be written.
func Preload(s Settings) (option string, err error) {
	settings, err := json.Marshal(s)
	if err != nil {
		return "", err
	}
	script := fmt.Appendf(nil, "%s\nrun(%s);\n", execScript, settings)
	files := map[string][]byte{interpose.ScriptFile: interpose.Script, "preload.cjs": preload, "exec.cjs": script}
	folder, err := Keep("exec", files)
	if err != nil {
		return "", err
	}
	return interpose.Require(filepath.Join(folder, "exec.cjs")), nil
}

// Keep writes files of a kind, by their names, into a folder for files that can be made again, unless they are there, and returns the folder.
func Keep(kind string, files map[string][]byte) (folder string, err error) {
	if folder, err = folderOf(kind, files); err != nil {
		return "", err
	}
	for name, text := range files {
		if err := write(filepath.Join(folder, name), text); err != nil {
			return "", err
		}
	}
	return folder, nil
}

// cacheFolder is where files are that can be made again. Root's can be read by the users that a program becomes.
var cacheFolder = func() (string, error) {
	if os.Geteuid() == 0 {
		return "/var/cache", nil
	}
	return os.UserCacheDir()
}

// folderOf makes the folder of these files, whose name says what is in them.
func folderOf(kind string, files map[string][]byte) (string, error) {
	base, err := cacheFolder()
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		sum.Write(files[name])
	}
	folder := filepath.Join(base, "nodecluster", kind, hex.EncodeToString(sum.Sum(nil)[:8]))
	return folder, os.MkdirAll(folder, 0o755)
}

// write makes a file that all can read, unless it is there as it should be. Another process never sees a part of it.
func write(path string, text []byte) error {
	if there, err := os.ReadFile(path); err == nil && bytes.Equal(there, text) {
		return nil
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	if _, err := file.Write(text); err != nil {
		return err
	}
	if err := file.Chmod(0o644); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
