package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

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
	fmt.Fprintln(out, urlOf(l.Addr(), options.TLS))
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

// urlOf is where browsers find the page. All addresses of this machine are one name: that of the certificate, or the machine's.
func urlOf(address net.Addr, config *tls.Config) string {
	scheme, place := "http", address.String()
	if config != nil {
		scheme = "https"
	}
	if tcp, ok := address.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		name, _ := os.Hostname()
		if certified := certifiedName(config); certified != "" {
			name = certified
		}
		place = net.JoinHostPort(name, strconv.Itoa(tcp.Port))
	}
	return scheme + "://" + place
}

// certifiedName is the first name that a certificate is for, "" if it is for none, or for all of a domain.
func certifiedName(config *tls.Config) string {
	if config == nil {
		return ""
	}
	names := config.Certificates[0].Leaf.DNSNames
	i := slices.IndexFunc(names, func(name string) bool { return !strings.HasPrefix(name, "*") })
	if i < 0 {
		return ""
	}
	return names[i]
}

// appsToMeasure gives all applications, if they can be read.
func appsToMeasure(ctx context.Context) []metrics.App {
	apps, err := allApps()
	if err != nil {
		warn(err.Error())
	}
	all := make([]metrics.App, len(apps))
	var asking sync.WaitGroup
	for i, a := range apps {
		asking.Go(func() {
			all[i].App = a.status(ctx)
			if all[i].Supervisor != nil {
				all[i].Own, _ = a.client().AppMetrics(ctx) // a supervisor of an older version has none
			}
		})
	}
	asking.Wait()
	return all
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
