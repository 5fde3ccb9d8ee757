package main

import (
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/logs"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/options"
	"github.com/spf13/pflag"
)

// passthrough is the kind of log in which what workers print goes where this program's own output does.
const passthrough logs.Kind = "passthrough"

// logFlags say where what workers print goes.
type logFlags struct{ logs.Options }

func (f *logFlags) addTo(flags *pflag.FlagSet) {
	flags.Var(options.Value{Kind: "text|json|journal|none|passthrough", To: options.OneOf(&f.Kind, logs.Text, logs.JSON, logs.Journal, logs.None, passthrough)},
		"log-type", "where what workers print goes: text and json, into the application's log; journal, to\nsystemd's; none, nowhere; passthrough, where the output of this program goes\n(default text for start, passthrough for run)")
	flags.StringVarP(&f.OutFile, "out-file", "o", "", "a further file that gets what workers print to standard output (default none)")
	flags.StringVarP(&f.ErrorFile, "error-file", "e", "", "a further file that gets what they print to standard error (default none)")
	flags.StringVarP(&f.LogFile, "log-file", "l", "", "a further file that gets both (default none)")
	flags.BoolVar(&f.Time, "time", false, "begin each line of these files with the time")
	flags.StringVar(&f.DateFormat, "log-date-format", "", "the same in a `FORMAT` of dayjs, as YYYY-MM-DD HH:mm:ss.SSS (default none)")
	flags.Var(options.Value{Kind: "SIZE", To: func(text string) error {
		size, err := options.ParseSize(text)
		f.MaxSize = int64(size)
		return err
	}}, "log-max-size", "how large a log gets before it is rotated, as 20M (default 20M)")
	flags.Var(options.Value{Kind: "DURATION", To: options.SetDuration(&f.MaxAge)}, "log-max-age", "how long rotated logs are kept, in whole days, as 720h (default 720h)")
	flags.IntVar(&f.MaxFiles, "log-max-files", 0, "how many rotated logs are kept (default 10)")
}

// open opens the log of an application. It is nil where what workers print passes through. The kind is the one that is meant if none is said.
func (f *logFlags) open(usual logs.Kind, name, path string) (*logs.Writer, error) {
	o := f.Options
	if o.Kind == "" {
		o.Kind = usual
	}
	if o.Kind == passthrough {
		return nil, nil
	}
	o.Identifier, o.Path = name, path
	return logs.Open(o)
}
