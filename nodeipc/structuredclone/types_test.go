package structuredclone_test

import "time"

type inner struct {
	X int `json:"x"`
	Y int `json:"y,omitempty"`
}

type Embedded struct {
	Shown  string `json:"shown"`
	Hidden string `json:"hidden"`
}

type outer struct {
	Embedded
	*Pointed
	Name     string             `json:"name"`
	Hidden   bool               `json:"hidden"`
	Skipped  int                `json:"-"`
	Quoted   int64              `json:"quoted,string"`
	Inner    inner              `json:"inner"`
	Pointer  *inner             `json:"pointer"`
	List     []inner            `json:"list"`
	Fixed    [2]int8            `json:"fixed"`
	ByNumber map[int]string     `json:"byNumber"`
	Floats   map[string]float32 `json:"floats"`
	Any      any                `json:"any"`
	Zero     time.Time          `json:"zero,omitzero"`
}

type Pointed struct {
	Far string `json:"far,omitempty"`
}

// A name is that of the field that has just this, or else of the first that differs in case only.
type cased struct {
	Cmd   string
	Lower string `json:"cmd"`
}

type node struct {
	Name string  `json:"name"`
	Next *node   `json:"next"`
	All  []*node `json:"all,omitempty"`
}

func ring() *node {
	a, b := &node{Name: "a"}, &node{Name: "b"}
	a.Next, b.Next = b, a
	a.All = []*node{a, b}
	return a
}
