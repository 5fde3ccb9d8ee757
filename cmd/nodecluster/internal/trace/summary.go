package trace

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/relay"
)

// summary counts messages by what they are and whither they go.
type summary struct {
	mu    sync.Mutex
	kinds map[kind]*count
}

type kind struct {
	direction relay.Direction
	label     string
}

type count struct {
	messages, bytes uint64
	latencies       histogram // of the answers
}

func newSummary() *summary { return &summary{kinds: map[kind]*count{}} }

func (s *summary) take(m *message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.of(m.Direction, m.label())
	c.messages++
	c.bytes += uint64(m.Size)
	if m.answers != "" {
		s.of(1-m.Direction, m.answers).latencies.add(m.latency)
	}
}

func (s *summary) of(d relay.Direction, label string) *count {
	c := s.kinds[kind{d, label}]
	if c == nil {
		c = &count{}
		s.kinds[kind{d, label}] = c
	}
	return c
}

// sorted gives the kinds, the most frequent first.
func (s *summary) sorted() []kind {
	var kinds []kind
	for k := range s.kinds {
		kinds = append(kinds, k)
	}
	slices.SortFunc(kinds, func(a, b kind) int {
		if n, m := s.kinds[a].messages, s.kinds[b].messages; n != m {
			return int(int64(m) - int64(n))
		}
		return slices.Compare([]byte(a.label+a.direction.String()), []byte(b.label+b.direction.String()))
	})
	return kinds
}

// write writes a table, or a line of JSON a kind.
func (s *summary) write(out io.Writer, asJSON bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if asJSON {
		return s.writeJSON(out)
	}
	return s.writeTable(out)
}

func (s *summary) writeTable(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "messages\tbytes\tp50 ms\tp99 ms\tmax ms\t    kind")
	for _, k := range s.sorted() {
		c := s.kinds[k]
		arrow := map[relay.Direction]string{relay.ToChild: "→", relay.FromChild: "←"}[k.direction]
		fmt.Fprintf(w, "%d\t%d\t%s\t%s\t%s\t  %s %s\n", c.messages, c.bytes,
			milliseconds(c.latencies.quantile(0.5)), milliseconds(c.latencies.quantile(0.99)), milliseconds(c.latencies.max), arrow, k.label)
	}
	return w.Flush()
}

// row is a kind's line in JSON.
type row struct {
	Event     string  `json:"event"`
	Direction string  `json:"direction"`
	Label     string  `json:"label"`
	Messages  uint64  `json:"messages"`
	Bytes     uint64  `json:"bytes"`
	P50MS     float64 `json:"p50Ms,omitempty"`
	P99MS     float64 `json:"p99Ms,omitempty"`
	MaxMS     float64 `json:"maxMs,omitempty"`
}

func (s *summary) writeJSON(out io.Writer) error {
	lines := json.NewEncoder(out)
	for _, k := range s.sorted() {
		c := s.kinds[k]
		ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
		err := lines.Encode(row{
			"summary", k.direction.String(), k.label, c.messages, c.bytes,
			ms(c.latencies.quantile(0.5)), ms(c.latencies.quantile(0.99)), ms(c.latencies.max),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func milliseconds(d time.Duration) string {
	if d == 0 {
		return "-"
	}
	return fmt.Sprintf("%.3f", float64(d)/float64(time.Millisecond))
}
