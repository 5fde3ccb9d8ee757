//go:build linux

package nodeipc_test

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

func init() {
	// linger says goodbye, disconnects and exits.
	childPrograms["linger"] = func() error {
		c, err := nodeipc.Parent(nodeipc.Options{Linger: patience})
		if err != nil {
			return err
		}
		if err := c.Send(context.Background(), "goodbye"); err != nil {
			return err
		}
		if err := c.Disconnect(); err != nil {
			return err
		}
		<-c.Done()
		return c.Err()
	}
}

// A child that lingers lives until its parent has seen the end of the channel, however long that is busy with something else,
// and so 'disconnect' always comes before 'exit'.
func TestLingerUntilTheParentHasSeenTheEnd(t *testing.T) {
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		nodetest.NoLeaks(t)
		runParent(t, node, `
			const fs = require('fs');
			const children = Array.from({ length: 10 }, () => go('linger'));
			const events = [];
			let gone = 0;
			for (const child of children) {
				child.on('message', () => {
					Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
					const state = fs.readFileSync(`+"`/proc/${child.pid}/stat`"+`, 'latin1').replace(/.*\) /s, '')[0];
					if (state === 'Z') events.push('a zombie while the parent was busy');
				});
				child.on('disconnect', () => { child.over = true; });
				child.on('exit', (code) => {
					if (!child.over || code !== 0) events.push('exit before disconnect, or with ' + code);
					if (++gone === children.length) console.log(events.join('\n') + 'all');
				});
			}`,
			"all\n")
	})
}

// The channel of a peer that does not close its end lasts no longer than it is to linger.
func TestLingerEnds(t *testing.T) {
	nodetest.NoLeaks(t)
	c, p := newRawPeer(t, nodeipc.Options{Linger: 10 * time.Millisecond})
	disconnectFrom(t, c, p)
	expectEnd(t, c, nil)
}

// What comes while a channel lingers is dropped. Close does not wait for the peer.
func TestCloseEndsLingering(t *testing.T) {
	nodetest.NoLeaks(t)
	fd, closed := tracer(t)
	c, p := newRawPeer(t, nodeipc.Options{Linger: maxLife})
	disconnectFrom(t, c, p)
	p.write(`{"cmd":"NODE_HANDLE","type":"net.Native","msg":1}`+"\n", fd)
	closed()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	expectEnd(t, c, nil)
}

// disconnectFrom disconnects a channel, of which the peer reads the end.
func disconnectFrom(t *testing.T, c *nodeipc.Channel, p *rawPeer) {
	t.Helper()
	if err := c.Disconnect(); err != nil {
		t.Fatal(err)
	}
	if n, err := p.conn.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("the peer reads %d bytes, %v, want the end", n, err)
	}
}
