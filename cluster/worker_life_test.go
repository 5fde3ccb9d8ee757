package cluster

import (
	"slices"
	"testing"
)

// Every life with every move: what it becomes, and whether the move can be.
func TestLife(t *testing.T) {
	type step struct {
		life life
		ok   bool
	}
	lives := []life{started, online, listening, disconnectedAlive, deadConnected, disconnectedDead, deadDisconnected}
	want := map[move][]step{
		goOnline: {
			{online, true}, {online, false}, {listening, false}, {disconnectedAlive, false}, {deadConnected, false},
			{disconnectedDead, false}, {deadDisconnected, false},
		},
		goListening: {
			{listening, true}, {listening, true}, {listening, true}, {disconnectedAlive, false}, {deadConnected, false},
			{disconnectedDead, false}, {deadDisconnected, false},
		},
		goDisconnect: {
			{disconnectedAlive, true}, {disconnectedAlive, true}, {disconnectedAlive, true}, {disconnectedAlive, false},
			{disconnectedDead, true}, {disconnectedDead, false}, {deadDisconnected, false},
		},
		goExit: {
			{deadConnected, true}, {deadConnected, true}, {deadConnected, true}, {deadDisconnected, true},
			{deadConnected, false}, {disconnectedDead, false}, {deadDisconnected, false},
		},
	}
	for m, steps := range want {
		for i, from := range lives {
			line := newLifeline()
			line.value.Store(int32(from))
			if ok := line.make(m); ok != steps[i].ok || line.now() != steps[i].life {
				t.Errorf("move %d from %d: %d, %v, want %d, %v", m, from, line.now(), ok, steps[i].life, steps[i].ok)
			}
			told := []bool{isClosed(line.listening), isClosed(line.disconnected), isClosed(line.exited), isClosed(line.gone)}
			want := []bool{
				steps[i].ok && m == goListening && from != listening, steps[i].ok && m == goDisconnect, steps[i].ok && m == goExit,
				steps[i].ok && steps[i].life.isGone(),
			}
			if !slices.Equal(told, want) {
				t.Errorf("move %d from %d: who waits for listening, disconnected, exited and gone is told %v, want %v", m, from, told, want)
			}
		}
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func TestStates(t *testing.T) {
	for life, want := range map[life]struct {
		state      State
		dead, gone bool
	}{
		started:           {StateNone, false, false},
		online:            {StateOnline, false, false},
		listening:         {StateListening, false, false},
		disconnectedAlive: {StateDisconnected, false, false},
		deadConnected:     {StateDead, true, false},
		disconnectedDead:  {StateDisconnected, true, true},
		deadDisconnected:  {StateDead, true, true},
	} {
		if stateNames[life] != want.state || life.isDead() != want.dead || life.isGone() != want.gone {
			t.Errorf("%d is %s, dead %v, gone %v, want %+v", life, stateNames[life], life.isDead(), life.isGone(), want)
		}
	}
}
