package routes

import (
	"time"

	"github.com/goccy/go-json"
	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// inJSON and inClone are messages as tests write them.
type (
	inJSON  string
	inClone []byte
)

func (m inJSON) Decode(v any) error { return json.Unmarshal([]byte(m), v) }
func (m inJSON) Payload() []byte    { return []byte(m) }

func (m inClone) Decode(v any) error { return structuredclone.Unmarshal(m, v) }
func (m inClone) Payload() []byte    { return m }

// AggregateJSON aggregates answers of workers in their order.
func AggregateJSON(reserved []string, answers ...string) PromMetrics {
	a := newPromAggregation(reserved)
	for i, answer := range answers {
		a.addAnswer(i+1, inJSON(answer))
	}
	return a.end()
}

// SetDeadline changes how long answers are waited for.
func (c *PromClient) SetDeadline(d time.Duration) { c.options.Deadline = d }

// Kept is of how many workers the route keeps something, and how many bytes.
func (c *PromClient) Kept() (workers, size int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.workers), c.kept
}

// Told takes messages as from a worker.
func (r *PM2IO) Told(from *cluster.Worker, clones bool, messages ...string) {
	for _, m := range messages {
		if clones {
			r.take(from, inClone(m))
		} else {
			r.take(from, inJSON(m))
		}
	}
}
