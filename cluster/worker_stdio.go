package cluster

import (
	"fmt"
	"os"
	"os/exec"
)

// stdio is the primary's ends of a silent worker's standard streams.
type stdio struct{ in, out, err *os.File }

// connect gives the command its streams. It returns the files that have to be closed here when the command has started or failed.
func (s *stdio) connect(cmd *exec.Cmd, settings *Settings) (theirs []*os.File, err error) {
	if !settings.Silent {
		cmd.Stdin, cmd.Stdout, cmd.Stderr = settings.Stdin, settings.Stdout, settings.Stderr
		if cmd.Stdin == nil {
			cmd.Stdin = os.Stdin
		}
		if cmd.Stdout == nil {
			cmd.Stdout = os.Stdout
		}
		if cmd.Stderr == nil {
			cmd.Stderr = os.Stderr
		}
		return nil, nil
	}
	var files [6]*os.File
	for i := 0; i < len(files); i += 2 {
		if files[i], files[i+1], err = os.Pipe(); err != nil {
			closeAll(files[:])
			return nil, fmt.Errorf("cluster: pipes for a worker: %w", err)
		}
	}
	s.in, s.out, s.err = files[1], files[2], files[4]
	cmd.Stdin, cmd.Stdout, cmd.Stderr = files[0], files[3], files[5]
	return []*os.File{files[0], files[3], files[5]}, nil
}

func (s *stdio) close() { closeAll([]*os.File{s.in, s.out, s.err}) }

func closeAll(files []*os.File) {
	for _, f := range files {
		if f != nil {
			f.Close()
		}
	}
}
