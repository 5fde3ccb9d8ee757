package pool

import (
	"slices"
	"testing"
)

var (
	workerStages    = []stage{vacant, filled, exited, disconnected, ending, emptied, finished, unopened}
	successorStages = []stage{alone, starting, proving, standingBy}
)

// halves are what a move makes of the stages of a place's worker and of its successor, where it can be. A half that is nil it
// leaves as it is.
type halves struct{ worker, successor map[stage]stage }

var wantMoves = map[move]halves{
	fill:       {map[stage]stage{vacant: filled}, nil},
	exit:       {map[stage]stage{filled: exited, disconnected: emptied, ending: emptied}, nil},
	disconnect: {map[stage]stage{filled: disconnected, exited: emptied}, nil},
	outstay:    {map[stage]stage{disconnected: ending}, nil},
	await:      {map[stage]stage{vacant: vacant, emptied: vacant, unopened: vacant}, nil},
	finish: {map[stage]stage{
		vacant: finished, filled: finished, exited: finished, disconnected: finished, ending: finished, emptied: finished, unopened: finished,
	}, nil},
	try:     {nil, map[stage]stage{alone: starting}},
	ready:   {nil, map[stage]stage{starting: proving}},
	standBy: {nil, map[stage]stage{proving: standingBy}},
	promote: {map[stage]stage{
		vacant: filled, filled: filled, exited: filled, disconnected: filled, ending: filled, emptied: filled, finished: filled, unopened: filled,
	}, map[stage]stage{proving: alone, standingBy: alone}},
	drop: {nil, map[stage]stage{starting: alone, proving: alone, standingBy: alone}},
	vacate: {map[stage]stage{
		vacant: unopened, filled: unopened, exited: unopened, disconnected: unopened, ending: unopened, emptied: unopened, finished: unopened,
	}, map[stage]stage{alone: alone}},
}

// Every pair of stages with every move: what it becomes, and whether the move can be.
func TestMoves(t *testing.T) {
	if n := len(workerStages) + len(successorStages); n != stages {
		t.Fatalf("%d stages are tested, there are %d", n, stages)
	}
	if len(wantMoves) != len(moves) {
		t.Fatalf("%d moves are tested, there are %d", len(wantMoves), len(moves))
	}
	for m, want := range wantMoves {
		for _, worker := range workerStages {
			for _, successor := range successorStages {
				p := place{stage: worker, next: successor}
				toWorker, can := step(want.worker, worker)
				toSuccessor, canToo := step(want.successor, successor)
				if !can || !canToo {
					toWorker, toSuccessor = worker, successor
				}
				if ok := p.make(m); ok != (can && canToo) || p.stage != toWorker || p.next != toSuccessor {
					t.Errorf("move %d from the stages %d and %d: %d and %d, %v, want %d and %d, %v",
						m, worker, successor, p.stage, p.next, ok, toWorker, toSuccessor, can && canToo)
				}
			}
		}
	}
}

func step(half map[stage]stage, from stage) (to stage, can bool) {
	if half == nil {
		return from, true
	}
	to, can = half[from]
	return to, can
}

// A place has no stage of the other half, whatever happens to it.
func TestHalvesStayApart(t *testing.T) {
	for m := range moves {
		for _, worker := range workerStages {
			for _, successor := range successorStages {
				p := place{stage: worker, next: successor}
				p.make(move(m))
				if !slices.Contains(workerStages, p.stage) || !slices.Contains(successorStages, p.next) {
					t.Errorf("move %d leads from the stages %d and %d to %d and %d", m, worker, successor, p.stage, p.next)
				}
			}
		}
	}
}
