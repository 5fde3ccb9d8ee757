//go:build unix

package nodeipc_test

import (
	"context"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// receiveOne gives the message that a peer has written as a frame of JSON.
func receiveOne(t *testing.T, c *nodeipc.Channel, p *rawPeer, frame string) nodeipc.Message {
	t.Helper()
	p.write(frame + "\n")
	m, err := c.Receive(patient(t))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// What is a user's message to this end goes on to another peer. What would be the channel's own there does not, wherever it comes from.
func TestOnlyUsersMessagesAreSentOn(t *testing.T) {
	nodetest.NoLeaks(t)
	from, sender := newRawPeer(t, nodeipc.Options{Serialization: nodeipc.JSON})
	to, receiver := newRawPeer(t, nodeipc.Options{Serialization: nodeipc.JSON})
	for _, frame := range []string{`{"cmd":"x","list":[1,{"cmd":"NODE_HANDLE_ACK"}]}`, `"NODE_HANDLE_ACK"`, `{"cmd":"NODE_X","cmd":"x"}`, ` [1] `} {
		send(t, to, receiveOne(t, from, sender, frame))
		receiver.expect(frame)
	}
	for _, cmd := range []string{"NODE_HANDLE_ACK", `NODE\u005fCLUSTER`, "nodecluster:response"} {
		body := `{"cmd":"` + cmd + `"}`
		m := receiveOne(t, from, sender, `{"cmd":"nodecluster:request","id":1,"body":`+body+`}`)
		if err := to.Tell(m); err == nil || !strings.Contains(err.Error(), "none of a user") {
			t.Errorf("the body %s of a request was sent on: %v", body, err)
		}
	}
	m := receiveOne(t, from, sender, `{"cmd":"nodecluster:request","id":1,"body":[2]}`)
	send(t, to, m)
	receiver.expect("[2]")
	if err := m.Respond(context.Background(), m); err != nil {
		t.Fatal(err)
	}
	sender.expect(`{"cmd":"nodecluster:response","id":1,"body":[2]}`)
}

func TestWhatCannotBeSentOn(t *testing.T) {
	nodetest.NoLeaks(t)
	from, sender := newRawPeer(t, nodeipc.Options{Serialization: nodeipc.JSON})
	to, receiver := newRawPeer(t, nodeipc.Options{Serialization: nodeipc.JSON})
	other, silent := newRawPeer(t, nodeipc.Options{Serialization: nodeipc.Advanced})
	released := receiveOne(t, from, sender, `"`+strings.Repeat("x", 64<<10)+`"`)
	released.Release()
	for _, test := range []struct {
		to      *nodeipc.Channel
		message nodeipc.Message
		want    string
	}{
		{to, nodeipc.Message{}, "zero Message"},
		{to, released, "released"},
		{other, receiveOne(t, from, sender, "1"), "another serialization"},
	} {
		if err := test.to.Tell(test.message); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("the error is %v, and not that of %q", err, test.want)
		}
	}
	receiver.expectNothing()
	silent.expectNothing()
}
