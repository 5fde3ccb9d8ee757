//go:build linux

package main

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/nodecluster/nodecluster/cmd/internal/measure"
)

//go:embed testdata/log4js-worker.js
var log4jsWorker []byte

//go:embed testdata/log4js-primary.js
var log4jsPrimary []byte

// log4jsLines is a primary whose workers log by log4js, and the file that gets the lines.
type log4jsLines struct {
	*measure.Program
	file string
}

// log4jsContenders are Node's own primary with log4js in it, which the others are compared to, and nodecluster.
func log4jsContenders() (all []*contender) {
	for _, serialization := range []string{"json", "advanced"} {
		for _, appender := range []string{"stdout", "file"} {
			all = append(all, &contender{name: fmt.Sprintf("Node's cluster, %s, appender %s", serialization, appender), start: startNodeLog4js(serialization, appender)})
		}
		all = append(all, &contender{name: "nodecluster run, " + serialization, start: startOurLog4js(serialization)})
	}
	return all
}

func startNodeLog4js(serialization, appender string) func(o *options, script, folder string) (running, error) {
	return func(o *options, script, folder string) (running, error) {
		primary, file := filepath.Join(folder, "primary.js"), filepath.Join(folder, "lines")
		if err := os.WriteFile(primary, log4jsPrimary, 0o600); err != nil {
			return nil, err
		}
		settings, printed := `{"type":"stdout","layout":{"type":"basic"}}`, file
		if appender == "file" {
			settings, printed = fmt.Sprintf(`{"type":"file","filename":%q,"layout":{"type":"basic"}}`, file), os.DevNull
		}
		return startLog4js([]string{o.node, primary}, file, printed,
			"APPENDER="+settings, "SCRIPT="+script, "SERIALIZATION="+serialization, fmt.Sprint("WORKERS=", o.workers))
	}
}

func startOurLog4js(serialization string) func(o *options, script, folder string) (running, error) {
	return func(o *options, script, folder string) (running, error) {
		file := filepath.Join(folder, "lines")
		return startLog4js([]string{o.nodecluster, "run", "--node", o.node, "-i", fmt.Sprint(o.workers), "--serialization", serialization, script}, file, file)
	}
}

// startLog4js starts a command whose standard output is a file, and waits for the first line.
func startLog4js(command []string, file, printed string, env ...string) (running, error) {
	program, err := measure.Start(background, append([]string{"sh", "-c", `exec "$@" >"$0"`, printed}, command...), env...)
	if err != nil {
		return nil, err
	}
	r := &log4jsLines{program, file}
	if err := program.Await("line of log4js", func() bool { t, err := r.look(); return err == nil && t.lines > 0 }); err != nil {
		r.end()
		return nil, err
	}
	return r, nil
}

// look counts lines by their length, which all have in common.
func (r *log4jsLines) look() (turn, error) {
	if err := r.Running(); err != nil {
		return turn{}, err
	}
	f, err := os.Open(r.file)
	if err != nil {
		return turn{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return turn{}, err
	}
	begin := make([]byte, 4<<10)
	n, _ := f.Read(begin)
	length := bytes.IndexByte(begin[:n], '\n') + 1
	if length == 0 {
		return turn{}, errors.New("there is no line")
	}
	return turn{
		lines: int(info.Size()) / length, keeper: measure.CPU(r.PID()), workers: measure.CPU(measure.Children(r.PID())...), memory: measure.Memory(r.PID()),
	}, nil
}

func (r *log4jsLines) end() { r.End() }
