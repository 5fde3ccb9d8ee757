package web

import g "maragu.dev/gomponents"

// form is a form that posts to a path, with the token that it needs.
func (p page) form(path string, content ...g.Node) g.Node {
	return el("form", attr("method", "post"), attr("action", path), hidden("csrf", p.csrf), g.Group(content))
}

// changeForm is a form that the script sends, and meanwhile says what is done, such as "Reloading".
func (p page) changeForm(path, doing string, content ...g.Node) g.Node {
	return p.form(path, attr("data-change", doing), g.Group(content))
}

func hidden(name, value string) g.Node {
	return el("input", attr("type", "hidden"), attr("name", name), attr("value", value))
}

// input is a field of a form, with its label before it.
func input(name, label, kind string, more ...g.Node) g.Node {
	return g.Group{labelFor(name, label), el("input", attr("id", name), attr("name", name), attr("type", kind), g.Group(more))}
}

// choice is a field of a form that has some options, with its label before it.
func choice(name, label string, options ...g.Node) g.Node {
	return g.Group{labelFor(name, label), el("select", attr("id", name), attr("name", name), g.Group(options))}
}

func labelFor(name, label string) g.Node {
	return g.Group{el("label", attr("for", name), text(label)), text(" ")}
}

func option(value, name string, isSelected bool) g.Node {
	return el("option", attr("value", value), g.If(isSelected, attr("selected")), text(name))
}

// mainButton is the button of a form that does what a page is for.
func mainButton(name string) g.Node { return el("button", class("main"), text(name)) }

// linkButton is a link that looks like a button: its classes are "button", and "danger" for what clients may notice.
func linkButton(path, name, classes string, more ...g.Node) g.Node {
	return el("a", class(classes), attr("href", path), g.Group(more), text(name))
}
