package nodeipc

import "time"

const (
	spanLength  = 512    // messages, whose time is taken
	trialLength = 128    // messages with lulls, which may turn out to be slow
	minRate     = 25_000 // messages a second, below which a lull brings one or two
	worthwhile  = 0.85   // of the rate without lulls, as they save so much CPU
	choiceSpans = 64     // for how long what was found to be worth while is taken for so
	minRefusal  = 32     // spans without a trial after one that was slow, and twice as many after the next
	maxRefusal  = 1024
	burst       = 8  // messages in one read are many
	burstMemory = 16 // reads without many, and they no longer come in bursts
)

// gathering finds out whether it is worth while to let messages gather in a lull before each read. That saves wake-ups and
// system calls at both ends, but a peer that has few to answer has soon answered them all, and waits. Nothing but the time
// that messages take tells the two apart. Only the loop touches it.
type gathering struct {
	phase     gatheringPhase
	bursts    int // is more than 0 while many messages come in one read
	messages  int
	reads     int
	heard     bool // a read came since the last lull
	began     time.Time
	plainRate float64 // messages a second without lulls
	rest      int     // spans that are left until the phase is thought over
	refusal   int     // spans without a trial after the last that was slow
}

type gatheringPhase uint8

const (
	gatheringPlain  gatheringPhase = iota // no lulls
	gatheringTrial                        // lulls, whose rate is taken
	gatheringChosen                       // lulls, which were found to be worth while
)

// lull reports whether a lull is to come before the next read. There is one after each at most, whatever else wakes the loop.
func (g *gathering) lull() bool {
	heard := g.heard
	g.heard = false
	return heard && g.phase != gatheringPlain
}

// count is told how many messages a read has brought.
func (g *gathering) count(messages int, now func() time.Time) {
	if g.began.IsZero() {
		g.began = now()
	}
	g.heard = true
	g.messages += messages
	g.reads++
	switch {
	case g.phase != gatheringPlain && !g.inBursts(messages):
		g.end(now())
		return
	case g.messages < trialLength || g.messages < spanLength && g.phase != gatheringTrial:
		return
	case g.phase == gatheringPlain && g.rest == 0 && g.messages*2 < g.reads*3:
		g.begin(now()) // they mostly come one by one
		return
	}
	t := now()
	g.conclude(float64(g.messages)/t.Sub(g.began).Seconds(), t)
}

// inBursts reports whether many messages came in one read lately.
func (g *gathering) inBursts(messages int) bool {
	if messages >= burst {
		g.bursts = burstMemory
	} else {
		g.bursts--
	}
	return g.bursts > 0
}

// conclude ends a span whose messages came at a rate, and says how the next goes.
func (g *gathering) conclude(rate float64, now time.Time) {
	switch {
	case g.phase == gatheringTrial && rate < worthwhile*g.plainRate:
		g.end(now)
		return
	case g.phase == gatheringTrial:
		g.phase, g.rest, g.refusal = gatheringChosen, choiceSpans, 0
	case g.rest > 0:
		g.rest--
	case g.phase == gatheringChosen:
		g.phase = gatheringPlain // for a span, to compare with
	case rate >= minRate:
		g.phase, g.plainRate, g.bursts = gatheringTrial, rate, burstMemory
	}
	g.begin(now)
}

// end goes on without lulls: after a trial for a while, and for longer the more of them have failed.
func (g *gathering) end(now time.Time) {
	if g.phase == gatheringTrial {
		g.refusal = min(max(2*g.refusal, minRefusal), maxRefusal)
		g.rest = g.refusal
	}
	g.phase = gatheringPlain
	g.begin(now)
}

func (g *gathering) begin(now time.Time) { g.messages, g.reads, g.began = 0, 0, now }
