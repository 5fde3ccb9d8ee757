package cluster

import (
	"testing"
	"time"
)

func TestDrainStages(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name  string
		stage drainStage
		signs drainSigns
		next  drainStage
		wait  time.Duration
	}{
		{"nothing is on its way", answering, drainSigns{}, settling, settleTime},
		{"a connection is on its way", answering, drainSigns{busy: true}, answering, answerLimit},
		{"and its answer takes time", answering, drainSigns{busy: true, asked: 300 * ms}, answering, answerLimit - 300*ms},
		{"too much time", answering, drainSigns{busy: true, asked: answerLimit}, settling, settleTime},
		{"but the worker does not read yet", answering, drainSigns{busy: true, unread: true, asked: answerLimit}, answering, maxReadPause},
		{"and never does", answering, drainSigns{busy: true, unread: true, asked: readLimit}, settling, settleTime},
		{"it has just begun to settle", settling, drainSigns{asked: 400 * ms}, settling, settleTime},
		{"it settles", settling, drainSigns{asked: 400 * ms, settled: 5 * ms}, settling, settleTime - 5*ms},
		{"it has settled", settling, drainSigns{asked: 400 * ms, settled: settleTime}, told, 0},
		{"it has not read", settling, drainSigns{unread: true, settled: settleTime}, settling, settleTime / 4},
		{"it has not read for long", settling, drainSigns{unread: true, settled: time.Second}, settling, maxReadPause},
		{"it does not read", settling, drainSigns{unread: true, asked: readLimit, settled: time.Second}, told, 0},
		{"it stays", staying, drainSigns{busy: true, asked: time.Hour}, staying, 0},
		{"it knows", told, drainSigns{busy: true, asked: time.Hour}, told, 0},
	} {
		if next, wait := c.stage.after(c.signs); next != c.next || wait != c.wait {
			t.Errorf("%s: the stage %d follows in %v, want %d in %v", c.name, next, wait, c.next, c.wait)
		}
	}
}

// Whatever the signs are, a worker is told in the end, and soon if it reads.
func TestDrainEnds(t *testing.T) {
	for _, g := range []drainSigns{{}, {busy: true}, {unread: true}, {busy: true, unread: true}} {
		limit := answerLimit + settleTime
		if g.unread {
			limit = readLimit + settleTime
		}
		stage, checks := answering, 0
		for stage != told {
			next, wait := stage.after(g)
			if next == settling && stage == answering {
				g.settled = 0
			} else {
				g.settled += wait
			}
			g.asked += wait
			stage = next
			if checks++; g.asked > limit+maxReadPause || checks > 300 {
				t.Fatalf("%+v: the stage is %d after %v and %d checks", g, stage, g.asked, checks)
			}
		}
	}
}
