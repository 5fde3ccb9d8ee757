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
type eggMix struct{ all []eggMixed }

// eggMixed is one of them: so many workers of a command.
type eggMixed struct {
	workers int
	words   []string
}

func (m *eggMix) add(text string) error {
	n, words, err := options.ParseMix(text)
	if err != nil {
		return err
	}
	if slices.Contains([]string{".js", ".cjs", ".mjs", ".ts", ".mts", ".cts"}, filepath.Ext(words[0])) {
		return errors.New("a script is no app worker: use node alone for more of these, or a program by itself")
	}
	m.all = append(m.all, eggMixed{n, words})
	return nil
}

// find looks for the programs.
func (m *eggMix) find() (all []egg.Mixed, err error) {
	for _, mixed := range m.all {
		name, args := mixed.words[0], mixed.words[1:]
		if isNodeAlone(mixed.words) {
			all = append(all, egg.Mixed{Workers: mixed.workers, Node: name, ExecArgv: args})
			continue
		}
		path, err := exec.LookPath(name)
		if err == nil {
			path, err = filepath.Abs(path)
		}
		if err != nil {
			return nil, fmt.Errorf("--mix %s: no such program", name)
		}
		all = append(all, egg.Mixed{Workers: mixed.workers, Program: path, Args: args})
	}
	return all, nil
}

// isNodeAlone reports whether a command is a program named node without a script, which is to run app workers.
func isNodeAlone(words []string) bool {
	hasScript := slices.ContainsFunc(words[1:], func(word string) bool { return !strings.HasPrefix(word, "-") })
	return strings.TrimSuffix(filepath.Base(words[0]), ".exe") == "node" && !hasScript
}
