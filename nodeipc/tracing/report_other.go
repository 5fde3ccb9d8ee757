//go:build unix && !linux

package tracing

import "net"

// Abstract is the socket of the folder: there is no other one here.
func (f Folder) Abstract() string { return f.Path(Socket) }

// checkTracer has nothing to look at: only the folder's user has made sockets in it.
func (Folder) checkTracer(*net.UnixConn) error { return nil }
