package main

import (
	"context"
	"iter"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/home"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/logs"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/top"
)

// source is where the page sees the applications of a user.
type source struct{}

// Apps are all applications, also those that are down.
func (source) Apps(ctx context.Context) ([]control.App, error) {
	apps, err := allApps()
	if err != nil {
		return nil, err
	}
	return statuses(ctx, apps), nil
}

// Client speaks to the supervisor of an application.
func (source) Client(name string) (*control.Client, error) {
	a, err := appOf(name)
	if err != nil {
		return nil, err
	}
	return control.NewClient(a.Dial), nil
}

// Logs reads the file that an application's output is in.
func (source) Logs(ctx context.Context, name string, q logs.Query) iter.Seq2[logs.Line, error] {
	a, err := appOf(name)
	if err != nil {
		return func(yield func(logs.Line, error) bool) { yield(logs.Line{}, err) }
	}
	return logs.Read(ctx, a.LogFile(), q)
}

func appOf(name string) (*home.App, error) {
	h, err := home.Open()
	if err != nil {
		return nil, err
	}
	return h.App(name)
}

// topSource is where top sees them.
type topSource struct{ source }

// Logs are the last lines of an application, and those that come.
func (s topSource) Logs(ctx context.Context, name string, instance, last int) iter.Seq2[top.Line, error] {
	lines := s.source.Logs(ctx, name, logs.Query{Lines: last, Instance: instance, Follow: true})
	return func(yield func(top.Line, error) bool) {
		for line, err := range lines {
			if !yield(top.Line{Time: line.Time, Instance: line.Instance, Stderr: line.Stderr, Text: line.Text}, err) {
				return
			}
		}
	}
}
