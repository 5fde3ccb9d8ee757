package eventlog

import (
	"bytes"
	"log/slog"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

func TestLogger(t *testing.T) {
	nodetest.NoLeaks(t)
	var out bytes.Buffer
	log := New(&out, Text, Info, nil)
	logger := log.Logger().With("socket", "control.sock")
	logger.Debug("nothing")
	logger.Error("a handler has panicked", slog.String("stack", "one\ntwo"))
	log.Close()
	if got, want := out.String(), "nodecluster: a handler has panicked; socket: control.sock; stack: one; two\n"; got != want {
		t.Errorf("the log is %q, want %q", got, want)
	}
}
