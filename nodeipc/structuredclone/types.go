package structuredclone

import (
	"reflect"
	"sync"
)

// typeFuncs has what was made for types: functions that write or read their values.
type typeFuncs[F any] struct {
	made sync.Map // of F by reflect.Type
	// make makes one. It may call of for the types within t.
	make func(t reflect.Type) F
	// later gives a function that calls get for another when it is called first.
	later func(get func() F) F
}

// of gives the function for a type. For a type that is within itself, the inner one is found when it is needed.
func (funcs *typeFuncs[F]) of(t reflect.Type) F {
	if known, ok := funcs.made.Load(t); ok {
		return known.(F)
	}
	var done sync.WaitGroup
	done.Add(1)
	var f F
	known, making := funcs.made.LoadOrStore(t, funcs.later(func() F {
		done.Wait()
		return f
	}))
	if making {
		return known.(F)
	}
	f = funcs.make(t)
	done.Done()
	funcs.made.Store(t, f)
	return f
}
