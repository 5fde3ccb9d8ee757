package routes

import "github.com/nodecluster/nodecluster/cluster"

const (
	// maxAdapters is how many bytes are kept of a worker's adapters.
	maxAdapters = 1 << 20
	// adapterCost is about what an adapter takes beside its names.
	adapterCost = 64
	// emitterUID is what programs that emit without an adapter of their own go by.
	emitterUID = "emitter"
)

// adapters are Socket.IO's in the workers. Each belongs to the worker that has used its uid first.
type adapters struct {
	owners map[string]*cluster.Worker
	of     map[*cluster.Worker]*ownAdapters
}

// ownAdapters are those of a worker.
type ownAdapters struct {
	namespaces map[string]string // by uid
	size       int
}

func newAdapters() adapters {
	return adapters{map[string]*cluster.Worker{}, map[*cluster.Worker]*ownAdapters{}}
}

// use notes that a worker has used a uid, and reports whether it may: one that is its own, and in one namespace.
func (a adapters) use(w *cluster.Worker, uid, namespace string) bool {
	if uid == emitterUID {
		return true
	}
	switch owner := a.owners[uid]; {
	case uid == "" || owner != nil && owner != w:
		return false
	case owner == w:
		return a.of[w].namespaces[uid] == namespace
	}
	own := a.of[w]
	if own == nil {
		own = &ownAdapters{namespaces: map[string]string{}}
		a.of[w] = own
	}
	cost := len(uid) + len(namespace) + adapterCost
	if own.size+cost > maxAdapters {
		return false
	}
	own.size += cost
	own.namespaces[uid] = namespace
	a.owners[uid] = w
	return true
}

// forget is for an adapter that is closed.
func (a adapters) forget(w *cluster.Worker, uid string) {
	own := a.of[w]
	if own == nil || a.owners[uid] != w {
		return
	}
	own.size -= len(uid) + len(own.namespaces[uid]) + adapterCost
	delete(own.namespaces, uid)
	delete(a.owners, uid)
}

// leave forgets a worker, and returns its adapters' namespaces by their uids.
func (a adapters) leave(w *cluster.Worker) map[string]string {
	own := a.of[w]
	if own == nil {
		return nil
	}
	delete(a.of, w)
	for uid := range own.namespaces {
		delete(a.owners, uid)
	}
	return own.namespaces
}
