package web

import (
	g "maragu.dev/gomponents"
)

// column is the head of a column of text.
func column(name string) g.Node { return el("th", attr("scope", "col"), text(name)) }

// figureColumn is the head of a column of figures.
func figureColumn(name string) g.Node {
	return el("th", attr("scope", "col"), class("number"), text(name))
}

// cell is a cell of a table. Where there is no room for columns, it has the name of its own beside it.
func cell(column string, content ...g.Node) g.Node {
	return el("td", attr("data-label", column), g.Group(content))
}

func figureCell(column, figure string) g.Node {
	return cell(column, class("number"), text(figure))
}

// orDash is a text, or a dash if that is not known.
func orDash(text string, known bool) string {
	if known {
		return text
	}
	return "–"
}
