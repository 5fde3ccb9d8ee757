package config

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	_ "embed" // the loader
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

//go:embed loader.cjs
var loader string

// regExpKey is the key under which the loader gives a regular expression.
const regExpKey = "$regexp"

// answer is what the loader says.
type answer struct {
	Config json.RawMessage
	Error  *struct{ Message, Hint, Stack string }
}

// run evaluates a file in JavaScript by the node of PATH.
func (d *document) run(path string) (*value, error) {
	if _, err := readFile(path); err != nil {
		return nil, err // before node says so in many words
	}
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, errors.New("it is JavaScript, and there is no node on PATH to read it: install Node.js, or use a nodecluster.yaml")
	}
	mark := "nodecluster-" + rand.Text()
	stdout, stderr := &limited{left: maxFile}, &limited{left: maxFile}
	err = d.runNode(node, path, mark, stdout, stderr)
	said, printed, ok := cutAnswer(stdout.Bytes(), mark)
	if d.Output != nil {
		d.Output.Write(printed)
		d.Output.Write(stderr.Bytes())
	}
	switch {
	case !ok && err == nil:
		return nil, errors.New("it has ended the process by which it was read")
	case !ok:
		message := cmp.Or(lastError(stderr.String()), err.Error())
		return nil, &Error{File: d.name, Message: message, Excerpt: ownFrames(stderr.String())}
	}
	return d.readAnswer(path, said)
}

func (d *document) runNode(node, path, mark string, stdout, stderr io.Writer) error {
	timeout := cmp.Or(d.Timeout, 10*time.Second)
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, "--no-warnings", "--input-type=commonjs", "-e", loader, path, mark)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.WaitDelay = time.Second // for what the file has started and left
	err := cmd.Run()
	if ctx.Err() != nil {
		return fmt.Errorf("it has not been read after %v: node was ended", timeout)
	}
	if errors.Is(err, exec.ErrWaitDelay) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("node has failed: %w", err)
	}
	return nil
}

// limited keeps so many bytes.
type limited struct {
	bytes.Buffer
	left int
}

func (l *limited) Write(p []byte) (int, error) {
	if l.left -= len(p); l.left < 0 {
		return 0, errors.New("it prints more than 16 MiB")
	}
	return l.Buffer.Write(p)
}

// cutAnswer finds what the loader says between two marks, and gives what was printed beside it.
func cutAnswer(output []byte, mark string) (said, printed []byte, ok bool) {
	before, rest, found := bytes.Cut(output, []byte("\n"+mark))
	said, after, closed := bytes.Cut(rest, []byte(mark+"\n"))
	if !found || !closed {
		return nil, output, false
	}
	return said, append(bytes.Clone(before), after...), true
}

// lastError is the line of what node prints of an error that names it.
func lastError(printed string) string {
	for line := range strings.Lines(printed) {
		if errorLine.MatchString(line) {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

var errorLine = regexp.MustCompile(`^(\w*Error|node: bad option)\b`)

// readAnswer reads the configuration, which is JSON.
func (d *document) readAnswer(path string, said []byte) (*value, error) {
	var a answer
	if err := json.Unmarshal(said, &a); err != nil {
		return nil, fmt.Errorf("what node says of it makes no sense: %w", err)
	}
	if a.Error != nil {
		message, _, _ := strings.Cut(a.Error.Message, "\n")
		if a.Error.Hint != "" {
			message += ": " + a.Error.Hint
		}
		e := &Error{File: d.name, Message: message, Excerpt: ownFrames(a.Error.Stack)}
		e.Line, e.Column = whereIn(a.Error.Stack, path)
		return nil, e
	}
	if a.Config == nil {
		return nil, errors.New("it exports nothing: use module.exports = { apps: [...] }, or export default")
	}
	return parseJSON(a.Config)
}

// ownFrames is a stack without the frames of Node and of the loader.
func ownFrames(stack string) string {
	var b strings.Builder
	for line := range strings.Lines(stack) {
		if !strings.Contains(line, "node:internal") && !strings.Contains(line, "[eval]") && !strings.Contains(line, "(internal/") {
			b.WriteString(line)
		}
	}
	return strings.TrimSpace(b.String())
}

// whereIn is the first place in a file that a stack names, 0 and 0 if there is none.
func whereIn(stack, path string) (line, column int) {
	at := regexp.MustCompile(regexp.QuoteMeta(filepath.ToSlash(path)) + `:(\d+)(?::(\d+))?`).FindStringSubmatch(filepath.ToSlash(stack))
	if at == nil {
		return 0, 0
	}
	line, _ = strconv.Atoi(at[1])
	column, _ = strconv.Atoi(at[2])
	return line, max(column, 1)
}
