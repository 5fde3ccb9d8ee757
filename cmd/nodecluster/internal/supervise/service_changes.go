package supervise

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/eventlog"
)

// Reload replaces the workers, with another configuration if there is one.
func (s *service) Reload(ctx context.Context, r control.Reload) (control.Result, error) {
	o := s.options.Pool.Reload
	o.Wait, o.OtherAddresses = r.Wait, r.Config != nil
	if r.Parallel != 0 {
		o.Parallel = r.Parallel
	}
	if r.Strategy != "" {
		o.Strategy = pool.ReloadStrategy(r.Strategy)
	}
	var compiled Compiled
	if r.Config != nil {
		var err error
		if compiled, err = s.compile(r.Config); err != nil {
			return control.Result{}, err
		}
		o.Reread = compiled.Reread
	}
	begun := time.Now()
	s.log.Begin("reload", "reloading")
	report, err := s.reload(ctx, o, r.Instance)
	s.log.Reloaded(report, err)
	switch {
	case err != nil:
		s.history.failed("reload", begun, err)
	case r.Config != nil:
		err = s.adopt(ctx, r.Config, compiled)
	}
	return control.Result{Replaced: report.Replaced, Kept: report.Kept, Took: report.Took.Milliseconds()}, asError(err)
}

func (s *service) reload(ctx context.Context, o pool.ReloadOptions, instance *int) (pool.Report, error) {
	if instance != nil {
		return s.workers.ReloadOne(ctx, *instance, o)
	}
	return s.workers.Reload(ctx, o)
}

// compile finds out what another configuration means.
func (s *service) compile(config json.RawMessage) (Compiled, error) {
	if s.options.Compile == nil {
		return Compiled{}, invalid("the configuration of this application cannot be changed: it is what the command line of run says")
	}
	compiled, err := s.options.Compile(config)
	if err != nil {
		return Compiled{}, invalid(eventlog.OneLine(err))
	}
	return compiled, nil
}

// adopt has another configuration be the application's, whose workers run by now.
func (s *service) adopt(ctx context.Context, config json.RawMessage, compiled Compiled) error {
	s.reread.set(compiled.Reread)
	if err := s.keep(config); err != nil {
		return err
	}
	if compiled.Instances == 0 {
		return nil
	}
	return s.workers.Scale(ctx, compiled.Instances)
}

// keep keeps another configuration, if there is a place for it, and shows it from now on.
func (s *service) keep(config json.RawMessage) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.options.Save != nil {
		if err := s.options.Save(config); err != nil {
			return fmt.Errorf("it is done, but could not be kept: %w", err)
		}
	}
	s.config = config
	return nil
}

// keepInstances keeps how many workers there are to be.
func (s *service) keepInstances(n int) error {
	var fields map[string]any
	if err := json.Unmarshal(s.configuration(), &fields); err != nil {
		return nil // there is no configuration
	}
	fields["instances"] = strconv.Itoa(n)
	config, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	return s.keep(config)
}

func (s *service) Restart(ctx context.Context) (control.Result, error) {
	begun := time.Now()
	s.log.Begin("restart", "restarting")
	err := s.workers.Restart(ctx)
	s.log.Restarted(err)
	return control.Result{Took: time.Since(begun).Milliseconds()}, asError(err)
}

func (s *service) Scale(ctx context.Context, to control.Scale) (control.Result, error) {
	begun := time.Now()
	n, err := s.parseScale(to.Instances)
	if err != nil {
		return control.Result{}, invalid(err.Error())
	}
	s.log.Begin("scale", fmt.Sprintf("scaling to %d", n))
	err = s.workers.Scale(ctx, n)
	s.log.Scaled(n, err)
	if err == nil {
		err = s.keepInstances(n)
	}
	return control.Result{Instances: s.workers.Sizing().Instances, Took: time.Since(begun).Milliseconds()}, asError(err)
}

// parseScale is the number of workers that a scaling asks for.
func (s *service) parseScale(text string) (int, error) {
	if text == "max" || text == "auto" {
		return s.workers.Fitting().Instances, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, errors.New(`use a number of workers, "max", or how many more or less, such as +1 or -1`)
	}
	if strings.HasPrefix(text, "+") || strings.HasPrefix(text, "-") {
		n += s.workers.Sizing().Instances
	}
	if n < 1 {
		return 0, fmt.Errorf("there would be %d workers: at least 1 has to be there; stop ends them all", n)
	}
	return n, nil
}

// describeFailure says in a line why a change has failed, without what the worker printed.
func describeFailure(err error) string {
	if failed := (*pool.InstanceError)(nil); errors.As(err, &failed) {
		return fmt.Sprintf("instance %d: %s", failed.Instance, eventlog.OneLine(failed.Err))
	}
	return eventlog.OneLine(err)
}

// asError is an error as the control socket says it.
func asError(err error) error {
	var failed *pool.InstanceError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, pool.ErrReloading):
		return &control.Error{Code: control.CodeBusy, Message: eventlog.OneLine(err)}
	case errors.Is(err, cluster.ErrClosed):
		return &control.Error{Code: control.CodeStopping, Message: "the application ends"}
	case errors.As(err, &failed):
		return &control.Error{Code: control.CodeFailed, Message: describeFailure(err), Output: failed.Output}
	}
	return &control.Error{Code: control.CodeFailed, Message: eventlog.OneLine(err)}
}
