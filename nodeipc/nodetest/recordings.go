package nodetest

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// A Recording is what one real worker has written on its channel in one scenario of testdata/facts.
type Recording struct {
	Runtime string // as [Runtime] has it
	Frames  [][]byte
}

// Recordings gives those of every runtime in a serialization, "json" or "advanced". The test ends with a failure when
// there are none.
func Recordings(tb testing.TB, serialization string) (recordings []Recording) {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join(moduleRoot(tb), "testdata", "facts", "wire-*.json"))
	if err != nil {
		tb.Fatal(err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		recordings = append(recordings, readRecordings(tb, file, name[len("wire-"):len(name)-len(".json")], serialization)...)
	}
	if len(recordings) == 0 {
		tb.Fatal("nodetest: no recordings in testdata/facts, run scripts/record-facts")
	}
	return recordings
}

func readRecordings(tb testing.TB, file, runtime, serialization string) (recordings []Recording) {
	tb.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	var scenarios []struct {
		Mode  string
		Lines []string
	}
	if err := json.Unmarshal(content, &scenarios); err != nil {
		tb.Fatalf("nodetest: %s: %v", file, err)
	}
	for _, s := range scenarios {
		if s.Mode != serialization {
			continue
		}
		r := Recording{Runtime: runtime}
		for _, line := range s.Lines {
			frame := []byte(line + "\n")
			if serialization == "advanced" {
				if frame, err = base64.StdEncoding.DecodeString(line); err != nil {
					tb.Fatalf("nodetest: %s: %v", file, err)
				}
			}
			r.Frames = append(r.Frames, frame)
		}
		recordings = append(recordings, r)
	}
	return recordings
}

// moduleRoot is the folder of go.mod, above the folder of the package that is tested.
func moduleRoot(tb testing.TB) string {
	tb.Helper()
	folder, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return folder
		}
		if folder == filepath.Dir(folder) {
			tb.Fatal("nodetest: no go.mod above the working directory")
		}
		folder = filepath.Dir(folder)
	}
}
