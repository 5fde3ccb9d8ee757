//go:build unix

package main

import (
	"fmt"

	"github.com/nodecluster/nodecluster/nodeipc"
)

const (
	large = 64 << 10
	some  = 16
	many  = 64
)

// cell is one kind of traffic.
type cell struct {
	serialization nodeipc.Serialization
	size          int // of a string; 0 is the small message, an object
	inFlight      int
}

func cells() (all []cell) {
	for _, s := range []nodeipc.Serialization{nodeipc.JSON, nodeipc.Advanced} {
		for _, size := range []int{0, large} {
			for _, n := range []int{1, some, many} {
				all = append(all, cell{s, size, n})
			}
		}
	}
	return all
}

// message is the cell's kind of message in the table.
func (c cell) message() string {
	if c.size > 0 {
		return "64 KiB"
	}
	return "small"
}

func (c cell) String() string {
	return fmt.Sprintf("%s, %s, %d in flight", c.serialization, c.message(), c.inFlight)
}
