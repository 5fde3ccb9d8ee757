// Package plot draws figures as SVG, for the programs that measure: panels beside each other, each with its axes, and one legend.
package plot

import (
	"fmt"
	"math"
)

// Plot is what is drawn.
type Plot struct {
	Panels []Panel
	Legend []Entry
}

// Entry is a line of the legend.
type Entry struct{ Colour, Title string }

// Panel has points between two axes.
type Panel struct {
	Title string // above
	Below string // what is on the horizontal axis
	X, Y  Axis
	Bands []Band
	Lines []Series // points with a line through them
	Dots  []Series // points by themselves
}

// Axis is a range of values, with marks.
type Axis struct {
	From, To float64
	Ticks    []Tick
}

// Tick is a mark on an axis.
type Tick struct {
	At   float64
	Text string
}

// Band is a part of the horizontal axis that is shaded.
type Band struct{ From, To float64 }

// Series are points of one colour.
type Series struct {
	Colour string
	Points []Point
}

// Point is a point in the values of the axes.
type Point struct{ X, Y float64 }

// FromZero is an axis with some five marks, up to a value or a little more.
func FromZero(highest float64) Axis {
	step := niceStep(highest)
	steps := max(1, int(math.Ceil(highest/step)))
	a := Axis{To: step * float64(steps)}
	for i := range steps + 1 {
		v := step * float64(i)
		a.Ticks = append(a.Ticks, Tick{v, fmt.Sprintf("%.6g", v)})
	}
	return a
}

// niceStep is the distance of some five ticks up to a value: 1, 2 or 5 times a power of 10.
func niceStep(highest float64) float64 {
	if highest <= 0 {
		return 1
	}
	raw := highest / 5
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, f := range []float64{1, 2, 5} {
		if raw <= f*power {
			return f * power
		}
	}
	return 10 * power
}
