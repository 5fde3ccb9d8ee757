package main

import (
	"context"
	"iter"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/home"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/logs"
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
