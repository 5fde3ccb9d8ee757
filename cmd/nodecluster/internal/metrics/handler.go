package metrics

import (
	"context"
	"net/http"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// maxScrapes is how many are answered at a time.
const maxScrapes = 4

// Handler answers a scrape with the metrics of the applications that apps gives, in the format that the scraper asks for. It calls apps once a
// scrape, with the context of the request. An application that is down has to be among them, and is told of with nodecluster_app_up 0. Names of
// applications are told apart: of two with one name there would be two values of one series, which is an error of status 500. Of more than four
// scrapes at a time, the others get 503.
func Handler(apps func(context.Context) []control.App) http.Handler {
	room := make(chan struct{}, maxScrapes)
	return http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		select {
		case room <- struct{}{}:
			defer func() { <-room }()
		default:
			http.Error(answer, "other scrapes are being answered: try again later", http.StatusServiceUnavailable)
			return
		}
		registry := prometheus.NewRegistry()
		registry.MustRegister(collector{apps(request.Context())})
		promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true}).ServeHTTP(answer, request)
	})
}
