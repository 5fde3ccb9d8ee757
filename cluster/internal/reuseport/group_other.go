//go:build !linux || portable

package reuseport

import (
	"errors"
	"fmt"

	"github.com/nodecluster/nodecluster/cluster/internal/rendezvous"
)

// A Group is sockets that are bound to one address, of which this system has none.
type Group struct{}

// New fails with errors.ErrUnsupported.
func New(fd, backlog int) (*Group, error) {
	return nil, fmt.Errorf("reuseport: this system does not spread connections over sockets: %w", errors.ErrUnsupported)
}

// CheckSteering fails with errors.ErrUnsupported.
func CheckSteering(int) error { return errors.ErrUnsupported }

func (*Group) Len() int { return 0 }

func (*Group) FD(int) int { return -1 }

func (*Group) Add() error { return errors.ErrUnsupported }

func (*Group) Steer(rendezvous.By, []rendezvous.Choice) error { return errors.ErrUnsupported }

func (*Group) Spread() error { return nil }

func (*Group) Close() {}
