package eventloop

// SetBatching has the loop ask before each wait whether to delay it for some 0.1 ms, in which more comes that is then handled in one
// batch. It is for traffic of many small messages, whose sender need not wake the loop for each. What is posted meanwhile waits as
// well. Where the system has no such short sleep, all but Linux, ask is never called.
func (l *Loop) SetBatching(ask func() bool) {
	if shortSleep != nil {
		l.mu.Lock()
		l.delays, l.sleep = ask, shortSleep
		l.mu.Unlock()
	}
}

// pause delays the wait if it is to be delayed, and nothing is posted.
func (l *Loop) pause() {
	l.mu.Lock()
	ask, sleep, awake := l.delays, l.sleep, l.awake
	l.mu.Unlock()
	if ask != nil && !awake && ask() {
		sleep()
	}
}
