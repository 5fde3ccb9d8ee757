// Package nodetest is this module's own and promises nothing to others: it is
// what tests against real Node processes share, the runtimes that
// scripts/runtimes fetched, sample packages, a check that a test left no
// goroutine and no file descriptor behind, and waiting that ends.
//
//	func TestPrintsItsVersion(t *testing.T) {
//		nodetest.NoLeaks(t)
//		nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
//			script := nodetest.Script(t, "version.js", "console.log(process.versions.node)")
//			out, err := exec.Command(node.Path, script).Output()
//			if err != nil {
//				t.Fatal(err)
//			}
//			if !strings.HasPrefix(string(out), strconv.Itoa(node.Major)+".") {
//				t.Errorf("%s printed %q", node.Name, out)
//			}
//		})
//	}
//
// Everything is looked up in one cache folder: $NODECLUSTER_CACHE, or
// nodecluster below $XDG_CACHE_HOME, or below $HOME/.cache. A test fails, and
// is never skipped, when something is missing there.
package nodetest
