//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"strconv"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc"
)

// The events as the test's process gets them. State is the worker's at that moment, which may be over by now.
type (
	lifeEvent struct {
		Event  string        `json:"event"`
		Worker int           `json:"worker"`
		State  cluster.State `json:"state"`
		list
	}
	listeningEvent struct {
		lifeEvent
		Address address `json:"address"`
	}
	messageEvent struct {
		Event   string `json:"event"`
		Worker  int    `json:"worker"`
		Message any    `json:"message"`
	}
	endEvent struct {
		lifeEvent
		ExitedAfterDisconnect bool    `json:"exitedAfterDisconnect"`
		Code                  *int    `json:"code"`
		Signal                *string `json:"signal"`
	}
	sentEvent struct {
		Event  string   `json:"event"`
		Number int      `json:"number"`
		Error  *failure `json:"error"`
	}
	goneEvent struct {
		Event string `json:"event"`
		list
	}
)

// address is what Node tells of where a worker listens.
type address struct {
	Address     *string `json:"address"`
	Port        int     `json:"port"`
	AddressType any     `json:"addressType"`
	FD          *int    `json:"fd"`
}

func addressOf(a cluster.Address) address {
	told := address{Port: a.Port, AddressType: a.AddressType}
	if a.Address != "" {
		told.Address = &a.Address
	}
	if n, err := strconv.Atoi(a.AddressType); err == nil {
		told.AddressType = n
	}
	if a.FD >= 0 {
		told.FD = &a.FD
	}
	return told
}

// follow tells the test's process of all that happens.
func (b *bridge) follow() {
	for event := range b.primary.Events(context.Background()) {
		switch e := event.(type) {
		case cluster.SetupEvent:
			b.setups <- struct{}{}
		case cluster.ForkEvent:
			b.tell(b.life("fork", e.Worker, cluster.StateNone))
		case cluster.OnlineEvent:
			b.tell(b.life("online", e.Worker, cluster.StateOnline))
		case cluster.ListeningEvent:
			b.tell(listeningEvent{b.life("listening", e.Worker, cluster.StateListening), addressOf(e.Address)})
		case cluster.MessageEvent:
			b.pass(e)
		case cluster.DisconnectEvent:
			b.tell(endEvent{lifeEvent: b.life("disconnect", e.Worker, cluster.StateDisconnected),
				ExitedAfterDisconnect: e.Worker.ExitedAfterDisconnect()})
		case cluster.ExitEvent:
			b.tell(b.exit(e))
		case cluster.ErrorEvent:
			fmt.Fprintln(os.Stderr, e.Err)
		}
	}
}

func (b *bridge) life(event string, w *cluster.Worker, state cluster.State) lifeEvent {
	return lifeEvent{event, w.ID(), state, b.list()}
}

func (b *bridge) exit(e cluster.ExitEvent) endEvent {
	told := endEvent{lifeEvent: b.life("exit", e.Worker, cluster.StateDead),
		ExitedAfterDisconnect: e.Worker.ExitedAfterDisconnect()}
	if e.Status.Signal != 0 {
		name := nodeipc.SignalName(e.Status.Signal)
		told.Signal = &name
	} else {
		told.Code = &e.Status.Code
	}
	return told
}
