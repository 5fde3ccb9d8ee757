//go:build race

package structuredclone_test

// raceDetector reports whether the tests run with -race.
const raceDetector = true
