//go:build unix

package main

import "github.com/nodecluster/nodecluster/nodeipc"

// turn is what a parent is told to do, as JSON in its argument: to start the child, keep messages in flight, and count
// from the end of the warm-up on.
type turn struct {
	Node          string                `json:"node"`
	Child         string                `json:"child"`
	Serialization nodeipc.Serialization `json:"serialization"`
	Size          int                   `json:"size"`
	InFlight      int                   `json:"inFlight"`
	WarmUp        float64               `json:"warmUp"`
	Seconds       float64               `json:"seconds"`
	Cluster       bool                  `json:"cluster"` // the child is a worker
	Workers       int                   `json:"workers"` // of a relay
}

// figures are what a parent has counted, as JSON on its standard output.
type figures struct {
	RoundTrips int     `json:"roundTrips"`
	Seconds    float64 `json:"seconds"`
	CPUMicros  float64 `json:"cpuMicros"`
}

func (f figures) perSecond() float64 { return float64(f.RoundTrips) / f.Seconds }

func (f figures) cpu() float64 { return f.CPUMicros / float64(f.RoundTrips) }
