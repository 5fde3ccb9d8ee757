package options

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/stdio"
)

// Release finds out what the command line means by now: the programs of all workers, that of script first. A path that has led to one
// release of a program may lead to the next when it is called again.
func (o *Options) Release(script string, args []string) ([]pool.Program, error) {
	now := *o
	variables, err := o.EnvFileVariables()
	if err != nil {
		return nil, err
	}
	now.Settings.Env = slices.Concat(variables, o.Settings.Env)
	now.Settings.Environ = o.filter.environ()
	if now.Settings.Cwd, err = o.workingDirectory(); err != nil {
		return nil, err
	}
	settings, err := now.workerSettings(script, args)
	if err != nil {
		return nil, err
	}
	further, err := now.mixPrograms()
	return append([]pool.Program{{Settings: settings}}, further...), err
}

// Rereader is Release for a pool that reloads.
func (o *Options) Rereader(script string, args []string) func() ([]cluster.Settings, error) {
	return func() (all []cluster.Settings, err error) {
		programs, err := o.Release(script, args)
		for _, program := range programs {
			passErrorsThrough(&program.Settings)
			all = append(all, program.Settings)
		}
		return all, err
	}
}

// passErrorsThrough has what a worker prints to standard error come through this process, so that the log can say why a new worker has
// failed. Programs may print otherwise at a terminal, which shows it besides.
func passErrorsThrough(s *cluster.Settings) {
	if stdio.IsTerminal(os.Stderr) {
		return
	}
	s.Stderr = stdio.Err
	if isSameFile(os.Stdout, os.Stderr) { // what goes to both stays in order
		s.Stdout = stdio.Err
	}
}

func isSameFile(a, b *os.File) bool {
	first, err := a.Stat()
	if err != nil {
		return false
	}
	second, err := b.Stat()
	return err == nil && os.SameFile(first, second)
}

// startFolder is the working directory as the shell calls it, which may be by a symbolic link.
func startFolder() string {
	folder, err := os.Getwd()
	if err != nil {
		return ""
	}
	return folder
}

// absolute is a path as it was meant when the program was started.
func (o *Options) absolute(path string) (string, error) {
	if filepath.IsAbs(path) {
		return filepath.Clean(path), nil
	}
	if o.folder == "" {
		return "", errors.New("the working directory is gone: use absolute paths")
	}
	return filepath.Join(o.folder, path), nil
}

// pinned is a path whose folder has no symbolic links in it: a worker that is restarted is of the release of the worker before it,
// even if the links lead to another one by then. What is not there stays as it is.
func pinned(path string) string {
	folder, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return path
	}
	return filepath.Join(folder, filepath.Base(path))
}

// workingDirectory is that of the workers. Without --cwd it is the one that the program was started in, and "" while that is the
// program's own.
func (o *Options) workingDirectory() (string, error) {
	given := o.Settings.Cwd
	if given == "" && o.folder == "" {
		return "", nil
	}
	path, err := o.absolute(given)
	if err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	if err != nil {
		return "", fmt.Errorf("the working directory %s: %w", given, cause(err))
	}
	if own, err := filepath.EvalSymlinks("."); given == "" && err == nil && isSameFolder(own, path) {
		return "", nil
	}
	return path, nil
}

func isSameFolder(a, b string) bool {
	first, err := os.Stat(a)
	if err != nil {
		return false
	}
	second, err := os.Stat(b)
	return err == nil && os.SameFile(first, second)
}

// cause is why a file cannot be used, without its path.
func cause(err error) error {
	var path *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("it is not there")
	case errors.As(err, &path):
		return path.Err
	}
	return err
}

// envFile is a file of variables. What it holds when the flags are read is kept: a pipe has it once.
type envFile struct {
	path      string
	isRegular bool
	variables []string
}

// read reads the file.
func (f *envFile) read() error {
	text, err := os.ReadFile(f.path)
	switch pathErr := (*fs.PathError)(nil); {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("there is no such file")
	case errors.As(err, &pathErr):
		return pathErr.Err
	case err != nil:
		return err
	}
	f.variables, err = parseEnvFile(string(text))
	return err
}

// EnvFileVariables are those of all files, as the files are by now. As under node --env-file, those that the environment has already stay
// as they are, and a later file wins.
func (o *Options) EnvFileVariables() (variables []string, err error) {
	for _, file := range o.envFiles {
		if file.isRegular {
			if err := file.read(); err != nil {
				return nil, fmt.Errorf("--env-file %s: %w", file.path, err)
			}
		}
		for _, variable := range file.variables {
			name, _, _ := strings.Cut(variable, "=")
			if _, has := os.LookupEnv(name); !has || o.filter.has(name) {
				variables = append(variables, variable)
			}
		}
	}
	return variables, nil
}
