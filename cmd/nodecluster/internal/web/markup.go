package web

import (
	"strings"

	g "maragu.dev/gomponents"
)

// What pages are made of. Called directly, the functions of gomponents would be inlined, each time with a copy of their closures: they
// make the program 0.5 MB larger.

//go:noinline
func el(name string, content ...g.Node) g.Node { return g.El(name, content...) }

// attr is an attribute with a value, or one that needs none.
//
//go:noinline
func attr(name string, value ...string) g.Node { return g.Attr(name, value...) }

func class(names string) g.Node { return attr("class", names) }

//go:noinline
func text(t string) g.Node { return g.Text(t) }

// render gives the text of a node. A node fails only where what it writes to fails, and memory does not.
func render(n g.Node) string {
	var b strings.Builder
	n.Render(&b)
	return b.String()
}
