package main

import (
	"context"
	"iter"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/home"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/logs"
)

// webSource is where the page sees the applications of a user.
type webSource struct{}

func (webSource) Apps(ctx context.Context) ([]control.App, error) {
	apps, err := allApps()
	if err != nil {
		return nil, err
	}
	return statuses(ctx, apps), nil
}

func (webSource) Client(name string) (*control.Client, error) {
	a, err := appOf(name)
	if err != nil {
		return nil, err
	}
	return control.NewClient(a.Dial), nil
}

// Logs reads the file that an application's output is in.
func (webSource) Logs(ctx context.Context, name string, q logs.Query) iter.Seq2[logs.Line, error] {
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

// startRecorded starts an application as it is recorded, unless it runs, and waits until its workers are ready.
func startRecorded(ctx context.Context, name string) error {
	of, err := appOf(name)
	if err != nil {
		return err
	}
	a, err := loadApp(of)
	if err != nil || a.isRunning() {
		return err
	}
	_, err = a.startAnew(ctx)
	return err
}
