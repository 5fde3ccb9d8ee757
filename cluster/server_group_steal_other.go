//go:build !linux || portable

package cluster

import "github.com/nodecluster/nodecluster/nodeipc/eventloop"

// queueLooks is for groups of sockets, which this system has not.
type queueLooks struct{}

func newQueueLooks(*eventloop.Loop) *queueLooks { return nil }

func (*queueLooks) add(*groupServer, *Target, int) {}

func (*queueLooks) remove(*Target) {}
