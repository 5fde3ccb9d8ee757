//go:build !race

package nodeipc

// raceDetector says whether the tests run with -race, under which pools lose what is put into them.
const raceDetector = false
