//go:build race

package structuredclone_test

// raceDetector says whether the tests run with -race.
const raceDetector = true
