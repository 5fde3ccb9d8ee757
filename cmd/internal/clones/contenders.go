//go:build unix

package main

import (
	"fmt"
	"reflect"
	"time"

	"github.com/goccy/go-json"

	sc "github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

var directions = [...]string{"writing", "reading"}

// contender is one that writes or reads a value.
type contender struct {
	name string
	// turn gives the nanoseconds of CPU that it takes each time, from as many times as take that long.
	turn  func(time.Duration) (float64, error)
	turns []float64
}

// contenders gives those that write and those that read a value, the first of nodes first.
func contenders(v value, nodes []*node) (all [len(directions)][]*contender, err error) {
	message, err := nodes[0].message(v.expression)
	if err != nil {
		return all, err
	}
	if err := same(v, message); err != nil {
		return all, err
	}
	for _, n := range nodes {
		all[0] = append(all[0], &contender{name: n.name, turn: n.turn(v.expression, "write")})
		all[1] = append(all[1], &contender{name: n.name, turn: n.turn(v.expression, "read")})
	}
	writers, err := writers(v, message)
	if err != nil {
		return all, err
	}
	readers, err := readers(v, message)
	if err != nil {
		return all, err
	}
	all[0], all[1] = append(all[0], writers...), append(all[1], readers...)
	return all, nil
}

// same makes sure that everybody is given the same value: message, as Node wrote it, and what Go writes.
func same(v value, message []byte) error {
	written, err := sc.Marshal(v.toMarshal())
	if err != nil {
		return err
	}
	for _, m := range [][]byte{message, written} {
		got := reflect.New(reflect.TypeOf(v.typed))
		if err := sc.Unmarshal(m, got.Interface()); err != nil {
			return err
		}
		if !reflect.DeepEqual(got.Elem().Interface(), v.typed) {
			return fmt.Errorf("%.100x is another value than %.100v", m, v.typed)
		}
	}
	return nil
}

func (v value) toMarshal() any {
	if v.marshalled != nil {
		return v.marshalled
	}
	return v.typed
}

func writers(v value, message []byte) ([]*contender, error) {
	tree, err := sc.Decode(message)
	if err != nil {
		return nil, err
	}
	var anything any
	if err := sc.Unmarshal(message, &anything); err != nil {
		return nil, err
	}
	typed := v.toMarshal()
	var room []byte
	appendTo := func(v any) func() error {
		return func() (err error) {
			room, err = sc.AppendMarshal(room[:0], v)
			return err
		}
	}
	return []*contender{
		goContender("Marshal", func() error { _, err := sc.Marshal(typed); return err }),
		goContender("AppendMarshal", appendTo(typed)),
		goContender("AppendMarshal any", appendTo(anything)),
		goContender("Encode", func() error { _, err := sc.Encode(tree); return err }),
		goContender("go-json", func() error { _, err := json.Marshal(v.typed); return err }),
	}, nil
}

func readers(v value, message []byte) ([]*contender, error) {
	text, err := json.Marshal(v.typed)
	if err != nil {
		return nil, err
	}
	typ := reflect.TypeOf(v.typed)
	all := []*contender{
		goContender("Unmarshal", func() error { return sc.Unmarshal(message, reflect.New(typ).Interface()) }),
		goContender("Unmarshal any", func() error { return sc.Unmarshal(message, new(any)) }),
		goContender("Decode", func() error { _, err := sc.Decode(message); return err }),
		goContender("go-json", func() error { return json.Unmarshal(text, reflect.New(typ).Interface()) }),
		goContender("go-json any", func() error { return json.Unmarshal(text, new(any)) }),
	}
	if _, ok := v.typed.([]byte); ok {
		alias := sc.Options{Alias: true}
		all = append(all, goContender("Alias", func() error { return alias.Unmarshal(message, new([]byte)) }))
	}
	if v.key != "" {
		all = append(all, goContender("Lookup", func() error {
			if _, ok := sc.Lookup(message, v.key); !ok {
				return fmt.Errorf("no string at %q", v.key)
			}
			return nil
		}))
	}
	return all, nil
}
