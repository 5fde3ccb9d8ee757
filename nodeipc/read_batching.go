package nodeipc

import "time"

const (
	spanLength    = 512    // messages, whose time is taken
	trialLength   = 128    // messages with delays, which may turn out to be slow
	minRate       = 25_000 // messages a second, below which a delay brings one or two
	minGain       = 0.85   // of the rate without delays, which cost more CPU
	onSpans       = 64     // spans with delays after a trial that was worth while
	minPauseSpans = 32     // spans without a trial after one that was slow, and twice as many after the next
	maxPauseSpans = 1024
	burstSize     = 8  // messages in one read are many
	burstReads    = 16 // reads without many, and they no longer come in bursts
)

// batching finds out whether a short delay before each read is worth while, in which messages gather that are then read in one
// batch. The delay saves wake-ups and system calls at both ends. But a peer with few messages to answer has soon answered them all,
// and waits. Only the time that messages take tells the two apart, so it is measured in spans: without delays, in a trial with them,
// and with them for as long as the trial was worth while. Only the loop touches it.
type batching struct {
	phase      batchPhase
	bursts     int // is more than 0 while many messages come in one read
	messages   int
	reads      int
	hasRead    bool // a read came since the last delay
	began      time.Time
	baseRate   float64 // messages a second without delays
	spansLeft  int     // spans until the phase may change
	pauseSpans int     // spans without a trial after the last that was slow
}

type batchPhase uint8

const (
	batchOff   batchPhase = iota // no delays
	batchTrial                   // delays, whose rate is measured
	batchOn                      // delays, which were found to be worth while
)

// delays reports whether to delay the next read. One delay at most follows each read, whatever else wakes the loop.
func (b *batching) delays() bool {
	hasRead := b.hasRead
	b.hasRead = false
	return hasRead && b.phase != batchOff
}

// count is told how many messages a read has brought.
func (b *batching) count(messages int, now func() time.Time) {
	if b.began.IsZero() {
		b.began = now()
	}
	b.hasRead = true
	b.messages += messages
	b.reads++
	switch {
	case b.phase != batchOff && !b.inBursts(messages):
		b.stop(now())
		return
	case b.messages < trialLength || b.messages < spanLength && b.phase != batchTrial:
		return
	case b.phase == batchOff && b.spansLeft == 0 && b.messages*2 < b.reads*3:
		b.beginSpan(now()) // they mostly come one by one
		return
	}
	t := now()
	b.endSpan(float64(b.messages)/t.Sub(b.began).Seconds(), t)
}

// inBursts reports whether many messages came in one read lately.
func (b *batching) inBursts(messages int) bool {
	if messages >= burstSize {
		b.bursts = burstReads
	} else {
		b.bursts--
	}
	return b.bursts > 0
}

// endSpan ends a span whose messages came at a rate, and chooses the phase of the next.
func (b *batching) endSpan(rate float64, now time.Time) {
	switch {
	case b.phase == batchTrial && rate < minGain*b.baseRate:
		b.stop(now)
		return
	case b.phase == batchTrial:
		b.phase, b.spansLeft, b.pauseSpans = batchOn, onSpans, 0
	case b.spansLeft > 0:
		b.spansLeft--
	case b.phase == batchOn:
		b.phase = batchOff // for a span, to compare with
	case rate >= minRate:
		b.phase, b.baseRate, b.bursts = batchTrial, rate, burstReads
	}
	b.beginSpan(now)
}

// stop goes on without delays: after a trial for a number of spans, which doubles with each trial that fails.
func (b *batching) stop(now time.Time) {
	if b.phase == batchTrial {
		b.pauseSpans = min(max(2*b.pauseSpans, minPauseSpans), maxPauseSpans)
		b.spansLeft = b.pauseSpans
	}
	b.phase = batchOff
	b.beginSpan(now)
}

func (b *batching) beginSpan(now time.Time) { b.messages, b.reads, b.began = 0, 0, now }
