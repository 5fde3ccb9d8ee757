package pool

import "context"

// startControllers starts the goroutines that watch the workers, each for one thing, and have the pool changed when it asks for that. They go
// on until ctx ends. What they know they ask of the supervisor, by ask, and what they change is a change like any other.
func (p *Pool) startControllers(ctx context.Context) {
	for _, control := range p.controllers() {
		p.endings.Go(func() { control(ctx) })
	}
}

// controllers are those that the options ask for.
func (p *Pool) controllers() (all []func(context.Context)) {
	return all
}
