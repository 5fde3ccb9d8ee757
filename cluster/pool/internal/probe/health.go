package probe

// health is what the checks so far come to.
type health struct {
	healthy bool
	run     int  // how many of the last checks in a row came out alike
	success bool // so they did
}

// after takes one more check into account, and reports whether the health has changed.
func (h *health) after(success bool, successThreshold, failureThreshold int) (changed bool) {
	if success != h.success {
		h.success, h.run = success, 0
	}
	threshold := failureThreshold
	if success {
		threshold = successThreshold
	}
	h.run = min(h.run+1, threshold)
	if h.run < threshold || h.healthy == success {
		return false
	}
	h.healthy = success
	return true
}
