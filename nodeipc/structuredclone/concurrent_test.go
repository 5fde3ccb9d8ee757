package structuredclone_test

import (
	"sync"
	"testing"

	sc "github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// A type is met for the first time by several goroutines at once, and contains itself.
func TestNewTypeInManyGoroutines(t *testing.T) {
	type leaf struct {
		Up   any            `json:"up"`
		More map[string]int `json:"more"`
	}
	type branch struct {
		Branches []branch         `json:"branches"`
		Next     *branch          `json:"next"`
		Leaves   map[string]*leaf `json:"leaves"`
	}
	tree := branch{Branches: []branch{{}, {Next: &branch{}}}, Leaves: map[string]*leaf{"a": {More: map[string]int{"b": 1}}}}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			data, err := sc.Marshal(tree)
			if err != nil {
				t.Error(err)
				return
			}
			var got branch
			if err := sc.Unmarshal(data, &got); err != nil {
				t.Error(err)
				return
			}
			if len(got.Branches) != 2 || got.Branches[1].Next == nil || got.Leaves["a"].More["b"] != 1 {
				t.Errorf("it came back as %+v", got)
			}
		})
	}
	all.Wait()
}
