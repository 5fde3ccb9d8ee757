package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/config"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/home"
)

// statusNoSuchApp is the exit status of a command about an application that is not there.
const statusNoSuchApp = 4

// application is one that a command is about.
type application struct {
	*home.App
	record    home.Record
	config    config.App
	unread    error    // why the record cannot be read, nil if it can
	instance  *int     // the one that is meant, nil for all
	declared  bool     // whether a file was named that says how it is to be
	lastLines []string // that its workers have printed, once it has failed
}

// Save writes the record, unless the one that is there cannot be read: a newer version may have written it.
func (a *application) Save(r home.Record) error {
	if a.unread != nil {
		return a.unread
	}
	return a.App.Save(r)
}

// client speaks to the application's supervisor.
func (a *application) client() *control.Client { return control.NewClient(a.Dial) }

// listen has the supervisor's socket be there, for the group too that the configuration names. The lock must be held.
func (a *application) listen() (net.Listener, error) {
	socket, err := a.Listen()
	if err != nil || a.config.ControlGroup == "" {
		return socket, err
	}
	if err := a.Admit(a.config.ControlGroup); err != nil {
		socket.Close()
		return nil, err
	}
	return socket, nil
}

// loadApp reads the record of an application.
func loadApp(of *home.App) (*application, error) {
	record, err := of.Load()
	if err != nil {
		return nil, err
	}
	a := &application{App: of, record: record}
	if err := json.Unmarshal(record.Config, &a.config); err != nil {
		return nil, fmt.Errorf("the record of %s is damaged: %w; delete it, and start it anew", of.Name(), err)
	}
	return a, nil
}

// allApps are all applications by their names, also those whose record cannot be read.
func allApps() (apps []*application, err error) {
	h, err := home.Open()
	if err != nil {
		return nil, err
	}
	names, err := h.Apps()
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		a, err := loadApp(name)
		switch {
		case errors.Is(err, fs.ErrNotExist): // it is deleted meanwhile
		case err != nil:
			apps = append(apps, &application{App: name, unread: err})
		default:
			apps = append(apps, a)
		}
	}
	return apps, nil
}

// findApps are the applications that names mean: of one, of one instance as in api/2, of all in a namespace, or "all".
func findApps(names []string) (found []*application, err error) {
	all, err := allApps()
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		some, err := appsCalled(all, name)
		if err != nil {
			return nil, err
		}
		for _, a := range some {
			if !slices.ContainsFunc(found, func(other *application) bool { return other.Name() == a.Name() && a.instance == nil }) {
				found = append(found, a)
			}
		}
	}
	return found, nil
}

func appsCalled(all []*application, name string) (found []*application, err error) {
	name, instance, err := splitInstance(name)
	if err != nil {
		return nil, err
	}
	for _, a := range all {
		if name == a.Name() {
			one := *a
			one.instance = instance
			return []*application{&one}, nil
		}
		if instance == nil && (name == "all" || name == namespaceOf(a)) {
			found = append(found, a)
		}
	}
	if len(found) == 0 && name != "all" {
		return nil, noSuchApp(name)
	}
	return found, nil
}

// noSuchApp says that there is no application of a name, and what to write in place of a number of PM2's.
func noSuchApp(name string) error {
	if _, err := strconv.Atoi(name); err == nil {
		return statusError{statusNoSuchApp, fmt.Errorf("there is no application %s: use its name, and NAME/%[1]s for an instance; see nodecluster ls", name)}
	}
	return statusError{statusNoSuchApp, fmt.Errorf("there is no application %s: see nodecluster ls", name)}
}

// splitInstance splits api/2.
func splitInstance(name string) (string, *int, error) {
	name, number, has := strings.Cut(name, "/")
	if !has {
		return name, nil, nil
	}
	n, err := strconv.Atoi(number)
	if err != nil || n < 0 {
		return "", nil, fmt.Errorf("%s/%s: use NAME/NUMBER for one instance, such as %[1]s/0", name, number)
	}
	return name, &n, nil
}

// defaultNamespace is that of applications of which none is said.
const defaultNamespace = "default"

func namespaceOf(a *application) string {
	if a.config.Namespace == "" {
		return defaultNamespace
	}
	return a.config.Namespace
}

// wantedInstances are how many workers the application has when it runs, and the limit of this machine from which that follows. They are 0 if
// that is not known.
func (a *application) wantedInstances() (n int, sizedBy string) {
	if a.unread != nil {
		return 0, ""
	}
	f, err := parseConfig(a.config)
	if err != nil {
		return 0, ""
	}
	if isEgg(a.config) {
		return a.eggInstances(f), ""
	}
	s, err := f.Pool.Sizing(f.Settings)
	if err != nil {
		return 0, ""
	}
	return s.Instances, s.Reason
}

// status is an application as its supervisor sees it, or as it is on disk if that does not run.
func (a *application) status(ctx context.Context) control.App {
	status, err := a.client().App(ctx)
	if err == nil {
		return status
	}
	status = control.App{Name: a.Name(), Namespace: namespaceOf(a), State: control.Stopped, Config: a.record.Config, Since: a.record.CreatedAt}
	status.Instances, status.SizedBy = a.wantedInstances()
	status.Connections = -1
	end := a.record.LastEnd
	if end != nil {
		status.Since = end.At
	}
	running, _ := a.Running()
	switch {
	case running && errors.Is(err, home.ErrNotRunning): // it does not listen yet, or any more
		status.State = control.Starting
		if a.record.Wanted == home.Stopped {
			status.State = control.Stopping
		}
	case isStopping(err):
		status.State = control.Stopping
	case !errors.Is(err, home.ErrNotRunning):
		status.State, status.Reason = control.Errored, "its supervisor does not answer: "+err.Error()
	case a.unread != nil:
		status.State, status.Reason = control.Errored, a.unread.Error()
	case end != nil && end.Error != "":
		status.State, status.Reason = control.Errored, end.Error
	case a.record.Wanted == home.Running && end == nil:
		status.State, status.Reason = control.Errored, "its supervisor has died; start it again"
	}
	return status
}

// isStopping reports whether an error is that of a supervisor that ends.
func isStopping(err error) bool {
	failed := (*control.Error)(nil)
	return errors.As(err, &failed) && failed.Code == control.CodeStopping
}
