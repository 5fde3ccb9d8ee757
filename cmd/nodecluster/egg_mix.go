package main

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nodecluster/nodecluster/cluster/egg"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/options"
)

// eggMix are the values of --mix of an Egg application.
type eggMix struct{ all []egg.Mixed }

func (m *eggMix) add(text string) error {
	n, words, err := options.ParseMix(text)
	if err != nil {
		return err
	}
	if isNodeAlone(words) {
		m.all = append(m.all, egg.Mixed{Workers: n, Node: words[0], ExecArgv: words[1:]})
		return nil
	}
	path, err := exec.LookPath(words[0])
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if err != nil {
		return fmt.Errorf("%s: no such program", words[0])
	}
	if slices.Contains([]string{".js", ".cjs", ".mjs", ".ts", ".mts", ".cts"}, filepath.Ext(path)) {
		return errors.New("a script is no app worker: use node alone for more of these, or a program by itself")
	}
	m.all = append(m.all, egg.Mixed{Workers: n, Program: path, Args: words[1:]})
	return nil
}

// isNodeAlone reports whether a command is a program named node without a script, which is to run app workers.
func isNodeAlone(words []string) bool {
	hasScript := slices.ContainsFunc(words[1:], func(word string) bool { return !strings.HasPrefix(word, "-") })
	return strings.TrimSuffix(filepath.Base(words[0]), ".exe") == "node" && !hasScript
}
