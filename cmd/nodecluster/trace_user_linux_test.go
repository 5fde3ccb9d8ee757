package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestTraceOfOtherUsers: a child that becomes another user is traced, and so are those of a parent that has.
func TestTraceOfOtherUsers(t *testing.T) {
	if os.Geteuid() != 0 {
		return // There is no other user to be.
	}
	script := filepath.Join(filepath.Dir(binary), "users.js")
	err := os.WriteFile(script, []byte(`
		const { fork } = require('child_process');
		const say = (name, child) => new Promise((resolve) => child.on('message', (m) => console.log(name, m)).on('exit', resolve));
		if (process.argv[2]) {
			process.send([process.getuid(), process.getgid(), process.geteuid(), process.getgroups()]);
			process.disconnect();
		} else {
			(async () => {
				await say('child', fork(__filename, ['child'], { uid: 1234, gid: 5678 }));
				await say('group', fork(__filename, ['child'], { gid: 5678 }));
				process.setgroups([]);
				process.setgid(5678);
				process.setuid(1234);
				await say('all', fork(__filename, ['child']));
			})();
		}`), 0o644)
	if err != nil {
		t.Fatal(err)
	}
	if n := count(sameWithTrace(t, nodeForAll(t), script), func(e traceEvent) bool { return e.Kind == "message" }); n != 3 {
		t.Errorf("%d messages in the trace, want 3", n)
	}
}
