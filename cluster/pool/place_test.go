package pool

import "testing"

// Every stage with every move: what it becomes, and whether the move can be.
func TestMoves(t *testing.T) {
	all := []stage{vacant, filled, exited, disconnected, ending, emptied, finished}
	if len(all) != stages {
		t.Fatalf("%d stages are tested, there are %d", len(all), stages)
	}
	want := map[move]map[stage]stage{
		fill:       {vacant: filled},
		exit:       {filled: exited, disconnected: emptied, ending: emptied},
		disconnect: {filled: disconnected, exited: emptied},
		outstay:    {disconnected: ending},
		await:      {vacant: vacant, emptied: vacant},
		finish:     {vacant: finished, filled: finished, exited: finished, disconnected: finished, ending: finished, emptied: finished},
	}
	if len(want) != len(moves) {
		t.Fatalf("%d moves are tested, there are %d", len(want), len(moves))
	}
	for m, steps := range want {
		for _, from := range all {
			p := place{stage: from}
			to, can := steps[from]
			if !can {
				to = from
			}
			if ok := p.make(m); ok != can || p.stage != to {
				t.Errorf("move %d from stage %d: %d, %v, want %d, %v", m, from, p.stage, ok, to, can)
			}
		}
	}
}
