package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/home"
)

// inOrder are applications with those that others depend on before these. The order stays as it is otherwise.
func inOrder(apps []*application) ([]*application, error) {
	o := ordering{apps: map[string]*application{}, done: map[string]bool{}}
	for _, a := range apps {
		o.apps[a.Name()] = a
	}
	for _, a := range apps {
		if err := o.add(a); err != nil {
			return nil, statusError{statusFailed, err}
		}
	}
	return o.sorted, nil
}

// ordering is how far inOrder is.
type ordering struct {
	apps   map[string]*application // by name
	path   []string                // those that wait for the one that is added
	done   map[string]bool
	sorted []*application
}

// add adds an application after those that it depends on. What is not among the applications is not started now.
func (o *ordering) add(a *application) error {
	name := a.Name()
	if i := slices.Index(o.path, name); i >= 0 {
		return circle(o.path[i:])
	}
	if o.done[name] {
		return nil
	}
	o.path = append(o.path, name)
	for _, other := range slices.Sorted(maps.Keys(a.config.DependsOn)) {
		if before := o.apps[other]; before != nil {
			if err := o.add(before); err != nil {
				return err
			}
		}
	}
	o.path = o.path[:len(o.path)-1]
	o.done[name] = true
	o.sorted = append(o.sorted, a)
	return nil
}

// circle is the error of applications of which each depends on the next, and the last on the first.
func circle(names []string) error {
	if len(names) == 1 {
		return fmt.Errorf("%s depends on itself: change its depends_on", names[0])
	}
	var links []string
	for i, name := range names {
		link := name + " on " + names[(i+1)%len(names)]
		if i == 0 {
			link = name + " depends on " + names[1]
		}
		links = append(links, link)
	}
	return fmt.Errorf("no application can be the first: %s: change the depends_on of one", strings.Join(links, ", "))
}

// awaitDependencies waits for the applications that this one depends on, and says which cannot be waited for.
func (a *application) awaitDependencies(ctx context.Context) error {
	for _, name := range slices.Sorted(maps.Keys(a.config.DependsOn)) {
		if err := awaitDependency(ctx, name, a.config.DependsOn[name]); err != nil {
			return fmt.Errorf("it depends on %s, %w", name, err)
		}
	}
	return nil
}

// awaitDependency waits until an application is "started" or "healthy".
func awaitDependency(ctx context.Context, name, how string) error {
	h, err := home.Open()
	if err != nil {
		return err
	}
	of, err := h.App(name)
	if err != nil {
		return err
	}
	a, err := loadApp(of)
	if err != nil {
		return fmt.Errorf("which is not known: start it first")
	}
	ctx, cancel := context.WithTimeout(ctx, a.startTimeout())
	defer cancel()
	for {
		status := a.status(ctx)
		switch {
		case status.Supervisor == nil, status.State == control.Stopping, status.State == control.Errored:
			return fmt.Errorf("which is %s: start it first", status.State)
		case how == "started", status.Instances > 0 && status.Ready >= status.Instances:
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("of which %d of %s are ready: see nodecluster describe %s", status.Ready, workers(status.Instances), name)
		case <-time.After(startPoll):
		}
	}
}
