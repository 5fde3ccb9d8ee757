package table

import (
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/utilinspect"
)

// tone is what a text means for the reader. It becomes a colour.
type tone int

const (
	usual tone = iota
	good
	doubtful
	bad
	quiet
	title
)

var styles = map[tone]ansi.Style{
	good:     ansi.NewStyle().ForegroundColor(ansi.Green),
	doubtful: ansi.NewStyle().ForegroundColor(ansi.Yellow),
	bad:      ansi.NewStyle().ForegroundColor(ansi.Red),
	quiet:    ansi.NewStyle().Faint(),
	title:    ansi.NewStyle().Bold(),
}

// in is a text in the colour of a tone.
func (o Options) in(t tone, text string) string {
	if style, ok := styles[t]; ok && o.Color && text != "" {
		return style.Styled(text)
	}
	return text
}

// gap is how many cells are between two columns.
const gap = 2

type column struct {
	title string
	right bool // the column's text ends at its right edge
	drop  int  // the place of the column in the order in which columns are left out that do not fit, 0 for one that stays
}

type cell struct {
	text string
	tone tone
}

func plain(text string) cell { return cell{text, usual} }

// grid is a table of cells whose columns are as wide as their widest text.
type grid struct {
	columns []column
	rows    [][]cell
}

// add adds a row, with control characters written as escapes.
func (g *grid) add(cells ...cell) {
	for i := range cells {
		if cells[i].text = utilinspect.Printable(cells[i].text); cells[i].text == "" {
			cells[i].text = none
		}
	}
	g.rows = append(g.rows, cells)
}

// leaveOut removes the column of a title in which each row says one of the given texts, which say nothing.
func (g *grid) leaveOut(title string, nothing ...string) {
	i := slices.IndexFunc(g.columns, func(c column) bool { return c.title == title })
	for _, row := range g.rows {
		if !slices.Contains(nothing, row[i].text) {
			return
		}
	}
	g.remove(i)
}

func (g *grid) remove(i int) {
	g.columns = slices.Delete(g.columns, i, i+1)
	for j, row := range g.rows {
		g.rows[j] = slices.Delete(row, i, i+1)
	}
}

// lines is the grid as text. Where the width does not do, columns are left out, and then the first one is cut.
func (g *grid) lines(o Options) []string {
	for i := g.firstToDrop(); o.Mini && i >= 0; i = g.firstToDrop() {
		g.remove(i)
	}
	widths := g.widths()
	for o.Width > 0 && total(widths) > o.Width {
		i := g.firstToDrop()
		if i < 0 {
			widths[0] = max(8, widths[0]-total(widths)+o.Width)
			break
		}
		g.remove(i)
		widths = g.widths()
	}
	titles := make([]cell, len(g.columns))
	for i, c := range g.columns {
		titles[i] = cell{c.title, title}
	}
	lines := []string{g.line(titles, widths, o)}
	for _, row := range g.rows {
		lines = append(lines, g.line(row, widths, o))
	}
	return lines
}

func (g *grid) widths() []int {
	widths := make([]int, len(g.columns))
	for i, c := range g.columns {
		widths[i] = ansi.StringWidth(c.title)
		for _, row := range g.rows {
			widths[i] = max(widths[i], ansi.StringWidth(row[i].text))
		}
	}
	return widths
}

func total(widths []int) int {
	sum := gap * (len(widths) - 1)
	for _, width := range widths {
		sum += width
	}
	return sum
}

// firstToDrop is the column that is left out next, -1 if all that are left stay.
func (g *grid) firstToDrop() int {
	first := -1
	for i, c := range g.columns {
		if c.drop > 0 && (first < 0 || c.drop < g.columns[first].drop) {
			first = i
		}
	}
	return first
}

func (g *grid) line(row []cell, widths []int, o Options) string {
	var b strings.Builder
	for i, c := range row {
		text := ansi.Truncate(c.text, widths[i], "…")
		space := strings.Repeat(" ", widths[i]-ansi.StringWidth(text))
		if i > 0 {
			b.WriteString(strings.Repeat(" ", gap))
		}
		switch {
		case g.columns[i].right:
			b.WriteString(space + o.in(c.tone, text))
		case i == len(row)-1:
			b.WriteString(o.in(c.tone, text))
		default:
			b.WriteString(o.in(c.tone, text) + space)
		}
	}
	return b.String()
}
