//go:build linux

package main

import (
	"errors"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc"
)

// failure is an error as Node has it.
type failure struct {
	Name    string `json:"name"`
	Code    string `json:"code,omitempty"`
	Message string `json:"message"`
}

func failureOf(err error) *failure {
	if err == nil {
		return nil
	}
	var port *cluster.InspectPortError
	switch {
	case errors.As(err, &port):
		return &failure{"RangeError", "ERR_SOCKET_BAD_PORT", err.Error()}
	case errors.Is(err, nodeipc.ErrDisconnected):
		return &failure{"Error", "ERR_IPC_CHANNEL_CLOSED", err.Error()}
	}
	return &failure{"Error", "", err.Error()}
}
