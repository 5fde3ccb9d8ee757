package routes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/nodecluster/nodecluster/cluster"
)

// ErrTriggering is matched by the error of [PM2IO.Trigger] while the same action is carried out for another caller.
var ErrTriggering = errors.New("routes: the action is being carried out")

var (
	errPM2Left   = errors.New("it has ended before it answered")
	errPM2NoJSON = errors.New("what it has returned cannot be written as JSON")
	errPM2Late   = errors.New("it has not answered in time")
)

func pm2TooLong(size int) error {
	return fmt.Errorf("what it has returned has %d bytes: it may have %d", size, maxPM2Reply)
}

// UnknownActionError says that no worker has an action.
type UnknownActionError struct {
	Action string
	Known  []string // the actions that there are, sorted
}

func (e *UnknownActionError) Error() string {
	if len(e.Known) == 0 {
		return fmt.Sprintf("routes: no worker has an action %q, or any other", e.Action)
	}
	return fmt.Sprintf("routes: no worker has an action %q: there are %s", e.Action, strings.Join(e.Known, ", "))
}

// PM2Reply is what a worker has answered to [PM2IO.Trigger].
type PM2Reply struct {
	Worker *cluster.Worker
	// Return is what the action has returned, as JSON; nil if it has returned nothing.
	Return json.RawMessage
	// Err is why there is no answer; nil if there is one.
	Err error
}

// pm2Trigger is an action that workers are asked for.
type pm2Trigger struct {
	replies map[*cluster.Worker]*PM2Reply // nil for those that have not answered
	missing int
	done    chan struct{} // closed when none is missing
}

// reply notes the first answer of a worker, if it was asked. The route's mutex is held.
func (t *pm2Trigger) reply(w *cluster.Worker, reply PM2Reply) {
	if had, wasAsked := t.replies[w]; !wasAsked || had != nil {
		return
	}
	reply.Worker = w
	t.replies[w] = &reply
	if t.missing--; t.missing == 0 {
		close(t.done)
	}
}

// Trigger has workers carry out an action, such as those of all of [pool.Pool.Workers] that have it, and waits for what each returns until
// ctx ends. The parameter is passed on as text; nil is for none. The replies are in the order of the workers. Its error is an
// [UnknownActionError] if none of the workers has the action, or matches [ErrTriggering].
//
// The package's answers do not say which question they are for: one that comes after ctx has ended may be taken for the next one's.
func (r *PM2IO) Trigger(ctx context.Context, workers []*cluster.Worker, action string, parameter *string) (replies []PM2Reply, err error) {
	t, able, err := r.begin(workers, action)
	if err != nil {
		return nil, err
	}
	for _, w := range able {
		if err := w.Tell(pm2Question(action, parameter)); err != nil {
			r.mu.Lock()
			t.reply(w, PM2Reply{Err: err})
			r.mu.Unlock()
		}
	}
	select {
	case <-t.done:
	case <-ctx.Done():
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.triggers, action)
	for _, w := range able {
		t.reply(w, PM2Reply{Err: errPM2Late})
		replies = append(replies, *t.replies[w])
	}
	return replies, nil
}

// begin finds the workers that have an action, and has their answers be awaited.
func (r *PM2IO) begin(workers []*cluster.Worker, action string) (*pm2Trigger, []*cluster.Worker, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := &pm2Trigger{replies: map[*cluster.Worker]*PM2Reply{}, done: make(chan struct{})}
	var able []*cluster.Worker
	unknown := &UnknownActionError{Action: action}
	for _, w := range workers {
		state := r.workers[w]
		if state == nil {
			continue
		}
		for name, a := range state.actions {
			switch {
			case a.Type == "scoped":
			case name == action:
				able, t.replies[w] = append(able, w), nil
			case !slices.Contains(unknown.Known, name):
				unknown.Known = append(unknown.Known, name)
			}
		}
	}
	if len(able) == 0 {
		slices.Sort(unknown.Known)
		return nil, nil, unknown
	}
	if r.triggers[action] != nil {
		return nil, nil, fmt.Errorf("%w: %s", ErrTriggering, action)
	}
	t.missing = len(able)
	r.triggers[action] = t
	return t, able, nil
}

// pm2Question is what PM2 sends for an action.
func pm2Question(action string, parameter *string) any {
	if parameter == nil {
		return action
	}
	return struct {
		Action    string `json:"msg"`
		Parameter string `json:"opts"`
	}{action, *parameter}
}
