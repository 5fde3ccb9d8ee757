package supervise

// KeepFromWorkers has nothing to do: this system has no primaries.
func KeepFromWorkers() {}
