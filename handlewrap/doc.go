// Package handlewrap turns the handles that Node passes between processes into Go's net types and back.
//
// A [Handle] is an open fd, the [Type] that Node gives it on an IPC channel, and the one place that closes
// it. A received TCP or Unix listener, connection or UDP socket becomes a [net.Listener], [net.Conn] or
// [net.PacketConn] that works as if this process had opened it:
//
//	l, err := net.Listen("tcp", "127.0.0.1:0")
//	if err != nil {
//		log.Fatal(err)
//	}
//	sent, err := handlewrap.FromListener(l)
//	if err != nil {
//		log.Fatal(err)
//	}
//	l.Close()
//
//	fd, err := sent.Release() // travels to another process, or, as here, nowhere
//	if err != nil {
//		log.Fatal(err)
//	}
//
//	received := handlewrap.New(handlewrap.NetServer, fd)
//	defer received.Close()
//	ln, err := received.Listener()
//	if err != nil {
//		log.Fatal(err)
//	}
//	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
//		fmt.Fprint(w, "hello")
//	})}
//	defer server.Close()
//	go server.Serve(ln)
//
// # Ownership
//
// The holder of a Handle closes it. The From functions duplicate the fd, and the original stays the
// caller's. A conversion out of a Handle (Listener, Conn, PacketConn, File, Listen, Release, WithType) gives
// the fd away: the Handle is then empty, its Close does nothing, and every operation that needs an fd
// returns an error that matches [net.ErrClosed]. A conversion that fails leaves the fd with the Handle.
// Nothing closes a Handle that was merely forgotten, so that a borrowed [Handle.FD] cannot vanish under
// the garbage collector.
//
// To close an fd can take long where another process has made it so: a [Closer] never waits for that.
//
// # Shared descriptions
//
// A duplicate and the original, in whichever processes they are, share one open file description, and with
// it the blocking mode. Node and Go both need it to be non-blocking, so nothing here ever makes it blocking;
// [os.File.Fd] on a file that net's File methods return does.
//
// # Platforms
//
// Unix systems. Elsewhere the package builds, and whatever needs an fd returns an error that matches
// [errors.ErrUnsupported].
package handlewrap
