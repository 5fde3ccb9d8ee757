package main

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/cmd/internal/measure"
)

// sample is a report of two contenders with 2 and 4 workers, of one that fails and of one that is not there.
func sample() *report {
	r := &report{Machine: measure.Machine{CPUs: 2, Kernel: "Linux 6", Node: "v20.1.0"}, Kind: "http", Rounds: 3, Seconds: 4, Clients: 64, Addresses: 1}
	find := func(name string) contender {
		for _, c := range contenders() {
			if c.name == name {
				return c
			}
		}
		panic(name)
	}
	turns := func(perSecond ...float64) (all []figures) {
		for _, n := range perSecond {
			all = append(all, figures{PerSecond: n, CPU: 1e5 / n, Memory: 10})
		}
		return all
	}
	ours := turns(3000, 2000, 2500)
	ours[1].Errors = "Socket errors: connect 0, read 1, write 0, timeout 0"
	r.Results = append(r.Results,
		newResult(find("node"), 2, turns(1000, 3000, 2000)), newResult(find("sticky"), 2, ours),
		newResult(find("sticky"), 4, turns(4000)))
	r.NotMeasured = append(r.NotMeasured, omission{Name: "nginx", Reason: "no nginx: install it"}, omission{Name: "node", Workers: 4, Reason: "it <died> & left"})
	r.LeftOut = []string{"pm2", "floor"}
	return r
}

const sampleTable = `http, 2 CPUs, Linux 6, Node 20.1.0: rounds of 4 s, 64 clients with 1 address, medians of 3; ratios are to Node's cluster, rr.

| workers | primary | connections/s | primary's CPU, µs a connection | primary's memory, MiB | ratios |
|---|---|---|---|---|---|
| 2 | Node's cluster, rr | 2000 | 50.0 | 10.0 | 1.00, 1.00, 1.00 |
| 2 | nodecluster, sticky | 2500 | 40.0 | 10.0 | 1.25, 0.80, 1.00 |
| 4 | nodecluster, sticky | 4000 | 25.0 | 10.0 | – |

Clients of sticky with 2 workers saw: Socket errors: connect 0, read 1, write 0, timeout 0.

All connections come from one address, so that under sticky one worker has them all: --addresses 1000 spreads them.

Left out by --only: pm2, floor.

Not measured:

- nginx: no nginx: install it
- node with 4 workers: it <died> & left
`

func TestTable(t *testing.T) {
	var got strings.Builder
	if err := sample().writeTable(&got); err != nil {
		t.Fatal(err)
	}
	if got.String() != sampleTable {
		t.Errorf("the table is\n%s\nwant\n%s", got.String(), sampleTable)
	}
}

func TestStickyWithManyAddresses(t *testing.T) {
	r := sample()
	r.Addresses = 1000
	var got strings.Builder
	if err := r.writeTable(&got); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(got.String(), "64 clients with 1000 addresses, ") || strings.Contains(got.String(), "one address") {
		t.Errorf("the table is\n%s", got.String())
	}
}

func TestRatioToNothing(t *testing.T) {
	if got := ratio(3, 0); got != "–" {
		t.Errorf("%q", got)
	}
}

func TestFailure(t *testing.T) {
	r := sample()
	r.NotMeasured = append(r.NotMeasured, r.NotMeasured...)
	if err := r.failure(); err == nil || err.Error() != "contenders have failed: node" {
		t.Errorf("%v, want that node has failed", err)
	}
	r.NotMeasured = r.NotMeasured[:1]
	if err := r.failure(); err != nil {
		t.Errorf("%v, where nginx was not there", err)
	}
}

func TestJSON(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.json")
	if err := sample().writeJSON(path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got report
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Results) != 3 || got.Results[0].Median.PerSecond != 2000 || len(got.Results[0].Turns) != 3 || len(got.NotMeasured) != 2 {
		t.Errorf("%s", text)
	}
}

// elements counts the elements of an XML document.
func elements(t *testing.T, document []byte) map[string]int {
	t.Helper()
	counts := map[string]int{}
	d := xml.NewDecoder(strings.NewReader(string(document)))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return counts
		}
		if err != nil {
			t.Fatalf("%v in %s", err, document)
		}
		if e, ok := token.(xml.StartElement); ok {
			counts[e.Name.Local]++
			for _, a := range e.Attr {
				if strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf") || strings.Contains(a.Value, "ZgotmplZ") {
					t.Errorf("<%s %s=%q>", e.Name.Local, a.Name.Local, a.Value)
				}
			}
		}
	}
}

func TestPlot(t *testing.T) {
	counts := elements(t, sample().plot())
	// Two panels with two lines of three points, and two in the legend.
	if counts["polyline"] != 4 || counts["circle"] != 2*3+2 || counts["svg"] != 1 {
		t.Errorf("its elements are %v", counts)
	}
}

func TestPlotOfNoCPU(t *testing.T) {
	r := &report{Results: []*result{newResult(contenders()[1], 2, []figures{{PerSecond: 1}})}}
	if counts := elements(t, r.plot()); counts["circle"] != 3 {
		t.Errorf("its elements are %v", counts)
	}
}

func TestEachContenderHasItsColour(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range colours {
		seen[c] = true
	}
	if len(seen) != len(colours) || len(colours) != len(contenders()) {
		t.Errorf("%d colours, %d of them different, for %d contenders", len(colours), len(seen), len(contenders()))
	}
}

func TestScaleTable(t *testing.T) {
	settings := func(cpu ...float64) (all []*setting) {
		for i, c := range cpu {
			n := []size{{2, 1}, {256, 1}, {2, 1}, {2, 1000}, {2, 1}, {256, 1}}[i]
			all = append(all, &setting{contender: contender{title: "Go"}, size: n, turns: []figures{{PerSecond: 100, CPU: c, Memory: 10 + float64(n.workers)/64}}})
		}
		return all
	}
	for _, c := range []struct {
		cpu  []float64
		want []string
	}{
		{[]float64{10, 20, 40, 50, 8, 12}, []string{
			"| 256 in Go | 1 | 100 | 20.0 | 14.0 |",
			"| CPU a connection: 256 workers beside 2 | 2.00, over the bar | 1.3 | 1.50 |",
			"| CPU a connection: 1000 ports beside 1 | 1.25 | 1.3 | – |",
			"| memory with 2 workers | 10.03 MiB | 15 MiB | – |",
			"| memory of each further worker | 16.00 KiB | 100 KiB | – |",
		}},
		{[]float64{10, 12, 40, 60}, []string{
			"| CPU a connection: 256 workers beside 2 | 1.20 | 1.3 | – |",
			"| CPU a connection: 1000 ports beside 1 | 1.50, over the bar | 1.3 | – |",
		}},
	} {
		var got strings.Builder
		if err := writeScale(&got, settings(c.cpu...)); err != nil {
			t.Fatal(err)
		}
		for _, line := range c.want {
			if !strings.Contains(got.String(), line+"\n") {
				t.Errorf("there is no line %s in\n%s", line, got.String())
			}
		}
	}
}
