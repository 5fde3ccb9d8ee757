package plot

import (
	"encoding/xml"
	"slices"
	"strings"
	"testing"
)

func TestNiceStep(t *testing.T) {
	for highest, want := range map[float64]float64{0: 1, 1: 0.2, 4.9: 1, 5: 1, 6: 2, 24: 5, 26: 10, 4321: 1000, 0.3: 0.1} {
		if got := niceStep(highest); got < want*0.999 || got > want*1.001 {
			t.Errorf("for %v it is %v, want %v", highest, got, want)
		}
	}
}

func TestFromZero(t *testing.T) {
	a := FromZero(24)
	var texts []string
	for _, tick := range a.Ticks {
		texts = append(texts, tick.Text)
	}
	if a.From != 0 || a.To != 25 || strings.Join(texts, " ") != "0 5 10 15 20 25" {
		t.Errorf("%+v", a)
	}
}

// document is what the test reads of a drawing.
type document struct {
	Rects     []element `xml:"rect"`
	Polylines []element `xml:"polyline"`
	Circles   []element `xml:"circle"`
	Texts     []string  `xml:"text"`
}

type element struct {
	X      string `xml:"x,attr"`
	CX     string `xml:"cx,attr"`
	CY     string `xml:"cy,attr"`
	Width  string `xml:"width,attr"`
	Points string `xml:"points,attr"`
}

func TestSVG(t *testing.T) {
	p := Panel{
		Title: "up <&> down", Below: "time", X: Axis{From: -1, To: 3, Ticks: []Tick{{0, "begin"}}}, Y: Axis{From: 0, To: 2},
		Bands: []Band{{0, 1}}, Lines: []Series{{"#123456", []Point{{-1, 0}, {3, 2}}}}, Dots: []Series{{"#654321", []Point{{1, 1}}}},
	}
	drawing := Plot{Panels: []Panel{p, p}, Legend: []Entry{{"#123456", "the line"}}}.SVG()
	var d document
	if err := xml.Unmarshal(drawing, &d); err != nil {
		t.Fatalf("%v in %s", err, drawing)
	}
	if len(d.Polylines) != 2 || d.Polylines[0].Points != "70,310 430,50 " || d.Polylines[1].Points != "520,310 880,50 " {
		t.Errorf("the lines are %+v", d.Polylines)
	}
	if len(d.Circles) != 3 || d.Circles[0].CX != "250" || d.Circles[0].CY != "180" {
		t.Errorf("the points and the legend's are %+v", d.Circles)
	}
	if len(d.Rects) != 3 || d.Rects[1].X != "160" || d.Rects[1].Width != "90" {
		t.Errorf("the paper and the bands are %+v", d.Rects)
	}
	for _, text := range []string{"up <&> down", "time", "begin", "the line"} {
		if !slices.Contains(d.Texts, text) {
			t.Errorf("there is no %q in %q", text, d.Texts)
		}
	}
}
