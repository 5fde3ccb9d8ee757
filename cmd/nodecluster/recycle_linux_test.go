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
	if begun.Reason != "it has had 2 connections" || begun.Cause != "connections" || begun.Level != "INFO" || begun.Instance == nil || *begun.Instance != 0 {
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

// At the times of --cron all workers are replaced by those of what the paths lead to by then.
func TestCron(t *testing.T) {
	d := newDeployment(t)
	p := d.launch("--cron", "@every 1s")
	d.release("2", released)
	begun := p.await("reload", 1)[0]
	if begun.Reason != `the schedule is "@every 1s"` || begun.Level != "INFO" || begun.Instance != nil {
		t.Errorf("the reload is told as %+v", begun)
	}
	p.await("reloaded", 2) // the first may have begun before the release was there
	d.expectRelease("2")
	p.stop()
}

// A pool that follows the load begins with the least number, or with that of -i, which is between the two.
func TestAutoscaleFlag(t *testing.T) {
	script := nodetest.Script(t, "nothing.js", done)
	for want, args := range map[int][]string{2: {script}, 3: {"-i", "3", script}} {
		p := launch(t, nil, append([]string{"--autoscale", "2-4"}, args...)...)
		p.expectStatus(0)
		if n := len(p.events("fork")); n != want {
			t.Errorf("%d workers, want %d", n, want)
		}
	}
	launch(t, nil, "--log-format", "text", "--autoscale", "2-4", "-i", "5", script).expectOneError(
		"Options.Instances is 5: use a number from 2 to 4, as Options.Autoscale says")
}
