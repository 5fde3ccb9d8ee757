package trace

import "fmt"

// exit is how a child has ended.
type exit struct {
	PID    int    `json:"pid"`
	Code   int    `json:"code"`
	Signal string `json:"signal"` // "" unless one ended it
}

func (e exit) String() string {
	if e.Signal != "" {
		return "was ended by " + e.Signal
	}
	return fmt.Sprintf("exited with code %d", e.Code)
}
