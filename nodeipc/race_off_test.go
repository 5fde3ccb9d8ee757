//go:build !race

package nodeipc

// raceDetector reports whether the tests run with -race, under which pools lose what is put into them.
const raceDetector = false
