package egg

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// frameworkScript calls a framework's startCluster.
//
//go:embed framework.cjs
var frameworkScript string

const (
	// maxFrameworkOptions is how many bytes of options are taken from a framework.
	maxFrameworkOptions = 16 << 20
	// frameworkPause is how long the streams of its process may stay open when it has ended.
	frameworkPause = time.Second
)

// frameworkReport is what the script has found out. The zero value is for a framework whose startCluster is Egg's own, or that has none.
type frameworkReport struct {
	Options json.RawMessage // which its startCluster hands to Egg's
	Why     string          // it could not be called
	Error   string          // with which it has failed
}

// CallFramework has the startCluster that a framework has in the place of Egg's be called with the options, as Egg's tools do, and returns what that
// hands to Egg's: options for [ParseOptions]. Where there is no such function, it returns the options as they are.
//
// The function runs in a Node process of its own, with the settings' Node, ExecArgv, Env, Stdout and Stderr, which ends when it has called Egg's.
// What else it does there is in vain. A framework that has a master of its own, or is an ES module, is not called, and a line in the settings' Log
// says so. CallFramework waits for the process, and kills it when ctx ends.
func CallFramework(ctx context.Context, text []byte, from OptionsFrom, s Settings) ([]byte, error) {
	given, err := parseObject(text)
	if err != nil {
		return nil, fmt.Errorf("egg: the options: %w", err)
	}
	o := &Options{}
	if err = refuseThreads(given); err == nil {
		err = o.find(given, from)
	}
	if err != nil {
		return nil, fmt.Errorf("egg: %w", err)
	}
	if o.framework.Name == "egg" {
		return text, nil
	}
	given.set("baseDir", quote(o.baseDir))
	framework, err := given.string("framework")
	if err != nil {
		return nil, fmt.Errorf("egg: %w", err)
	}
	report, err := o.callFramework(ctx, framework, given.text(), s)
	switch {
	case err != nil:
		return nil, fmt.Errorf("egg: framework: %s: %w", framework, err)
	case report.Error != "":
		return nil, fmt.Errorf("egg: framework: %s: %s", framework, report.Error)
	case report.Why != "":
		log := s.Log
		if log == nil {
			log = os.Stdout
		}
		fmt.Fprintf(log, "[master] startCluster of the framework %s is not called, because %s: give what it adds to the options\n", framework, report.Why)
	case report.Options != nil:
		return report.Options, nil
	}
	return text, nil
}

// callFramework runs the script.
func (o *Options) callFramework(ctx context.Context, framework string, text json.RawMessage, s Settings) (report frameworkReport, err error) {
	node, err := findNode(s.Node)
	if err != nil {
		return report, err
	}
	told, err := os.CreateTemp("", "nodecluster-egg-")
	if err != nil {
		return report, err
	}
	defer told.Close()
	os.Remove(told.Name())
	args := slices.DeleteFunc(slices.Clone(s.ExecArgv), func(argument string) bool { return isDebugged([]string{argument}) })
	settings := &object{}
	settings.set("framework", quote(framework))
	settings.set("cluster", quote(o.release.folder))
	if o.release.four {
		settings.set("modules", quote(filepath.Join(o.release.folder, "dist", "esm", "index.js")))
	}
	args = append(args, "-e", frameworkScript, "start-cluster", string(text), string(settings.text()))
	cmd := exec.CommandContext(ctx, node, args...)
	cmd.Env = slices.DeleteFunc(append(os.Environ(), s.Env...), isOfChannel)
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = orStream(s.Stdout, os.Stdout), orStream(s.Stderr, os.Stderr), []*os.File{told}
	cmd.SysProcAttr, cmd.WaitDelay = s.SysProcAttr, frameworkPause
	if err := cmd.Run(); ctx.Err() != nil {
		return report, context.Cause(ctx)
	} else if err != nil {
		return report, fmt.Errorf("its startCluster: %w", err)
	}
	return readReport(told)
}

// isOfChannel is for the variables of a channel to this process's parent, which is not the other process's.
func isOfChannel(variable string) bool {
	return strings.HasPrefix(variable, "NODE_CHANNEL_") || strings.HasPrefix(variable, "NODE_UNIQUE_ID=")
}

func orStream(w io.Writer, otherwise *os.File) io.Writer {
	if w == nil {
		return otherwise
	}
	return w
}

// readReport reads from the beginning.
func readReport(told *os.File) (report frameworkReport, err error) {
	text, err := io.ReadAll(io.NewSectionReader(told, 0, maxFrameworkOptions+1))
	switch {
	case err != nil:
		return report, err
	case len(text) == 0:
		return report, errors.New("its startCluster has ended without a call of Egg's")
	case len(text) > maxFrameworkOptions:
		return report, fmt.Errorf("the options of its startCluster have more than %d MiB", maxFrameworkOptions>>20)
	}
	if err = json.Unmarshal(text, &report); err != nil {
		return report, fmt.Errorf("the options of its startCluster: %w", err)
	}
	if _, err := parseObject(report.Options); report.Options != nil && err != nil {
		return report, errors.New("the options of its startCluster are no JSON object")
	}
	report.Error, _, _ = strings.Cut(report.Error, "\n")
	return report, nil
}
