package plot

import (
	"bytes"
	_ "embed"
	"html/template"
	"math"
)

//go:embed plot.svg
var plotSVG string

var plotTemplate = template.Must(template.New("plot.svg").Parse(plotSVG))

// The measures of the drawing, in its own units.
const (
	panelWidth, panelHeight = 360.0, 260.0
	panelLeft, panelTop     = 70.0, 50.0
	panelGap                = 90.0
	legendWidth             = 220.0
)

// drawing is what the template is given: a plot in the drawing's units.
type drawing struct {
	Width, Height float64
	Panels        []drawnPanel
	Legend        []drawnEntry
}

type drawnPanel struct {
	Title, Below             string
	Left, Top, Right, Bottom float64
	Middle, Height           float64
	Bands                    []drawnBand
	X, Y                     []Tick
	Lines, Dots              []Series
}

type drawnBand struct{ Left, Width float64 }

type drawnEntry struct {
	Colour, Title string
	X, Y          float64
}

// SVG draws the plot as a document.
func (p Plot) SVG() []byte {
	right := panelLeft + float64(len(p.Panels))*(panelWidth+panelGap) - panelGap
	d := drawing{Width: right + legendWidth, Height: panelTop + panelHeight + 60}
	for i, panel := range p.Panels {
		d.Panels = append(d.Panels, panel.draw(panelLeft+float64(i)*(panelWidth+panelGap)))
	}
	for i, e := range p.Legend {
		d.Legend = append(d.Legend, drawnEntry{e.Colour, e.Title, right + 25, panelTop + 10 + 22*float64(i)})
	}
	var b bytes.Buffer
	if err := plotTemplate.Execute(&b, d); err != nil {
		panic(err) // a buffer takes everything, and the template is given what it asks for
	}
	return b.Bytes()
}

func (p Panel) draw(left float64) drawnPanel {
	d := drawnPanel{
		Title: p.Title, Below: p.Below, Left: left, Top: panelTop, Right: left + panelWidth, Bottom: panelTop + panelHeight,
		Middle: left + panelWidth/2, Height: panelHeight,
	}
	x := func(v float64) float64 { return round(d.Left + p.X.part(v)*panelWidth) }
	y := func(v float64) float64 { return round(d.Bottom - p.Y.part(v)*panelHeight) }
	for _, b := range p.Bands {
		d.Bands = append(d.Bands, drawnBand{x(b.From), round(x(b.To) - x(b.From))})
	}
	d.X, d.Y = drawTicks(p.X.Ticks, x), drawTicks(p.Y.Ticks, y)
	d.Lines, d.Dots = drawSeries(p.Lines, x, y), drawSeries(p.Dots, x, y)
	return d
}

// part is where a value is on the axis, from 0 to 1.
func (a Axis) part(v float64) float64 { return (v - a.From) / (a.To - a.From) }

func drawTicks(ticks []Tick, to func(float64) float64) (drawn []Tick) {
	for _, t := range ticks {
		drawn = append(drawn, Tick{to(t.At), t.Text})
	}
	return drawn
}

func drawSeries(all []Series, x, y func(float64) float64) (drawn []Series) {
	for _, s := range all {
		in := Series{Colour: s.Colour}
		for _, p := range s.Points {
			in.Points = append(in.Points, Point{x(p.X), y(p.Y)})
		}
		drawn = append(drawn, in)
	}
	return drawn
}

func round(v float64) float64 { return math.Round(v*10) / 10 }
