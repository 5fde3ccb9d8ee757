package home

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"time"
)

// format is that of the records that are written. One that an older nodecluster would misread gets the next number; a field that it can
// pass over does not.
const format = 1

// maxRecordSize is in bytes. What is larger is no record.
const maxRecordSize = 16 << 20

// What is wanted of an application.
const (
	Running = "running"
	Stopped = "stopped"
)

var (
	// ErrDamaged is in the error of Load if the file is no record.
	ErrDamaged = errors.New("it is damaged")
	// ErrNewer is in the error of Load if a newer nodecluster has written the record in a way that this one cannot read.
	ErrNewer = errors.New("it was written by a newer nodecluster")
)

// A Record is what is on disk of an application.
type Record struct {
	// Wanted is Running or Stopped.
	Wanted string `json:"wanted"`
	// Config is its configuration, a config.App.
	Config json.RawMessage `json:"config,omitempty"`
	// Source is the absolute path of the file that the configuration came from, "" if it came from the command line.
	Source    string    `json:"source,omitempty"`
	CreatedAt time.Time `json:"createdAt,omitzero"`
	// Foreground reports whether run has started the application, and nobody wants it once that has ended.
	Foreground bool `json:"foreground,omitempty"`
	// LastEnd is how its last supervisor has ended, nil if none has told.
	LastEnd *End `json:"lastEnd,omitempty"`

	unknown map[string]json.RawMessage // the fields of a newer nodecluster, which Save keeps
}

// An End is how a supervisor has ended.
type End struct {
	At         time.Time `json:"at"`
	Error      string    `json:"error,omitempty"`
	Output     []string  `json:"output,omitempty"` // the last lines that the worker printed that has failed
	ExitStatus int       `json:"exitStatus"`
}

// Load reads the record. The error holds fs.ErrNotExist if there is none, ErrDamaged or ErrNewer; it names the file, in one line.
func (a *App) Load() (Record, error) {
	content, err := readRecord(a.recordFile())
	if err != nil {
		return Record{}, remedy(err)
	}
	r, err := parseRecord(content)
	switch {
	case errors.Is(err, ErrNewer):
		return Record{}, fmt.Errorf("cannot read %s: %w: use that version", a.recordFile(), err)
	case err != nil:
		return Record{}, fmt.Errorf("cannot read %s: %w: delete the application and start it again", a.recordFile(), err)
	}
	return r, nil
}

// readRecord opens without waiting for the writer of what may be a named pipe.
func readRecord(path string) ([]byte, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|nonblock, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("cannot read %s: %w: it is no regular file: move it away", path, ErrDamaged)
	}
	if info.Size() > maxRecordSize {
		return nil, fmt.Errorf("cannot read %s: %w: it has %d bytes: move it away", path, ErrDamaged, info.Size())
	}
	return io.ReadAll(io.LimitReader(file, maxRecordSize))
}

func parseRecord(content []byte) (Record, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(content, &fields); err != nil {
		return Record{}, fmt.Errorf("%w (%v)", ErrDamaged, err)
	}
	var number int
	if err := json.Unmarshal(fields["format"], &number); err != nil || number < 1 {
		return Record{}, fmt.Errorf("%w (it has no format)", ErrDamaged)
	}
	if number > format {
		return Record{}, fmt.Errorf("%w (format %d, and this one knows %d)", ErrNewer, number, format)
	}
	var r Record
	if err := json.Unmarshal(content, &r); err != nil {
		return Record{}, fmt.Errorf("%w (%v)", ErrDamaged, err)
	}
	if err := r.check(); err != nil {
		return Record{}, fmt.Errorf("%w (%v)", ErrDamaged, err)
	}
	delete(fields, "format")
	for _, known := range recordFields {
		delete(fields, known)
	}
	if len(fields) > 0 {
		r.unknown = fields
	}
	return r, nil
}

func (r Record) check() error {
	if r.Wanted != Running && r.Wanted != Stopped {
		return fmt.Errorf("it is wanted %q, and not %q or %q", r.Wanted, Running, Stopped)
	}
	return nil
}

// content is the record as it is on disk.
func (r Record) content() ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	known, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	fields := maps.Clone(r.unknown)
	if fields == nil {
		fields = map[string]json.RawMessage{}
	}
	if err := json.Unmarshal(known, &fields); err != nil {
		return nil, err
	}
	fields["format"] = json.RawMessage(fmt.Sprint(format))
	content, err := json.MarshalIndent(fields, "", "  ")
	return append(content, '\n'), err
}
