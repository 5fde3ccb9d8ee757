package main

// keepFromWorkers has nothing to do: this system has no primaries.
func keepFromWorkers() {}
