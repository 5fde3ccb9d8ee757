// Package nodetest is this module's own and promises nothing to others: it is
// what tests against real Node processes share, the runtimes, sample packages, a check that a test left no
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
// The tests run with the Node in PATH, any from 16 to 26, unless
// NODECLUSTER_TEST_ALL is set, as scripts/test --all does: then they run with
// every runtime that scripts/runtimes fetches, and fail, and are never skipped,
// when one is missing. Without it, a test that needs another runtime than the
// Node in PATH is skipped and says which.
//
// What is fetched is looked up in one cache folder: $NODECLUSTER_CACHE, or
// nodecluster below $XDG_CACHE_HOME, or below $HOME/.cache.
package nodetest
