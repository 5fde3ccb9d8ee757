package cluster

// Bounds on what a worker may have waiting for a reader of events before its channel is no longer read.
const (
	maxWaiting    = 16 << 20
	eventCost     = 512
	handleCost    = 64 << 10 // a process has fewer descriptors than memory
	resumeWaiting = maxWaiting / 2
)

// waiting is what a worker's events cost that a reader has not taken yet.
type waiting struct {
	cost  int
	holds bool // the worker is held back for it
}

// charge has a worker answer for an event that waits.
func (r *Subscription) charge(e entry) {
	if e.worker == nil {
		return
	}
	of := r.waiting[e.worker]
	if of == nil {
		of = &waiting{}
		r.waiting[e.worker] = of
	}
	of.cost += e.cost
	if !of.holds && of.cost > maxWaiting {
		of.holds = true
		e.worker.hold()
	}
}

// discharge is for an event that does not wait any more.
func (r *Subscription) discharge(e entry) {
	if e.worker == nil {
		return
	}
	of := r.waiting[e.worker]
	of.cost -= e.cost
	if of.holds && of.cost <= resumeWaiting {
		of.holds = false
		e.worker.letGo()
	}
	if of.cost == 0 {
		delete(r.waiting, e.worker)
	}
}

// hold stops reading a worker's channel, for one more reader.
func (w *Worker) hold() {
	if w.holds++; w.holds == 1 {
		w.child.Pause()
	}
}

// letGo ends a hold. The channel is read again when none is left.
func (w *Worker) letGo() {
	if w.holds--; w.holds == 0 {
		w.child.Resume()
	}
}
