package probe

import "testing"

// expectedHealth says what checks come to by looking at all of them again: the last run that was long enough counts.
func expectedHealth(initially bool, checks []bool, successThreshold, failureThreshold int) bool {
	for end := len(checks); end > 0; end-- {
		last, run := checks[end-1], 0
		for run < end && checks[end-1-run] == last {
			run++
		}
		if last && run >= successThreshold || !last && run >= failureThreshold {
			return last
		}
	}
	return initially
}

// All sequences of ten checks, with all thresholds up to 4.
func TestHealthModel(t *testing.T) {
	const length = 10
	for sequence := range 1 << length {
		var checks []bool
		for i := range length {
			checks = append(checks, sequence>>i&1 == 1)
		}
		for thresholds := range 32 {
			initially, success, failure := thresholds&1 == 1, thresholds>>1&3+1, thresholds>>3&3+1
			h := health{healthy: initially}
			for i, check := range checks {
				before := h.healthy
				changed := h.after(check, success, failure)
				want := expectedHealth(initially, checks[:i+1], success, failure)
				if h.healthy != want || changed != (before != want) {
					t.Fatalf("checks %v, thresholds %d and %d, initially %v: %v, changed %v, want %v",
						checks[:i+1], success, failure, initially, h.healthy, changed, want)
				}
			}
		}
	}
}
