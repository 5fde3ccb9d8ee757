//go:build linux

package worker_test

import (
	"net/http"
	"os"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
)

func init() {
	program("leaves when it is asked to", func() error {
		p, l, err := joinAndListen()
		if err != nil {
			return err
		}
		return p.ServeListener(p.Context(), &http.Server{}, l)
	})
	program("kills itself", func() error {
		p, _, err := joinAndListen()
		if err != nil {
			return err
		}
		p.Kill()
		return os.ErrProcessDone
	})
}

// A worker is seen to exit only when its channel has been seen to end, as Node's own workers are.
func TestExitComesAfterDisconnect(t *testing.T) {
	const workers = 40
	majors := []int{18, 26}
	for name, asked := range map[string]bool{"leaves when it is asked to": true, "kills itself": false} {
		t.Run(name, func(t *testing.T) {
			underNode(t, name, majors, nodePolicies[:1], func(u under) {
				for w := 1; w <= workers; w++ {
					u.startOn()
				}
				for w := 1; w <= workers; w++ {
					u.Book().Event(t, "listening", w)
					if asked {
						u.DisconnectWorker(w)
					}
				}
				for w := 1; w <= workers; w++ {
					u.expectDisconnectAndExit(w)
				}
			})
		})
	}
}

// expectDisconnectAndExit waits for the end of a worker, in that order.
func (u under) expectDisconnectAndExit(worker int) {
	u.t.Helper()
	u.expectExit(worker, 0)
	events := u.Book().Of(worker)
	for i, o := range events {
		if o.Event == "exit" && (i == 0 || events[i-1].Event != "disconnect") {
			u.t.Errorf("a worker exits before its channel has ended:\n%s", clustertest.Lines(events))
		}
	}
}
