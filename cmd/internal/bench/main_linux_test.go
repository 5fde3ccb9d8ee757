package main

import (
	"os"
	"testing"

	"github.com/nodecluster/nodecluster/cmd/internal/measure/measuretest"
)

// programs is the folder of the programs of this repository that the tests measure.
var programs string

func TestMain(m *testing.M) {
	os.Exit(measuretest.Main(m, &programs, "./cmd/nodecluster", "./cmd/examples/worker"))
}
