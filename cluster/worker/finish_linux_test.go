package worker

import (
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/modeltest"
)

// A connection that is accepted at the last moment does not have the worker tell a second time that it leaves.
func TestTheLastStepOfLeavingIsTakenOnce(t *testing.T) {
	m := newPrimaryModel(t, &modeltest.Script{}, nil)
	m.self.Disconnect()
	m.self.countOpen()
	m.self.countClosed()
	told := 0
	for _, message := range m.Heard() { // all of which is written by now
		told += strings.Count(string(message), "exitedAfterDisconnect")
	}
	if told != 1 {
		t.Errorf("the worker tells %d times that it leaves", told)
	}
	m.end()
}
