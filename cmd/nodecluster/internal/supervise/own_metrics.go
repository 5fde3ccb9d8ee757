package supervise

import (
	"bytes"
	"context"
	"fmt"

	"github.com/nodecluster/nodecluster/cluster/pool/routes"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/metrics"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/utilinspect"
)

// ownMetrics are those that the application measures itself by prom-client, in Prometheus's text format; nil if there are none.
func (s *service) ownMetrics(ctx context.Context) []byte {
	all := s.routes.promClient.Collect(ctx, s.workers.Workers())
	s.tellLeftOut(all.Reasons)
	if all.Workers == 0 && all.LeftOut == 0 {
		return nil
	}
	var text bytes.Buffer
	all.WriteText(&text) // to memory, which does not fail
	for _, about := range []struct {
		name, help string
		value      int
	}{
		{metrics.OwnWorkers, "Workers whose own metrics are among those of the application.", all.Workers},
		{metrics.OwnLate, "Workers that have not answered in time, so that their own metrics are those of an earlier scrape.", all.Late},
		{metrics.OwnLeftOut, "Metrics of workers that were left out, as the log tells of the first.", all.LeftOut},
	} {
		fmt.Fprintf(&text, "# HELP %s %s\n# TYPE %[1]s gauge\n%[1]s %[3]d\n", about.name, about.help, about.value)
	}
	return text.Bytes()
}

// tellLeftOut warns once of each metric that is left out.
func (s *service) tellLeftOut(all []routes.PromLeftOut) {
	for _, one := range all {
		if !s.routes.isNews(one.Metric) {
			continue
		}
		what, of := "metric "+one.Metric, ""
		if one.Metric == "" {
			what = "all metrics"
		}
		if one.Worker != 0 {
			of = fmt.Sprintf(" of worker %d", one.Worker)
		}
		s.log.Warn(utilinspect.Printable(fmt.Sprintf("prom-client: %s%s left out: %s", what, of, one.Reason)))
	}
}
