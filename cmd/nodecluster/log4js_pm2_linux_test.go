package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// With log4js's settings for PM2 no line is lost either, whoever writes it: the primary, each worker, or the instance 0.
func TestLog4jsWithPM2Settings(t *testing.T) {
	const workers = 2
	lines := manyLines(20_000)
	for _, c := range []struct {
		name, settings string
		hasZero        bool // an instance 0 in PM2's variable
		writers        int  // how many workers have an appender
	}{
		{"pm2", `{"pm2":true}`, false, 0},
		{"pm2 with an instance 0", `{"pm2":true}`, true, 1},
		{"disableClustering", `{"pm2":true,"disableClustering":true}`, false, workers},
		{"disableClustering with an instance 0", `{"pm2":true,"disableClustering":true}`, true, workers},
	} {
		t.Run(c.name, func(t *testing.T) {
			nodetest.EachNodeOrNewest(t, func(t *testing.T, node nodetest.Runtime) {
				for _, serialization := range []string{"json", "advanced"} {
					t.Run(serialization, func(t *testing.T) {
						folder := t.TempDir()
						args := []string{"--node", node.Path, "-i", fmt.Sprint(workers), "--serialization", serialization, "--kill-timeout", "1m", routesData + "log4js-pm2.js"}
						if c.hasZero {
							args = append([]string{"--instance-var", "NODE_APP_INSTANCE"}, args...)
						}
						p := launch(t, []string{
							"NODE_PATH=" + nodetest.Libraries(t), fmt.Sprint("LINES=", lines), "FOLDER=" + folder, "SETTINGS=" + c.settings,
						}, args...)
						if c.hasZero {
							p.await("exit", workers-1)
							p.signal(syscall.SIGINT)
						}
						p.expectStatus(0)
						byPrimary, byAppenders := p.stdout.String(), writtenIn(t, folder)
						if len(byAppenders) != c.writers {
							t.Errorf("%d workers have an appender, want %d", len(byAppenders), c.writers)
						}
						if n := strings.Count(byPrimary, "the last of"); c.writers != 1 && n != workers-c.writers {
							t.Errorf("the primary has written the last lines of %d workers", n)
						}
						expectInOrder(t, byPrimary+strings.Join(byAppenders, ""), workers, lines)
					})
				}
			})
		})
	}
}

// writtenIn is what the files of a folder have.
func writtenIn(t *testing.T, folder string) (texts []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.log"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	return texts
}
