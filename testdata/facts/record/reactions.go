//go:build linux

package main

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

const serverKey = "6:null:1337"

func sendDone(r *rig) error { return r.send("done", -1) }

func disconnectWorker(r *rig) error { return r.cluster(object{{"act", "disconnect"}}) }

func closeChannel(r *rig) error { return unix.Shutdown(r.channel.fd, unix.SHUT_RDWR) }

// on runs f for each message whose field has that value.
func on(name, value string, f func(*rig) error) func(*rig, any) error {
	return func(r *rig, message any) error {
		if text(message, name) != value {
			return nil
		}
		return f(r)
	}
}

func doneAfter(last string) func(*rig, any) error {
	return func(r *rig, message any) error {
		if message != last {
			return nil
		}
		return sendDone(r)
	}
}

func doneAfterHandles(count int) func(*rig, any) error {
	return on("cmd", "NODE_HANDLE", func(r *rig) error {
		if r.handles < count {
			return nil
		}
		return sendDone(r)
	})
}

// socketOfServer answers what a worker asks about a connection that it gave away.
func socketOfServer(r *rig, message any) error {
	key := get(message, "key")
	switch text(message, "cmd") {
	case "NODE_HANDLE":
		return r.send("count", -1)
	case "NODE_SOCKET_GET_COUNT":
		return r.send(object{{"cmd", "NODE_SOCKET_COUNT"}, {"key", key}, {"count", 1}}, -1)
	case "NODE_SOCKET_NOTIFY_CLOSE":
		return r.send(object{{"cmd", "NODE_SOCKET_ALL_CLOSED"}, {"key", key}}, -1)
	}
	return nil
}

// receives gives a ready worker a handle of that type, and ends the scenario at its answer.
func receives(kind string, open func(*rig) (int, error)) func(*rig, any) error {
	return func(r *rig, message any) error {
		if message == "ready" {
			return r.sendOpened(object{{"cmd", "NODE_HANDLE"}, {"type", kind}, {"msg", "message"}, {"dgramType", "udp4"}}, open)
		}
		return on("cmd", "NODE_HANDLE_ACK", sendDone)(r, message)
	}
}

func (r *rig) sendOpened(message any, open func(*rig) (int, error)) error {
	fd, err := open(r)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return r.send(message, fd)
}

func withoutFD(r *rig, message any) error {
	sent := object{{"cmd", "NODE_HANDLE"}, {"type", "net.Socket"}, {"msg", "message"}}
	if message == "ready" {
		return r.send(sent, -1)
	}
	if text(message, "cmd") == "NODE_HANDLE_NACK" {
		return r.sendOpened(sent, connectedSocket)
	}
	return on("cmd", "NODE_HANDLE_ACK", sendDone)(r, message)
}

func besideMessage(r *rig, message any) error {
	if message != "ready" {
		return nil
	}
	return errors.Join(r.sendOpened("message", boundSocket), sendDone(r))
}

// receivedSocketOfServer asks a worker about a connection that it was given, until that is closed.
func receivedSocketOfServer(r *rig, message any) error {
	if message == "ready" {
		return r.sendOpened(object{{"cmd", "NODE_HANDLE"}, {"type", "net.Socket"}, {"msg", "message"}, {"key", serverKey}}, connectedSocket)
	}
	switch text(message, "cmd") {
	case "NODE_HANDLE_ACK":
		return r.send(object{{"cmd", "NODE_SOCKET_GET_COUNT"}, {"key", serverKey}}, -1)
	case "NODE_SOCKET_COUNT":
		return errors.Join(r.send(object{{"cmd", "NODE_SOCKET_NOTIFY_CLOSE"}, {"key", serverKey}}, -1), r.send("close", -1))
	case "NODE_SOCKET_ALL_CLOSED":
		return sendDone(r)
	}
	return nil
}

func asksOfNone(cmd string) func(*rig, any) error {
	return func(r *rig, message any) error {
		if message != "ready" {
			return nil
		}
		return errors.Join(r.send(object{{"cmd", cmd}, {"key", serverKey}}, -1), sendDone(r))
	}
}

// inVersion writes one message in that version of the structured clone format.
func inVersion(version byte) func(*rig, any) error {
	return func(r *rig, message any) error {
		if message != "ready" {
			return nil
		}
		codec := r.channel.codec.(*advancedCodec)
		own := codec.version
		codec.version = version
		err := r.send(fmt.Sprintf("in version %d", version), -1)
		codec.version = own
		return errors.Join(err, sendDone(r))
	}
}

// splitMessage cuts a message within a character, and a handle's message behind its first bytes.
func splitMessage(r *rig, message any) error {
	if message != "ready" {
		return on("cmd", "NODE_HANDLE_ACK", sendDone)(r, message)
	}
	plain := []byte("\"\u6f22\"\n")
	handle := []byte("{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Socket\",\"msg\":\"split\"}\n")
	fd, err := connectedSocket(r)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return errors.Join(r.piece(plain[:2], -1), r.piece(plain[2:], -1), r.piece(handle[:10], fd), r.piece(handle[10:], -1))
}

// piece sends bytes and waits until the worker has read them.
func (r *rig) piece(b []byte, fd int) error {
	return errors.Join(r.channel.send(b, fd), r.awaitRead())
}

func (r *rig) awaitRead() error {
	for end := time.Now().Add(patience); time.Now().Before(end); {
		unread, err := unix.IoctlGetInt(r.channel.fd, unix.SIOCOUTQ)
		if err != nil || unread == 0 {
			return err
		}
	}
	return errors.New("the worker does not read")
}

func late(r *rig, message any) error {
	if message != "ready" {
		return nil
	}
	for _, m := range []string{"one", "two", "done"} {
		if err := errors.Join(r.send(m, -1), r.awaitRead()); err != nil {
			return err
		}
	}
	return r.cmd.Process.Signal(unix.SIGUSR2)
}

func connectedSocket(r *rig) (int, error) { return r.connect() }

func boundSocket(*rig) (int, error) { return bindIP(unix.SOCK_STREAM, "127.0.0.1", 18004, 0) }

func datagramSocket(*rig) (int, error) { return bindIP(unix.SOCK_DGRAM, "127.0.0.1", 18012, 0) }

func listeningSocket(r *rig) (int, error) { return r.sharedFD() }
