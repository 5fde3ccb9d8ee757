package main

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// The program of the documentation is served on the port that it does not listen on.
func TestStickyListen(t *testing.T) {
	script := pasted(t, t.TempDir(), "@socket.io/sticky")
	modules := "NODE_PATH=" + nodetest.Libraries(t)
	port := nodetest.FreePort(t)
	p := launch(t, []string{modules}, "--log-format=text", "-i=2", "--sticky-listen", localhost(port), "--wait-ready", script)
	client := exec.Command(nodetest.Default(t).Path, "-e", `
		const { io } = require('socket.io-client');
		const served = new Set();
		(async () => {
			for (let i = 0; i < 4; i++) {
				await new Promise((resolve) => {
					const socket = io('http://127.0.0.1:'+process.argv[1], { transports: ['polling'], forceNew: true });
					socket.on('served', (pid) => { served.add(pid); resolve(); });
				});
			}
			console.log(served.size);
			process.exit();
		})();`, strconv.Itoa(port))
	client.Env = append(os.Environ(), modules)
	out, err := client.CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "2" {
		t.Errorf("the clients are served by %q workers (%v), want 2", out, err)
	}
	p.stop()
}
