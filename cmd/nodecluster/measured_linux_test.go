package main

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// libraryProgram is an unchanged program with a library that expects something of its primary.
func libraryProgram(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("../../cluster/pool/routes/testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// fetch gives the text of a page.
func fetch(t *testing.T, url string) string {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: nodetest.Patience}
	answer, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: status %d: %s (%v)", url, answer.StatusCode, text, err)
	}
	return string(text)
}

// What the workers count with prom-client is beside this program's own metrics, summed, with the application's name, and what is left out is
// told once.
func TestRunShowsMetricsOfPromClient(t *testing.T) {
	port, metrics := nodetest.FreePort(t), nodetest.FreePort(t)
	env := append(portVariable(port), "NODE_PATH="+nodetest.Libraries(t))
	p := launch(t, env, "-i", "2", "--metrics", localhost(metrics), libraryProgram(t, "promclient.js"))
	p.await("listening", 2)
	const requests = 20
	for range requests {
		fetch(t, "http://"+localhost(port))
	}
	name := strings.TrimSuffix(filepath.Base(libraryProgram(t, "promclient.js")), ".js")
	for range 2 {
		text := fetch(t, "http://"+localhost(metrics)+"/metrics")
		for _, want := range []string{
			fmt.Sprintf(`requests_total{app=%q,code="200",method="GET",zone="a\"b\\c\nd"} %d`, name, requests),
			fmt.Sprintf(`request_seconds_bucket{app=%q,code="200",method="GET",zone="a\"b\\c\nd",le="+Inf"} %d`, name, requests),
			fmt.Sprintf(`others_total{app=%q,exported_app="mine"} `, name),
			fmt.Sprintf(`nodecluster_app_up{app=%q} 1`, name),
			fmt.Sprintf(`nodecluster_app_metrics_workers{app=%q} 2`, name),
			fmt.Sprintf(`nodecluster_app_metrics_left_out{app=%q} 2`, name),
		} {
			if !strings.Contains(text, want) {
				t.Errorf("there is no %s in\n%s", want, text)
			}
		}
		if strings.Contains(text, "nodecluster_gauge") {
			t.Error("a worker has a metric of the primary's")
		}
	}
	p.stop()
	if n := strings.Count(p.stderr.String(), "prom-client: metric nodecluster_gauge of worker"); n != 1 {
		t.Errorf("what is left out is told %d times:\n%s", n, p.stderr.String())
	}
}

// The manager shows what programs with @pm2/io measure, and has them carry out their actions.
func TestTrigger(t *testing.T) {
	m := newManager(t)
	libraries := "NODE_PATH=" + nodetest.Libraries(t)
	m.do("start", libraryProgram(t, "pm2io.js"), "-n", "io", "-i", "2", "--env", libraries, "--env", fmt.Sprint("PORT=", nodetest.FreePort(t)))
	m.do("start", libraryProgram(t, "promclient.js"), "-n", "api", "-i", "1", "--env", libraries, "--env", fmt.Sprint("PORT=", nodetest.FreePort(t)))
	isMeasured := regexp.MustCompile(`Users online +0: 10 users, 1: 20 users`)
	for ctx := nodetest.Context(t); !isMeasured.MatchString(m.do("describe", "io")); {
		if ctx.Err() != nil {
			t.Fatalf("describe shows no metrics: %s", m.do("describe", "io"))
		}
	}
	if got, want := m.do("trigger", "io", "greet"), "io/0: {\"from\":1,\"nothing\":null}\nio/1: {\"from\":2,\"nothing\":null}\n"; got != want {
		t.Errorf("greet printed %q, want %q", got, want)
	}
	if got, want := m.do("trigger", "io/1", "set", "a b", "--json"), `{"app":"io","instance":1,`; !strings.HasPrefix(got, want) || !strings.Contains(got, `"return":"\"a b\""`) {
		t.Errorf("set printed %q, want %q", got, want)
	}
	m.refuse(1, `io: there is no action "gret": there are end, greet, hang, km:cpu`, "trigger", "io", "gret")
	m.refuse(1, `api: there is no action "greet": the workers have none`, "trigger", "api", "greet")
	m.refuse(1, "io/1: it has not answered in time", "trigger", "io", "hang", "--timeout", "200ms")
	m.refuse(4, "there is no application nothing", "trigger", "nothing", "greet")
	m.refuse(2, "say which application and which action", "trigger", "io")
	if got := m.do("__completeNoDesc", "trigger", "io", "g"); !strings.HasPrefix(got, "greet\n:") {
		t.Errorf("the actions are completed to %q", got)
	}
	if got := m.do("jlist"); !strings.Contains(got, `"Users online":{"value":20,"unit":"users","type":"app/users"}`) || !strings.Contains(got, `{"action_name":"greet","action_type":"custom","arity":1}`) {
		t.Errorf("jlist has no metrics or actions: %s", got)
	}
	page := &servedPage{manager: m}
	page.serve(t, nil)
	text := fetch(t, page.url+"/metrics")
	for _, want := range []string{
		`nodecluster_worker_metric{app="io",name="Users online",slot="1",unit="users"} 20`, `gauge_sum{app="api",fraction="0.1",`, `nodecluster_app_metrics_workers{app="api"} 1`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page's metrics have no %s:\n%s", want, text)
		}
	}
	if shown := fetch(t, page.url+"/apps/io"); !strings.Contains(shown, "0: 10 users, 1: 20 users") || !strings.Contains(shown, "nodecluster trigger io ACTION") {
		t.Errorf("the page shows no metrics or actions: %s", shown)
	}
}

// What @pm2/io reports for people is among the messages, as on PM2's bus.
func TestMessagesOfPM2IO(t *testing.T) {
	m := newManager(t)
	script := nodetest.Script(t, "reports.js", `
		const io = require('@pm2/io').init();
		process.on('message', (m) => {
			if (m.topic !== 'report') return;
			io.notifyError(new TypeError('broken'), { custom: { user: 7 } });
			io.emit('signed up', { user: 7 });
		});
		require('http').createServer((req, res) => res.end()).listen(process.env.PORT, '127.0.0.1');`)
	m.do("start", script, "-n", "io", "-i", "1", "--env", "NODE_PATH="+nodetest.Libraries(t), "--env", fmt.Sprint("PORT=", nodetest.FreePort(t)))
	next := m.followMessages("io")
	m.do("sendData", "io", "report", "1")
	got := map[any]map[string]any{}
	for got["process:exception"] == nil || got["human:event"] == nil {
		about := next()
		data, _ := about["data"].(map[string]any)
		got[about["type"]] = data
	}
	if data := got["process:exception"]; data["message"] != "broken" || data["name"] != "TypeError" {
		t.Errorf("the exception is %v", data)
	}
	if data := got["human:event"]; data["__name"] != "signed up" || fmt.Sprint(data["user"]) != "7" {
		t.Errorf("the event is %v", data)
	}
}
