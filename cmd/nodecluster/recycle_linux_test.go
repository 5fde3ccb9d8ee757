package main

import (
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// Each worker that is replaced without being told to is told of, with the reason.
func TestReplacements(t *testing.T) {
	port := nodetest.FreePort(t)
	p := launch(t, portVariable(port), "-i", "1", "--max-connections", "2", "--max-lifetime", "1h", "--max-memory", "1G", app(t, "http.js"))
	p.await("listening", 1)
	for range 2 {
		mustAsk(t, "tcp", localhost(port))
	}
	begun, ended := p.await("replace", 1)[0], p.await("replaced", 1)[0]
	if begun.Reason != "it has had 2 connections" || begun.Level != "INFO" || begun.Instance == nil || *begun.Instance != 0 {
		t.Errorf("the replacement is told as %+v", begun)
	}
	if ended.Level != "INFO" || ended.Instance == nil || *ended.Instance != 0 {
		t.Errorf("the end of the replacement is told as %+v", ended)
	}
	mustAsk(t, "tcp", localhost(port))
	p.stop()
}

// In text a replacement is a sentence, and a limit that nobody can keep is an error.
func TestReplacementsAsText(t *testing.T) {
	p := launch(t, portVariable(nodetest.FreePort(t)), "--log-format", "text", "-i", "1", "--max-lifetime", "50ms", app(t, "http.js"))
	p.stderr.awaitText(t, "replaced the worker of instance 0\n")
	p.stop()
	if text := p.stderr.String(); !strings.Contains(text, "\nreplacing the worker of instance 0: it is ") || !strings.Contains(text, " old\n") {
		t.Errorf("the log is\n%s", text)
	}
	launch(t, nil, "--log-format", "text", "-i", "1", "--sched", "none", "--max-connections", "2", app(t, "http.js")).expectOneError(
		`Options.MaxConnections is 2: under the scheduling policy "none" workers accept by themselves, and nobody counts that: use "rr" or "least"`)
}
