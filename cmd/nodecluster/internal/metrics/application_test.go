package metrics

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
)

// ownText is what an application measures itself.
const ownText = `# HELP requests_total Requests.
# TYPE requests_total counter
requests_total{code="200"} 7
requests_total{app="inner",code="500"} 1
# TYPE request_seconds histogram
request_seconds_bucket{le="0.1"} 1
request_seconds_bucket{le="+Inf"} 3
request_seconds_sum 1.5
request_seconds_count 3
# TYPE nodecluster_app_up gauge
nodecluster_app_up 0
# TYPE nodecluster_app_metrics_left_out gauge
nodecluster_app_metrics_left_out 2
`

// handlerOwn answers for applications that measure something themselves.
func handlerOwn(texts map[string]string) http.Handler {
	return Handler(func(context.Context) (all []App) {
		for _, name := range []string{"a", "b"} {
			all = append(all, App{App: control.App{Name: name, State: control.Online, Ready: 1}, Own: []byte(texts[name])})
		}
		return all
	})
}

// The metrics of applications are beside this program's own, with their names, and one whose type differs from another's is left out.
func TestOwnMetrics(t *testing.T) {
	h := handlerOwn(map[string]string{"a": ownText, "b": strings.ReplaceAll(ownText, "requests_total counter", "requests_total gauge")})
	scrape(t, h)
	for _, kind := range []string{"text/plain", "application/openmetrics-text; version=1.0.0"} {
		answer := httptest.NewRecorder()
		request := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		request.Header.Set("Accept", kind)
		h.ServeHTTP(answer, request)
		text := answer.Body.String()
		for _, want := range []string{
			`requests_total{app="a",code="200"} 7`, `requests_total{app="a",exported_app="inner",code="500"} 1`, `request_seconds_sum{app="b"} 1.5`,
			`nodecluster_app_up{app="a"} 1`, `nodecluster_app_metrics_left_out{app="b"} 2`,
		} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: there is no %s in\n%s", kind, want, text)
			}
		}
		for _, not := range []string{`requests_total{app="b"`, `nodecluster_app_up{app="a"} 0`} {
			if strings.Contains(text, not) {
				t.Errorf("%s: there is %s", kind, not)
			}
		}
	}
}

// What an application sends that makes no sense takes nothing from the rest.
func TestOwnMetricsThatMakeNoSense(t *testing.T) {
	text := scrape(t, handlerOwn(map[string]string{"a": "requests_total{ 1\n", "b": ownText}))
	if got := seriesOf(text, "a"); len(got) == 0 {
		t.Error("the application itself is missing")
	}
	if text["requests_total"] == nil {
		t.Error("the metrics of the other application are missing")
	}
}
