package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"time"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/logs"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/table"
	"github.com/spf13/cobra"
)

// logsFlags are those of the command logs.
type logsFlags struct {
	logPrinter
	lines         int
	since, grep   string
	out, err, end bool
}

func newLogsCommand() *cobra.Command {
	var f logsFlags
	command := &cobra.Command{
		Use: "logs [NAME...]", Short: "Print what applications print, and go on as they print more",
		Long: `Print the last lines that applications have printed, in the order in which they came, also from files that were rotated, and go on
as they print more. Without a name it is all of them; api/2 is instance 2 of the application api.`,
		Example: `  nodecluster logs api -n 100
  nodecluster logs api/2 --err --since 10m --nostream
  nodecluster logs --grep 'ECONN|timeout' --json`,
		ValidArgsFunction: completeNames,
		RunE:              func(command *cobra.Command, names []string) error { return f.run(command, names) },
	}
	flags := command.Flags()
	flags.IntVarP(&f.lines, "lines", "n", 15, "how many lines come of those that are there, of each application; -1 is for all")
	flags.StringVar(&f.since, "since", "", "only lines since a `TIME`, such as 10m, 2h30m or 2026-11-29T13:30:00+01:00; all of them, without -n\n(default none)")
	flags.StringVar(&f.grep, "grep", "", "only lines that match a regular expression `RE`, as in Go (default none)")
	f.logPrinter.addTo(flags)
	flags.BoolVar(&f.err, "err", false, "only what was printed to standard error")
	flags.BoolVar(&f.out, "out", false, "only what was printed to standard output")
	flags.BoolVar(&f.end, "nostream", false, "end after the lines that are there")
	return command
}

func (f *logsFlags) run(command *cobra.Command, names []string) error {
	query, err := f.query(command.Flags().Changed("lines"), time.Now())
	if err != nil {
		return err
	}
	if len(names) == 0 {
		names = []string{"all"}
	}
	apps, err := findApps(names)
	if err != nil {
		return asFailure(err)
	}
	files, err := logFiles(apps)
	if err != nil {
		return asFailure(err)
	}
	out := bufio.NewWriter(command.OutOrStdout())
	defer out.Flush()
	print := f.logPrinter.to(out, table.OptionsFor(os.Stdout).Color)
	for line, err := range logs.ReadAll(command.Context(), files, query) {
		if err == nil {
			err = print(line)
		}
		if err == nil && query.Follow {
			err = out.Flush()
		}
		if err != nil {
			return asFailure(err)
		}
	}
	return nil
}

// query is what the flags ask for.
func (f *logsFlags) query(countIsGiven bool, now time.Time) (q logs.Query, err error) {
	q = logs.Query{Lines: f.lines, Stdout: f.out, Stderr: f.err, Instance: -1, Follow: !f.end}
	switch {
	case f.json && f.raw:
		return q, errors.New("--json and --raw: use one of them")
	case f.pairs && (f.json || f.raw):
		return q, errors.New("--format is not for --json or --raw: use one of them")
	}
	if f.grep != "" {
		if q.Grep, err = regexp.Compile(f.grep); err != nil {
			return q, fmt.Errorf("--grep: %w", err)
		}
	}
	if f.since == "" {
		return q, nil
	}
	if !countIsGiven {
		q.Lines = -1
	}
	if ago, err := time.ParseDuration(f.since); err == nil && ago >= 0 {
		q.Since = now.Add(-ago)
		return q, nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02"} {
		if q.Since, err = time.ParseInLocation(layout, f.since, time.Local); err == nil {
			return q, nil
		}
	}
	return q, fmt.Errorf("--since %s: use a duration, such as 10m, or a time, such as 2026-11-29T13:30:00", strconv.Quote(f.since))
}

// logFiles are where the output of applications is.
func logFiles(apps []*application) (files []logs.File, err error) {
	for _, a := range apps {
		switch a.config.LogType {
		case "journal":
			err = fmt.Errorf("the output of %s is in the journal: use journalctl -t %s", a.Name(), a.Name())
		case "none":
			err = fmt.Errorf("the output of %s is not kept: its log_type is none", a.Name())
		default:
			files = append(files, logs.File{App: a.Name(), Path: a.LogFile(), Instance: a.instance})
		}
	}
	if len(files) > 0 { // the others are not asked for by name, or not alone
		return files, nil
	}
	return nil, err
}
