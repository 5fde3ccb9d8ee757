package main

import (
	"strings"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/logs"
)

func TestLogPrinter(t *testing.T) {
	at := time.Date(2026, 11, 29, 13, 45, 36, 600e6, time.Local)
	lines := []logs.Line{
		{App: "api", Time: at, Instance: 0, Worker: 1, Text: "to be or to"},
		{App: "api", Time: at, Instance: 1, Worker: 2, Stderr: true, Text: "not"},
		{App: "api", Time: at, Instance: -1, Note: true, Text: "2 lines lost"},
		{App: "api", Instance: -1, Text: "of no time"},
	}
	for _, c := range []struct {
		printer logPrinter
		colours bool
		want    string
	}{
		{logPrinter{}, true, "api/0 | to be or to\napi/1 ! not\napi | nodecluster: 2 lines lost\napi | of no time\n"},
		{logPrinter{raw: true, time: true}, false, "2026-11-29T13:45:36.600 to be or to\n2026-11-29T13:45:36.600 not\n2026-11-29T13:45:36.600 nodecluster: 2 lines lost\nof no time\n"},
		{logPrinter{raw: true, timestamp: "HH[h]", highlight: "to"}, true, "13h \x1b[7mto\x1b[m be or \x1b[7mto\x1b[m\n13h not\n13h nodecluster: 2 lines lost\nof no time\n"},
		{logPrinter{raw: true, highlight: "to"}, false, "to be or to\nnot\nnodecluster: 2 lines lost\nof no time\n"},
		{logPrinter{pairs: true, timestamp: pm2LineTime}, false, "timestamp=2026-11-29-13:45:36 app=api id=0 type=out message=to be or to\n" +
			"timestamp=2026-11-29-13:45:36 app=api id=1 type=error message=not\n" +
			"timestamp=2026-11-29-13:45:36 app=api message=nodecluster: 2 lines lost\napp=api message=of no time\n"},
	} {
		var out strings.Builder
		print := c.printer.to(&out, c.colours)
		for _, line := range lines {
			if err := print(line); err != nil {
				t.Fatal(err)
			}
		}
		if out.String() != c.want {
			t.Errorf("%+v prints %q, want %q", c.printer, out.String(), c.want)
		}
	}
}
