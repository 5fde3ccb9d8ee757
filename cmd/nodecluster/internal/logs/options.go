package logs

import (
	"fmt"
	"time"
)

// Kind is where the workers' output goes, and in what form.
type Kind string

const (
	Text    Kind = "text"    // to a file, for people; the default
	JSON    Kind = "json"    // to a file, an object a line
	Journal Kind = "journal" // to systemd's journal, with its fields
	None    Kind = "none"    // nowhere; its last lines are kept
)

// What the zero values of Options stand for: a log takes 220 MiB on disk at most, and most often a tenth of that.
const (
	DefaultMaxSize  int64 = 20 << 20
	DefaultMaxAge         = 30 * 24 * time.Hour
	DefaultMaxFiles       = 10
)

// Options say where the output goes. The zero value of a field is its default.
type Options struct {
	// Kind is Text by default.
	Kind Kind
	// Path is the file, for the kinds that have one. It need not be there, nor its folder. A path that leads to no regular file, such as a FIFO or
	// /dev/stdout, is not rotated.
	Path string
	// Identifier is the application's name in the journal.
	Identifier string
	// OutFile, ErrorFile and LogFile are files that get the standard output, the standard error and both besides, as PM2 writes its files: the
	// text alone, after the time if Time is set, or objects if Kind is JSON. Two of them may be the same file. None by default.
	OutFile, ErrorFile, LogFile string
	// Time puts the time before each line of OutFile, ErrorFile and LogFile, in the format DateFormat, which dayjs has, or as PM2 does
	// it by default. DateFormat alone does so too. Path always has the time.
	Time       bool
	DateFormat string
	// MaxSize is how many bytes a file has before it is rotated, [DefaultMaxSize] by default. It is rotated too when it was begun a day ago.
	MaxSize int64
	// MaxAge is how long rotated files are kept, in whole days, [DefaultMaxAge] by default, and MaxFiles how many of them,
	// [DefaultMaxFiles] by default. Those that are too old go when the file is rotated next.
	MaxAge   time.Duration
	MaxFiles int
}

// complete checks the options and sets the defaults.
func (o *Options) complete() error {
	switch o.Kind {
	case "":
		o.Kind = Text
	case Text, JSON, Journal, None:
	default:
		return fmt.Errorf("the kind of log %q is not known: use %q, %q, %q or %q", o.Kind, Text, JSON, Journal, None)
	}
	switch {
	case (o.Kind == Text || o.Kind == JSON) && o.Path == "":
		return fmt.Errorf("a log of the kind %q needs a file", o.Kind)
	case o.MaxSize < 0:
		return fmt.Errorf("the largest size of a log is %d: use a number of bytes, or 0 for %d", o.MaxSize, DefaultMaxSize)
	case o.MaxAge < 0:
		return fmt.Errorf("the largest age of a log is %v: use a longer one, or 0 for %v", o.MaxAge, DefaultMaxAge)
	case o.MaxFiles < 0:
		return fmt.Errorf("the number of rotated logs is %d: use 1 or more, or 0 for %d", o.MaxFiles, DefaultMaxFiles)
	}
	if o.MaxSize == 0 {
		o.MaxSize = DefaultMaxSize
	}
	if o.MaxAge == 0 {
		o.MaxAge = DefaultMaxAge
	}
	if o.MaxFiles == 0 {
		o.MaxFiles = DefaultMaxFiles
	}
	return nil
}
