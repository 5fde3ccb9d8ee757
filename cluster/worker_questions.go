package cluster

import (
	"fmt"

	"github.com/nodecluster/nodecluster/cluster/internal/wire"
	"github.com/nodecluster/nodecluster/nodeipc"
)

// maxQuestions is how many bytes of questions may wait. Each counts questionCost beside its own bytes.
const (
	maxQuestions = 1 << 20
	questionCost = 512
)

// questions are those of a worker for servers that are answered later.
type questions struct {
	waiting []*wire.FromWorker
	size    int // in bytes
}

// keep keeps a question of a worker until something has come. It reports false if that is one too many, and the worker's channel is ended.
func (q *questions) keep(w *Worker, m *wire.FromWorker, until string) bool {
	q.size += m.Server.Size() + questionCost
	if q.size > maxQuestions {
		w.fail(fmt.Errorf("%w: it asks for servers in more than %d bytes before %s", nodeipc.ErrProtocol, maxQuestions, until))
		return false
	}
	q.waiting = append(q.waiting, m)
	return true
}

// take returns the questions that were kept, in their order, which are the caller's to answer.
func (q *questions) take() []*wire.FromWorker {
	waiting := q.waiting
	*q = questions{}
	return waiting
}
