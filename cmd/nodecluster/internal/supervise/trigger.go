package supervise

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool/routes"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/eventlog"
)

const (
	// triggerTimeout is how long answers of an action are waited for, if nothing is said of it, and maxTriggerTimeout how long at most.
	triggerTimeout    = 10 * time.Second
	maxTriggerTimeout = time.Hour
	// maxReplies is how many bytes workers may return together.
	maxReplies = 8 << 20
)

// Trigger has workers carry out an action of @pm2/io.
func (s *service) Trigger(ctx context.Context, t control.Trigger) (control.Triggered, error) {
	timeout := triggerTimeout
	if t.Timeout != 0 {
		timeout = time.Duration(t.Timeout) * time.Millisecond
	}
	if t.Timeout < 0 || timeout > maxTriggerTimeout {
		return control.Triggered{}, invalid(fmt.Sprintf("the time for answers may be 1ms to %v", maxTriggerTimeout))
	}
	workers, instances, err := s.workersOf(ctx, t.Instance)
	if err != nil {
		return control.Triggered{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	replies, err := s.routes.pm2IO.Trigger(ctx, workers, t.Action, t.Parameter)
	if err != nil {
		return control.Triggered{}, triggerError(err)
	}
	done, room := control.Triggered{}, maxReplies
	for _, reply := range replies {
		one := control.Reply{Instance: instances[reply.Worker], Pid: reply.Worker.Pid(), Return: string(reply.Return)}
		if reply.Err != nil {
			one.Error = eventlog.OneLine(reply.Err)
		}
		if room -= len(one.Return); room < 0 {
			one.Return, one.Error = "", fmt.Sprintf("there is no room for what it has returned: all may be %d bytes", maxReplies)
		}
		done.Replies = append(done.Replies, one)
	}
	return done, nil
}

// workersOf are the workers of an instance, or of all for nil, with the numbers of their instances.
func (s *service) workersOf(ctx context.Context, instance *int) (workers []*cluster.Worker, numbers map[*cluster.Worker]int, err error) {
	instances, err := s.workers.Instances(ctx)
	if err != nil {
		return nil, nil, asError(err)
	}
	numbers = map[*cluster.Worker]int{}
	for _, i := range instances {
		if i.Worker != nil && (instance == nil || *instance == i.Number) {
			workers = append(workers, i.Worker)
			numbers[i.Worker] = i.Number
		}
	}
	if len(workers) == 0 {
		return nil, nil, &control.Error{Code: control.CodeUnknown, Message: "there is no such worker"}
	}
	return workers, numbers, nil
}

// triggerError is why an action was not asked for, as the control socket says it.
func triggerError(err error) error {
	var unknown *routes.UnknownActionError
	switch {
	case errors.As(err, &unknown) && len(unknown.Known) == 0:
		return &control.Error{Code: control.CodeUnknown, Message: fmt.Sprintf("there is no action %q: the workers have none, as programs with @pm2/io have them", unknown.Action)}
	case errors.As(err, &unknown):
		return &control.Error{Code: control.CodeUnknown, Message: fmt.Sprintf("there is no action %q: there are %s", unknown.Action, strings.Join(unknown.Known, ", "))}
	case errors.Is(err, routes.ErrTriggering):
		return &control.Error{Code: control.CodeBusy, Message: "the action is being carried out for another caller"}
	}
	return asError(err)
}
