//go:build unix

package logs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// printer prints as programs do: short and long lines on both streams, one without an end, and why it has failed.
const printer = `
	const { NODECLUSTER_INSTANCE: me, FAIL } = process.env;
	if (FAIL) throw new Error('no database');
	for (let i = 0; i < 2000; i++) console.log('line', i, 'of', me);
	console.error('x'.repeat(300000));
	console.log({ nested: { in: 'two lines of an object that is long', which: 'node breaks', a: [1, 2, 3] } });
	process.stdout.write('no end');
	require('http').createServer().listen(0, () => process.send('ready'));`

// Workers of Node print to the log through a pool, and a new one that fails says why.
func TestWorkersOfNode(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) {
		r := newRig(t, Options{})
		settings := cluster.Settings{Exec: nodetest.Script(t, "printer.js", printer), ExecPath: node.Path}
		failing := settings
		failing.Env = []string{"FAIL=1"}
		p, err := pool.New(settings, pool.Options{
			Instances: 2, Outputs: r.Output, Reread: func() ([]cluster.Settings, error) { return []cluster.Settings{failing}, nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		if !eventually(func() bool { return strings.Count(fmt.Sprint(texts(read(t, r.path, everything()))), "no end") == 2 }) {
			t.Fatal("the workers do not print all")
		}
		_, err = p.Reload(nodetest.Context(t), pool.ReloadOptions{})
		var failed *pool.InstanceError
		if !errors.As(err, &failed) || !slices.Contains(failed.Output, "Error: no database") {
			t.Errorf("the reload ended with %v", err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		p.Shutdown(ctx)
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		for instance := range 2 {
			out := read(t, r.path, Query{Lines: -1, Stdout: true, Instance: instance})
			for i := range 2000 {
				if want := fmt.Sprint("line ", i, " of ", instance); len(out) <= i || out[i].Text != want || out[i].Worker != instance+1 {
					t.Fatalf("line %d of instance %d is not %q", i, instance, want)
				}
			}
			if last := out[len(out)-1]; last.Text != "no end" || !last.Partial {
				t.Errorf("the last line is %+v", last)
			}
			if errs := read(t, r.path, Query{Lines: -1, Stderr: true, Instance: instance}); errs[0].Text != strings.Repeat("x", 300000) {
				t.Errorf("the long line has %d bytes", len(errs[0].Text))
			}
		}
	})
}
