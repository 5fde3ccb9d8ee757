package metrics

import (
	"context"
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// maxScrapes is how many are answered at a time.
const maxScrapes = 4

// Handler answers a scrape with the metrics of the applications that apps gives, in the format that the scraper asks for. It calls apps once a
// scrape, with the context of the request. An application that is down has to be among them, and is told of with nodecluster_app_up 0. Names of
// applications are told apart: of two with one name there would be two values of one series, which is an error of status 500. Of more than four
// scrapes at a time, the others get 503.
func Handler(apps func(context.Context) []App) http.Handler {
	return limited(func(answer http.ResponseWriter, request *http.Request) {
		all := gatherer{apps(request.Context())}
		promhttp.HandlerFor(all, promhttp.HandlerOpts{EnableOpenMetrics: true}).ServeHTTP(answer, request)
	})
}

// OwnHandler answers with the metrics that an application measures itself, which own gives as [App] has them. Of more than four at a time, the
// others get 503.
func OwnHandler(own func(context.Context) []byte) http.Handler {
	return limited(func(answer http.ResponseWriter, request *http.Request) {
		text := own(request.Context())
		answer.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		answer.Header().Set("Cache-Control", "no-store")
		answer.Write(text)
	})
}
