package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kballard/go-shellquote"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// eachCommand calls a function for each command that the help shows.
func eachCommand(root *cobra.Command, do func(*cobra.Command)) {
	for _, command := range root.Commands() {
		if command.IsAvailableCommand() && command.Name() != "help" {
			do(command)
			eachCommand(command, do)
		}
	}
}

// Each command says in a line what it does, is in a group, and has examples that are right command lines of it. A flag says what is so without it.
func TestHelpOfCommands(t *testing.T) {
	root := newRootCommand()
	names := 0
	eachCommand(root, func(command *cobra.Command) {
		names++
		path := command.CommandPath()
		if command.Short == "" || strings.HasSuffix(command.Short, ".") || strings.Contains(command.Short, "\n") {
			t.Errorf("%s: %q is not what it does, in a line", path, command.Short)
		}
		if command.GroupID == "" {
			t.Errorf("%s is in no group", path)
		}
		if command.Example == "" {
			t.Errorf("%s has no example", path)
		}
		command.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Hidden || f.Name == "help" || f.Value.Type() == "bool" {
				return
			}
			isZero := slices.Contains([]string{"", "0", "0s", "[]"}, f.DefValue) // others are shown
			if name, usage := pflag.UnquoteUsage(f); isZero && !strings.Contains(usage, "default") {
				t.Errorf("%s: --%s %s does not say its default: %s", path, f.Name, name, usage)
			}
		})
	})
	if names < 20 {
		t.Errorf("there are %d commands", names)
	}
}

// The examples are right command lines of the commands that they are of.
func TestExamples(t *testing.T) {
	count := 0
	eachCommand(newRootCommand(), func(command *cobra.Command) {
		for line := range strings.Lines(command.Example) {
			count++
			expectRight(t, command.CommandPath(), line)
		}
	})
	for line := range strings.Lines(newRootCommand().Example) {
		expectRight(t, "", line)
	}
	if count < 20 {
		t.Errorf("there are %d examples", count)
	}
	if why := wrongLine(newRootCommand(), []string{"scale", "api"}); why == nil {
		t.Error("a wrong command line passes")
	}
}

// expectRight reads the line of an example as the program would.
func expectRight(t *testing.T, path, line string) {
	t.Helper()
	before, rest, ok := strings.Cut(line, "nodecluster ")
	if !ok || len(line) > 0 && !strings.HasPrefix(line, "  ") {
		t.Errorf("%s: %q is no example", path, line)
		return
	}
	for _, after := range []string{"   ", " > ", " | "} {
		rest, _, _ = strings.Cut(rest, after)
	}
	if strings.HasSuffix(before, "<(") {
		rest = strings.TrimSuffix(strings.TrimSpace(rest), ")")
	}
	args, err := shellquote.Split(rest)
	if err != nil {
		t.Errorf("%s: %q: %v", path, line, err)
		return
	}
	if command, _, err := newRootCommand().Find(args); path != "" && (err != nil || command.CommandPath() != path) {
		t.Errorf("%s: %q is another command's: %v", path, line, err)
	}
	if err := wrongLine(newRootCommand(), args); err != nil {
		t.Errorf("%s: %q: %v", path, line, err)
	}
}

// wrongLine is why a command line is wrong.
func wrongLine(root *cobra.Command, args []string) error {
	command, rest, err := root.Find(args)
	if err != nil {
		return err
	}
	if err := command.ParseFlags(rest); err != nil {
		return err
	}
	return command.ValidateArgs(command.Flags().Args())
}

// The help has the commands in the order of daily use, and not in that of the alphabet.
func TestHelpIsInGroups(t *testing.T) {
	out, err := exec.Command(binary, "--help").Output()
	if err != nil {
		t.Fatal(err)
	}
	last := -1
	for _, part := range []string{"Applications:\n  start ", "\n  stop ", "\n  reload ", "\nLooking:\n  ls ", "\nSystem:\n  startup ", "\n  completion ", "\n  help "} {
		at := strings.Index(string(out), part)
		if at <= last {
			t.Errorf("%q is not there, or not in its order:\n%s", part, out)
		}
		last = at
	}
	if strings.Contains(string(out), "Additional Commands") {
		t.Errorf("a command is in no group:\n%s", out)
	}
}

// The man pages are made of the help, and what makes them is not in the program.
func TestManPages(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "man1")
	out, err := exec.Command(filepath.Join("..", "..", "scripts", "man"), folder).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var want []string
	eachCommand(newRootCommand(), func(command *cobra.Command) {
		want = append(want, strings.ReplaceAll(command.CommandPath(), " ", "-")+".1")
	})
	want = append(want, "nodecluster.1")
	slices.Sort(want)
	pages, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, page := range pages {
		got = append(got, page.Name())
	}
	if !slices.Equal(got, want) {
		t.Errorf("the pages are %q, want %q", got, want)
	}
	text, err := os.ReadFile(filepath.Join(folder, "nodecluster-run.1"))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		`.TH "NODECLUSTER-RUN" "1"`, ".SH SYNOPSIS", ".SH EXAMPLE", "--kill-timeout\\fP=", "and connections until they close their servers",
		"variables of a file, as node --env-file reads them; --env wins over them, and so do variables that are set already",
	} {
		if !strings.Contains(string(text), part) {
			t.Errorf("nodecluster-run.1 has no %s", part)
		}
	}
	modules, err := exec.Command("go", "version", "-m", binary).Output()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(modules), "spf13/cobra") || strings.Contains(string(modules), "md2man") {
		t.Errorf("the program is of the modules\n%s", modules)
	}
}
