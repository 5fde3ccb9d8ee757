package options

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/kballard/go-shellquote"
	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
)

// mixed is a number of workers of another command.
type mixed struct {
	instances int
	words     []string
}

func (o *Options) addMix(text string) error {
	n, words, err := ParseMix(text)
	if err == nil {
		o.mix = append(o.mix, mixed{n, words})
	}
	return err
}

// ParseMix reads N=COMMAND: how many workers there are of a command, of which it gives the words.
func ParseMix(text string) (n int, words []string, err error) {
	number, command, ok := strings.Cut(text, "=")
	n, err = strconv.Atoi(number)
	if !ok || err != nil || n < 1 {
		return 0, nil, errors.New("use N=COMMAND, with a number from 1 on")
	}
	words, err = shellquote.Split(command)
	if err != nil || len(words) == 0 {
		return 0, nil, errors.New("use N=COMMAND, with a command as a shell has it")
	}
	return n, words, nil
}

// mixPrograms completes the settings of the further workers with what they run.
func (o *Options) mixPrograms() (programs []pool.Program, err error) {
	for _, m := range o.mix {
		s := o.Settings
		s.SysProcAttr = workerAttributes()
		if err := o.setCommand(&s, m.words[0]); err != nil {
			return nil, fmt.Errorf("--mix %d=%s: %w", m.instances, m.words[0], err)
		}
		s.Args = m.words[1:]
		programs = append(programs, pool.Program{Instances: m.instances, Settings: s})
	}
	return programs, nil
}

// setCommand is setProgram for a command, which PATH may have too, and of which --node runs scripts alone.
func (o *Options) setCommand(s *cluster.Settings, command string) error {
	if slices.Contains(scriptExtensions, filepath.Ext(command)) {
		return o.setProgram(s, command)
	}
	s.ExecArgv = nil
	path, err := o.lookPath(command)
	if err != nil {
		return errors.New("no such program")
	}
	s.ExecPath = path
	if strings.ContainsRune(command, filepath.Separator) {
		s.ExecPath = pinned(path)
	}
	return nil
}
