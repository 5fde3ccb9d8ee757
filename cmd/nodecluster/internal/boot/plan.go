package boot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Plan is what has to be done for applications to come back when the machine starts, or no more. It is carried out in the order of its fields.
type Plan struct {
	// Write is a file, whose text is Text, "" if there is none.
	Write, Text string
	// Commands are run one after the other. They are programs with their arguments.
	Commands [][]string
	// Remove is a file, "" if there is none; After are the commands that follow.
	Remove string
	After  [][]string
}

// Startup has these applications come back. User is the user's name, whose manager then runs without a login.
func (u Unit) Startup(user string, apps []string) (Plan, error) {
	file, err := u.Manager.UnitFile()
	if err != nil {
		return Plan{}, err
	}
	p := Plan{Write: file, Text: u.Text(), Commands: [][]string{u.Manager.command("daemon-reload")}}
	if u.Manager == UserManager {
		p.Commands = append(p.Commands, []string{"loginctl", "enable-linger", user})
	}
	if len(apps) > 0 {
		p.Commands = append(p.Commands, u.Manager.Enable(apps...))
	}
	return p, nil
}

// Unstartup has no application come back any more. What runs goes on.
func (m Manager) Unstartup() (Plan, error) {
	file, err := m.UnitFile()
	if err != nil {
		return Plan{}, err
	}
	// Of a template it takes all applications.
	return Plan{Commands: [][]string{m.command("disable", UnitName)}, Remove: file, After: [][]string{m.command("daemon-reload")}}, nil
}

// Enable is the command that has applications come back when the machine starts.
func (m Manager) Enable(apps ...string) []string { return m.command("enable", instances(apps)...) }

// Disable is the command that has them come back no more, and ends what systemd runs or is about to run of them.
func (m Manager) Disable(apps ...string) []string {
	return m.command("disable", append([]string{"--now"}, instances(apps)...)...)
}

// Start is the command that starts an application's supervisor under systemd, and waits until the application is up.
func (m Manager) Start(app string) []string { return m.command("start", InstanceName(app)) }

func (m Manager) command(verb string, units ...string) []string {
	return slices.Concat(m.systemctl(), []string{verb}, units)
}

func instances(apps []string) (units []string) {
	for _, app := range apps {
		units = append(units, InstanceName(app))
	}
	return units
}

// Run is a plan of one command.
func Run(command []string) Plan { return Plan{Commands: [][]string{command}} }

// Apply carries the plan out. The first thing that fails ends it, and the error says what that was, with what the command has printed.
func (p Plan) Apply(ctx context.Context) error {
	if p.Write != "" {
		if err := write(p.Write, p.Text); err != nil {
			return err
		}
	}
	if err := runAll(ctx, p.Commands); err != nil {
		return err
	}
	if p.Remove != "" {
		if err := os.Remove(p.Remove); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return runAll(ctx, p.After)
}

// write replaces a file at once.
func write(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	beside := path + ".new"
	if err := os.WriteFile(beside, []byte(text), 0o644); err != nil {
		return err
	}
	return os.Rename(beside, path)
}

func runAll(ctx context.Context, commands [][]string) error {
	for _, c := range commands {
		command := exec.CommandContext(ctx, c[0], c[1:]...)
		command.Env = environment()
		if out, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", strings.Join(c, " "), err, bytes.TrimSpace(out))
		}
	}
	return nil
}

// environment has the variable by which systemctl --user finds the manager, which is not set where a user came by su or cron.
func environment() []string {
	folder := fmt.Sprint("/run/user/", os.Geteuid())
	if _, err := os.Stat(folder); err != nil || os.Getenv("XDG_RUNTIME_DIR") != "" {
		return os.Environ()
	}
	return append(os.Environ(), "XDG_RUNTIME_DIR="+folder)
}

// String is the plan in the words of a shell.
func (p Plan) String() string {
	var b strings.Builder
	if p.Write != "" {
		fmt.Fprintf(&b, "# %s\n%s\n", p.Write, p.Text)
	}
	say := func(commands [][]string) {
		for _, c := range commands {
			fmt.Fprintln(&b, strings.Join(c, " "))
		}
	}
	say(p.Commands)
	if p.Remove != "" {
		fmt.Fprintf(&b, "rm %s\n", p.Remove)
	}
	say(p.After)
	return b.String()
}
