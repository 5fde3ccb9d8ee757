//go:build unix

package trace

import "fmt"

// finish says what there is to say after the last message.
func (o *Options) finish(where folder, s *server) error {
	if s.channels() == 0 {
		reason := nothingTraced(o.Command[0], where.loaded())
		s.log.note("%s", reason)
		o.Untraced(reason)
	}
	if err := s.log.close(); err != nil {
		return fmt.Errorf("the trace is not whole, name another file by --out: %w", err)
	}
	if o.Summary {
		return s.summary.write(o.Out, o.JSON)
	}
	return nil
}

// nothingTraced says why there is nothing in a trace.
func nothingTraced(program string, loaded bool) string {
	if loaded {
		return "no child with a channel was forked"
	}
	return fmt.Sprintf("nothing was traced: %s has run no Node program with the trace's NODE_OPTIONS and forked nothing with nodeipc, and only of those the channels can be traced (not Deno's, not Bun's)", program)
}
