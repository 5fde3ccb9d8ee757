package egg

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// routes are what becomes of messages where the master has the pid 10, and the agent 11.
var routes = []struct {
	from    role
	message string
	to      role
	pid     int
	passed  string
}{
	{roleAgent, `{"action":"a","data":1}`, roleApp, 0, `{"from":"agent","to":"app","action":"a","data":1}`},
	{roleApp, `{"action":"a"}`, roleAgent, 0, `{"from":"app","to":"agent","action":"a"}`},
	{roleParent, `{"action":"a"}`, roleMaster, 0, `{"from":"parent","to":"master","action":"a"}`},
	{roleApp, `{"action":"a","to":"app"}`, roleApp, 0, `{"from":"app","action":"a","to":"app"}`},
	{roleApp, `{"action":"a","to":"parent"}`, roleParent, 0, `{"from":"app","action":"a","to":"parent"}`},
	{roleAgent, `{"action":"a","to":"master"}`, roleMaster, 0, `{"from":"agent","action":"a","to":"master"}`},
	{roleParent, `{"action":"a","to":"agent"}`, roleAgent, 0, `{"from":"parent","action":"a","to":"agent"}`},
	// Who it is from is not the sender's to say.
	{roleApp, `{"from":"master","action":"a","to":"app"}`, roleApp, 0, `{"from":"app","action":"a","to":"app"}`},
	{roleApp, `{"to":"app","from":{"deep":[1]},"action":"a"}`, roleApp, 0, `{"to":"app","from":"app","action":"a"}`},
	{roleApp, ` { "from" : 1 , "to" : "app" } `, roleApp, 0, `{ "from" : "app" , "to" : "app" } `},
	{roleApp, "{}", roleAgent, 0, `{"from":"app","to":"agent"}`},
	{roleApp, `"reload"`, roleAgent, 0, `{"from":"app","to":"agent","action":"reload","data":"reload"}`},
	{roleParent, `"reload-worker"`, roleMaster, 0, `{"from":"parent","to":"master","action":"reload-worker","data":"reload-worker"}`},
	// A pid decides before to does.
	{roleAgent, `{"receiverPid":"10","to":"app"}`, roleMaster, 0, `{"from":"agent","receiverPid":"10","to":"master"}`},
	{roleApp, `{"receiverPid":"11","to":"app"}`, roleAgent, 0, `{"from":"app","receiverPid":"11","to":"agent"}`},
	{roleAgent, `{"receiverPid":"12"}`, roleApp, 12, `{"from":"agent","to":"app","receiverPid":"12"}`},
	{roleAgent, `{"receiverWorkerId":"13","receiverPid":"12"}`, roleApp, 13, `{"from":"agent","to":"app","receiverWorkerId":"13","receiverPid":"12"}`},
	{roleAgent, `{"receiverWorkerId":null,"receiverPid":"12"}`, roleApp, 12, `{"from":"agent","to":"app","receiverWorkerId":null,"receiverPid":"12"}`},
	{roleApp, `{"receiverWorkerId":"","receiverPid":"12"}`, roleAgent, 0, `{"from":"app","to":"agent","receiverWorkerId":"","receiverPid":"12"}`},
	// It is compared as a text.
	{roleAgent, `{"receiverPid":12}`, roleApp, nobody, `{"from":"agent","to":"app","receiverPid":12}`},
	{roleAgent, `{"receiverPid":"012"}`, roleApp, nobody, `{"from":"agent","to":"app","receiverPid":"012"}`},
	{roleAgent, `{"receiverPid":{}}`, roleApp, nobody, `{"from":"agent","to":"app","receiverPid":{}}`},
	{roleAgent, `{"receiverPid":0}`, roleApp, 0, `{"from":"agent","to":"app","receiverPid":0}`},
	{roleAgent, `{"to":0.0,"receiverPid":false}`, roleApp, 0, `{"from":"agent","to":"app","receiverPid":false}`},
	// Of two values the last counts.
	{roleAgent, `{"to":"parent","to":"agent"}`, roleAgent, 0, `{"from":"agent","to":"parent","to":"agent"}`},
	{roleAgent, `{"t\u006f":"agent"}`, roleAgent, 0, `{"from":"agent","t\u006f":"agent"}`},
	// What is within the data is nobody's business, and stays as it is.
	{roleAgent, `{"data":{"to":"parent","x":"\ud800 }\"]"},"to":"app"}`, roleApp, 0, `{"from":"agent","data":{"to":"parent","x":"\ud800 }\"]"},"to":"app"}`},
	{roleAgent, `{"to":"nobody"}`, "", 0, ""},
	{roleAgent, `{"to":["app"]}`, "", 0, ""},
	{roleAgent, `null`, "", 0, ""},
	{roleAgent, `[1]`, "", 0, ""},
	{roleAgent, `7`, "", 0, ""},
}

func TestRoutes(t *testing.T) {
	for _, r := range routes {
		d, ok := messenger{10, 11}.route([]byte(r.message), r.from)
		if ok != (r.to != "") || d.to != r.to || d.pid != r.pid {
			t.Errorf("%s from %s goes to %q, pid %d, want %q, pid %d", r.message, r.from, d.to, d.pid, r.to, r.pid)
		}
		if got := string(d.message); got != r.passed {
			t.Errorf("%s from %s is passed on as\n%s, want\n%s", r.message, r.from, got, r.passed)
		}
	}
}

func TestActionAndDataForTheMaster(t *testing.T) {
	d, _ := messenger{10, 11}.route([]byte(`{"action":"realport","to":"master","data":{"port":7001}}`), roleApp)
	if d.action != "realport" || string(d.data) != `{"port":7001}` {
		t.Errorf("the action is %q and the data %s", d.action, d.data)
	}
}

// FuzzRoute routes what a worker may send. What is passed on is what came, but for who sent it and who gets it.
func FuzzRoute(f *testing.F) {
	for _, r := range routes {
		f.Add([]byte(r.message))
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		if !json.Valid(message) {
			return // the channel ends at it, and nothing is routed
		}
		for _, from := range []role{roleAgent, roleApp, roleParent} {
			d, ok := messenger{10, 11}.route(message, from)
			if !ok {
				continue
			}
			checkPassed(t, message, from, d)
		}
	})
}

func checkPassed(t *testing.T, message []byte, from role, d delivery) {
	t.Helper()
	var came, passed any
	if err := json.Unmarshal(d.message, &passed); err != nil {
		t.Fatalf("%s is passed on as %q: %v", message, d.message, err)
	}
	json.Unmarshal(message, &came)
	if text, ok := came.(string); ok {
		came = map[string]any{"action": text, "data": text}
	}
	want, ok := came.(map[string]any)
	if !ok {
		t.Fatalf("%s goes to %s", message, d.to)
	}
	want["from"], want["to"] = string(from), string(d.to)
	if diff := cmp.Diff(want, passed); diff != "" {
		t.Errorf("%s is passed on as %s (-want +got):\n%s", message, d.message, diff)
	}
}
