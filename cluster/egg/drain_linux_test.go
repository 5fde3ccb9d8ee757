package egg

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/rendezvous"
)

// farewells are the files of an application whose app workers ask the agent something in beforeClose, and wait for what it answers.
var farewells = map[string]string{
	"app.js": `module.exports = app => {
  app.messenger.on('left', pid => console.log('an app worker hears that ' + pid + ' leaves'));
  app.beforeClose(async () => {
    const answered = new Promise(resolve => app.messenger.once('go', resolve));
    app.messenger.sendToAgent('may I go', process.pid);
    await answered;
    console.log('app hook ' + process.pid);
  });
};`,
	"agent.js": `module.exports = agent => {
  agent.messenger.on('may I go', pid => {
    agent.messenger.sendToApp('left', pid);
    agent.messenger.sendTo(pid, 'go');
  });
};`,
}

// TestFarewellsAtStop stops while a request is answered: its client gets the answer, and what the app workers say in their hooks reaches the
// agent, whose answers reach them.
func TestFarewellsAtStop(t *testing.T) {
	t.Setenv("EGG_MASTER_CLOSE_TIMEOUT", "60000")
	eachEgg(t, func(t *testing.T, egg string) {
		r := startReady(t, egg, nil, farewells)
		r.workers(2)
		r.stopDuringRequest("")
		if out := r.output.String(); strings.Count(out, "app hook") != 2 || strings.Contains(out, "ERROR") {
			t.Error("the hooks of two app workers run to their end, without an error")
		}
	})
}

// TestFarewellsAtReload has the app workers that are replaced speak with the agent, and all that are left hear of it.
func TestFarewellsAtReload(t *testing.T) {
	t.Setenv("EGG_MASTER_CLOSE_TIMEOUT", "60000")
	eachEgg(t, func(t *testing.T, egg string) {
		r := startReady(t, egg, nil, farewells)
		before := r.workers(2)
		r.Reload()
		r.awaitOutput("app hook", 2)
		for pid := range before {
			// Itself and one other at least: there are two that stay.
			r.awaitOutput(fmt.Sprint("an app worker hears that ", pid, " leaves"), 2)
		}
		r.Stop("SIGTERM")
		r.stopped()
	})
}

// TestStickyWithoutClients stops app workers of sticky mode that no client ever came to: nothing is to be waited for.
func TestStickyWithoutClients(t *testing.T) {
	t.Setenv("EGG_MASTER_CLOSE_TIMEOUT", "600000")
	eachEgg(t, func(t *testing.T, egg string) {
		r := startReady(t, egg, map[string]any{"sticky": true, "workers": 2}, nil)
		r.mustGet("/", "127.0.0.2") // one of them has had a client
		r.Stop("SIGTERM")
		r.stopped()
	})
}

// TestStickyIsEven spreads clients with addresses of one IPv6 network.
func TestStickyIsEven(t *testing.T) {
	const workers, clients = 4, 4000
	s := &sticky{}
	for range workers {
		s.places = append(s.places, &stickyPlace{waits: true})
	}
	of := make([]int, workers)
	for i := range clients {
		of[s.choose(rendezvous.AddressKey(netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 7: byte(i >> 8), 15: byte(i)})))]++
	}
	for place, n := range of {
		if n < clients/workers*8/10 || n > clients/workers*12/10 {
			t.Errorf("place %d has %d of %d clients: %v", place, n, clients, of)
		}
	}
}
