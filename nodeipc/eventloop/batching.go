package eventloop

// SetLull has the loop ask before each wait whether it should first sleep, for some 0.1 ms, in which more comes
// that is then handled at once. It is for traffic of many small messages, whose sender need not wake the loop for each. What
// is posted meanwhile waits as well. Where the system has no such short sleep, all but Linux, ask is never called.
func (l *Loop) SetLull(ask func() bool) {
	if shortSleep != nil {
		l.mu.Lock()
		l.lull, l.sleep = ask, shortSleep
		l.mu.Unlock()
	}
}

// pause sleeps if there is a lull, and nothing posted.
func (l *Loop) pause() {
	l.mu.Lock()
	ask, sleep, awake := l.lull, l.sleep, l.awake
	l.mu.Unlock()
	if ask != nil && !awake && ask() {
		sleep()
	}
}
