//go:build !race

package nodetest

// RaceDetector reports whether the tests run with -race.
const RaceDetector = false
