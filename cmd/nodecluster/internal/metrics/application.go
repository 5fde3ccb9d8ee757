package metrics

import (
	"bytes"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
)

// Prefix is how the names of this program's metrics begin.
const Prefix = "nodecluster_"

// Metrics that tell of those that an application measures itself. They come with these.
const (
	// OwnWorkers is how many workers they are of, and OwnLate how many of these have not answered in time, so that theirs are older.
	OwnWorkers = Prefix + "app_metrics_workers"
	OwnLate    = Prefix + "app_metrics_late_workers"
	// OwnLeftOut is how many of them were left out.
	OwnLeftOut = Prefix + "app_metrics_left_out"
)

// App is an application, with the metrics that it measures itself, in Prometheus's text format and without its name; nil is for none.
type App struct {
	control.App
	Own []byte
}

// gatherer tells of applications as they were at one moment.
type gatherer struct{ apps []App }

// Gather gives the metrics of this program, and those of the applications' own that go with them.
func (g gatherer) Gather() ([]*dto.MetricFamily, error) {
	var apps []control.App
	for _, app := range g.apps {
		apps = append(apps, app.App)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collector{apps})
	families, err := registry.Gather()
	if err != nil {
		return nil, err
	}
	byName := map[string]*dto.MetricFamily{}
	for _, f := range families {
		byName[f.GetName()] = f
	}
	for i := range g.apps {
		addOwn(byName, &g.apps[i])
	}
	return slices.SortedFunc(maps.Values(byName), func(a, b *dto.MetricFamily) int { return strings.Compare(a.GetName(), b.GetName()) }), nil
}

// addOwn adds the metrics that an application measures itself. One whose type differs from another application's is left out: the first has
// the name.
func addOwn(byName map[string]*dto.MetricFamily, app *App) {
	parser := expfmt.NewTextParser(model.LegacyValidation)
	own, err := parser.TextToMetricFamilies(bytes.NewReader(app.Own))
	if err != nil {
		return // what a supervisor of another version sends
	}
	for name, f := range own {
		if len(f.Metric) == 0 || strings.HasPrefix(name, Prefix) && !slices.Contains([]string{OwnWorkers, OwnLate, OwnLeftOut}, name) {
			continue
		}
		for _, m := range f.Metric {
			m.Label = withApp(m.Label, app.Name)
		}
		switch all := byName[name]; {
		case all == nil:
			byName[name] = f
		case all.GetType() == f.GetType():
			all.Metric = append(all.Metric, f.Metric...)
		}
	}
}

// withApp has the application's name be the first label. One of that name that is there is called as Prometheus calls it: exported_app.
func withApp(labels []*dto.LabelPair, app string) []*dto.LabelPair {
	const name = "app"
	for _, l := range labels {
		if rest, ok := strings.CutSuffix(l.GetName(), name); ok && strings.ReplaceAll(rest, "exported_", "") == "" {
			exported := "exported_" + l.GetName()
			l.Name = &exported
		}
	}
	label, value := name, strings.ToValidUTF8(app, "\uFFFD")
	return append([]*dto.LabelPair{{Name: &label, Value: &value}}, labels...)
}

// limited answers so many requests at a time, and others with 503.
func limited(answer http.HandlerFunc) http.Handler {
	room := make(chan struct{}, maxScrapes)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case room <- struct{}{}:
			defer func() { <-room }()
			answer(w, r)
		default:
			http.Error(w, "other scrapes are being answered: try again later", http.StatusServiceUnavailable)
		}
	})
}
