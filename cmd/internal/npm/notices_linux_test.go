package main

import (
	"runtime/debug"
	"strings"
	"testing"
)

// Every platform's program has licences of what it is made of, and a module without one is noticed.
func TestNotices(t *testing.T) {
	of, err := readTemplate()
	if err != nil {
		t.Fatal(err)
	}
	platforms, err := of.platforms("")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range platforms {
		n, err := p.notices()
		if err != nil {
			t.Fatal(err)
		}
		sys := n["golang.org/x/sys"]
		if sys == nil || !strings.Contains(sys.files["LICENSE"], "Redistribution") {
			t.Fatalf("%s: no licence of golang.org/x/sys among %d", p, len(n))
		}
		if err := n.expect([]*debug.Module{{Path: "golang.org/x/sys", Version: sys.version}}); err != nil {
			t.Errorf("%s: %v", p, err)
		}
		for _, missing := range []*debug.Module{{Path: "golang.org/x/sys", Version: "v0.0.1"}, {Path: "example.org/none", Version: "v1.0.0"}} {
			if err := n.expect([]*debug.Module{missing}); err == nil || !strings.Contains(err.Error(), missing.Path+" "+missing.Version) {
				t.Errorf("%s without %s: %v", p, missing.Path, err)
			}
		}
	}
}
