//go:build unix

package main

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

func TestShare(t *testing.T) {
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		for _, send := range []string{"server", "socket", "udp", "unix"} {
			t.Run(send, func(t *testing.T) {
				nodetest.NoLeaks(t)
				ctx, cancel := context.WithTimeout(context.Background(), nodetest.Patience)
				defer cancel()
				var out strings.Builder
				if err := run(ctx, &out, settings{send: send, node: node.Path, workers: 2, requests: 6}); err != nil {
					t.Fatal(err)
				}
				answers := regexp.MustCompile(`(?m)^request \d: answered by worker ([12]), pid \d+$`).FindAllStringSubmatch(out.String(), -1)
				if len(answers) != 6 {
					t.Errorf("printed\n%s", out.String())
				}
				if send != "socket" {
					return
				}
				for i, answer := range answers {
					if want := fmt.Sprint(i%2 + 1); answer[1] != want {
						t.Errorf("request %d was answered by worker %s, want %s", i+1, answer[1], want)
					}
				}
			})
		}
	})
}

func TestShareFails(t *testing.T) {
	nodetest.NoLeaks(t)
	for _, s := range []settings{
		{send: "pipe", node: "node", workers: 1},
		{send: "server", node: "node", workers: 0},
		{send: "unix", node: "/no/such/node", workers: 1},
		{send: "socket", node: "/no/such/node", workers: 1},
		{send: "udp", node: "false", workers: 2},
	} {
		if err := run(context.Background(), io.Discard, s); err == nil {
			t.Errorf("%+v: no error", s)
		}
	}
}
