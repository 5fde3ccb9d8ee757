package control

import (
	"runtime/debug"
	"strings"
	"sync"
)

const product = "nodecluster/"

// Version is this program's version, "(devel)" if none was built in.
var Version = sync.OnceValue(func() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
})

// versionOf gives the version in a User-Agent or Server header, "" for another program's.
func versionOf(header string) string {
	version, ok := strings.CutPrefix(header, product)
	if !ok {
		return ""
	}
	return version
}
