package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/signal"
	"syscall"
	"time"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/metrics"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/web"
	"github.com/spf13/cobra"
)

const webHelp = `Serve a page of your applications: what runs, charts of each worker, the log, what has happened, and buttons for
reload, restart, scale and stop. /metrics there is for Prometheus. The line that it prints is where the page is.

On this machine the page is for you and root: the kernel says who connects, and others are refused. Other machines
reach it with --token-file, --tls-cert and --tls-key alone, or through ssh -L 9615:127.0.0.1:9615. A token is 16
characters or more; scrapers send it as Authorization: Bearer TOKEN.

Behind a proxy of another user's give --token-file, and --host with the name that browsers know.

It keeps the charts of the last 15 minutes in memory, looks every 2 s, and needs to run only while somebody looks.`

// webEnd is how long answers under way may take when the page is to end.
const webEnd = 2 * time.Second

// webFlags are the flags of web.
type webFlags struct {
	listen, tokenFile, cert, key string
	hosts                        []string
}

func newWebCommand() *cobra.Command {
	var f webFlags
	command := &cobra.Command{
		Use: "web", Short: "Serve a page of the applications", Long: webHelp, Example: "  nodecluster web", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if (f.cert == "") != (f.key == "") {
				return errors.New("--tls-cert and --tls-key go together")
			}
			if err := f.serve(command.Context(), command.OutOrStdout()); err != nil {
				return asFailure(err)
			}
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVar(&f.listen, "listen", "127.0.0.1:9615", "`ADDRESS` to listen on")
	flags.StringVar(&f.tokenFile, "token-file", "", "`FILE` with the token that clients have to know (default none)")
	flags.StringVar(&f.cert, "tls-cert", "", "`FILE` with the certificate, and those between it and the authority's (default none)")
	flags.StringVar(&f.key, "tls-key", "", "`FILE` with the certificate's key (default none)")
	flags.StringArrayVar(&f.hosts, "host", nil, "further `NAME` by which browsers reach the page; can be repeated (default none)")
	return command
}

// serve serves the page until a signal comes.
func (f *webFlags) serve(ctx context.Context, out io.Writer) error {
	options, err := f.options()
	if err != nil {
		return err
	}
	page, err := web.New(options)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	l, err := page.Listen(f.listen)
	if err != nil {
		return err
	}
	served := make(chan error, 1)
	go func() { served <- page.Serve(l) }()
	fmt.Fprintln(out, f.url(l.Addr()))
	select {
	case err = <-served:
	case <-ctx.Done():
	}
	ending, cancel := context.WithTimeout(context.Background(), webEnd)
	defer cancel()
	page.Shutdown(ending)
	if err == nil {
		err = <-served
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

func (f *webFlags) options() (web.Options, error) {
	o := web.Options{Source: source{}, Metrics: metrics.Handler(appsToMeasure), Start: startRecorded, Stop: stopRecorded, Hosts: f.hosts}
	var err error
	if f.tokenFile != "" {
		if o.Token, err = web.ReadToken(f.tokenFile); err != nil {
			return o, err
		}
	}
	if f.cert != "" {
		certificate, err := tls.LoadX509KeyPair(f.cert, f.key)
		if err != nil {
			return o, fmt.Errorf("the certificate: %w", err)
		}
		o.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	}
	return o, nil
}

func (f *webFlags) url(address net.Addr) string {
	if f.cert != "" {
		return "https://" + address.String()
	}
	return "http://" + address.String()
}

// appsToMeasure gives all applications, if they can be read.
func appsToMeasure(ctx context.Context) []control.App {
	apps, err := source{}.Apps(ctx)
	if err != nil {
		warn(err.Error())
	}
	return apps
}

// startRecorded starts an application as it is recorded, unless it runs, and waits until its workers are ready.
func startRecorded(ctx context.Context, name string) error {
	a, err := loadNamed(name)
	if err != nil {
		return err
	}
	if running, err := a.Running(); err != nil || running {
		return err
	}
	_, err = a.startAnew(ctx)
	return err
}

// stopRecorded stops an application as the command does.
func stopRecorded(ctx context.Context, name string) error {
	a, err := loadNamed(name)
	if err != nil {
		return err
	}
	return a.stop(ctx)
}

func loadNamed(name string) (*application, error) {
	of, err := appOf(name)
	if err != nil {
		return nil, err
	}
	return loadApp(of)
}
