package nodetest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// cacheFolder follows the same rules as scripts/runtimes.
func cacheFolder() (string, error) {
	folder := os.Getenv("NODECLUSTER_CACHE")
	if folder == "" {
		parent := os.Getenv("XDG_CACHE_HOME")
		if parent == "" {
			home := os.Getenv("HOME")
			if home == "" {
				return "", errors.New("no cache folder: set NODECLUSTER_CACHE, XDG_CACHE_HOME or HOME")
			}
			parent = filepath.Join(home, ".cache")
		}
		folder = filepath.Join(parent, "nodecluster")
	}
	if !filepath.IsAbs(folder) {
		return "", fmt.Errorf("the cache folder %s is relative: give NODECLUSTER_CACHE or XDG_CACHE_HOME as an absolute path", folder)
	}
	return folder, nil
}

// cached gives the path of something below the cache folder, or ends the test
// when it is not there; the message says what it is, and by which name
// scripts/runtimes fetches it.
func cached(tb testing.TB, what, name string, below ...string) string {
	tb.Helper()
	folder, err := cacheFolder()
	if err != nil {
		tb.Fatalf("nodetest: %v", err)
	}
	path := filepath.Join(append([]string{folder}, below...)...)
	if _, err := os.Stat(path); err != nil {
		tb.Fatalf("nodetest: no %s, run scripts/runtimes %s: %v", what, name, err)
	}
	return path
}

// Chromium gives the absolute path of Chromium. When [All] is false, the test is skipped. It ends with a failure when Chromium is not
// where scripts/chromium puts it.
func Chromium(tb testing.TB) string {
	tb.Helper()
	if !All() {
		tb.Skip("needs Chromium: scripts/test --all has it")
	}
	folder, err := cacheFolder()
	if err != nil {
		tb.Fatalf("nodetest: %v", err)
	}
	path := filepath.Join(folder, "chromium", "bin", "chromium")
	if _, err := os.Stat(path); err != nil {
		tb.Fatalf("nodetest: no Chromium, run scripts/chromium: %v", err)
	}
	return path
}

// Apps gives the absolute path of a folder whose node_modules has express (4,
// and 5 as express5), fastify, tsx and others, in the versions of testdata/apps/package-lock.json as scripts/runtimes
// last saw it. Set NODE_PATH to the node_modules in it to run a program that
// is somewhere else. The folder is shared by all tests: write nothing there.
// The test ends with a failure when it is not there.
func Apps(tb testing.TB) string {
	tb.Helper()
	for _, name := range []string{"express", "express5", "fastify", "tsx", "ws", "@godaddy/terminus", "@nestjs/core"} {
		cached(tb, name, "apps", "apps", "node_modules", name, "package.json")
	}
	return cached(tb, "apps", "apps", "apps")
}

// Managers gives the node_modules with the programs of npm that are cluster primaries, in the versions of
// testdata/managers/package-lock.json as scripts/runtimes last saw it. Set NODE_PATH to it. It is shared by all tests: write nothing
// there. The test ends with a failure when it is not there.
func Managers(tb testing.TB) string {
	tb.Helper()
	for _, name := range []string{"cfork", "recluster", "throng", "@socket.io/sticky", "@socket.io/cluster-adapter"} {
		cached(tb, name, "managers", "managers", "node_modules", name, "package.json")
	}
	return cached(tb, "managers", "managers", "managers", "node_modules")
}

// Eggs gives the node_modules with Egg 3 and 4, as egg3 and egg4, in the versions of testdata/eggs/package-lock.json: see [Managers].
func Eggs(tb testing.TB) string {
	tb.Helper()
	cached(tb, "Egg", "eggs", "eggs", "node_modules", "egg3", "package.json")
	return cached(tb, "Egg", "eggs", "eggs", "node_modules")
}

// Libraries gives the node_modules with the libraries that expect something of their primary, in the versions of
// testdata/libraries/package-lock.json; version 0.2 of @socket.io/cluster-adapter is @socket.io/cluster-adapter-0.2. See [Managers].
func Libraries(tb testing.TB) string {
	tb.Helper()
	for _, name := range []string{"socket.io", "@socket.io/cluster-adapter-0.2", "prom-client", "log4js", "@pm2/io", "cfork"} {
		cached(tb, name, "libraries", "libraries", "node_modules", name, "package.json")
	}
	return cached(tb, "libraries", "libraries", "libraries", "node_modules")
}
