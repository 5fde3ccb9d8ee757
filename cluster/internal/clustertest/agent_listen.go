//go:build linux

package clustertest

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/nodecluster/nodecluster/cluster/worker"

	"golang.org/x/sys/unix"

	"github.com/nodecluster/nodecluster/handlewrap"
)

// listenOptions are those of server.listen and of socket.bind that the tests use.
type listenOptions struct {
	Port        json.Number
	Host        string
	Address     string
	Path        string
	FD          *int
	Backlog     int
	IPv6Only    bool
	ReadableAll bool
	WritableAll bool
	Exclusive   bool
}

func (o listenOptions) config() worker.ListenConfig {
	return worker.ListenConfig{
		Backlog: o.Backlog, IPv6Only: o.IPv6Only, ReadableAll: o.ReadableAll, WritableAll: o.WritableAll,
		Exclusive: o.Exclusive, FD: o.FD,
	}
}

// place is the network and the address that Go has for the options.
func (o listenOptions) place() (network, address string) {
	if o.Path != "" {
		return "unix", o.Path
	}
	return "tcp", net.JoinHostPort(o.Host, o.Port.String())
}

// packetPlace is place for a UDP socket. Node's udp6 is dual-stack where it is not told otherwise, Go's never.
func (o listenOptions) packetPlace(kind string, ipv6Only bool) (network, address string) {
	host := o.Address
	if kind == "udp6" && !ipv6Only {
		kind = "udp"
		if host == "" {
			host = "::"
		}
	}
	return kind, net.JoinHostPort(host, o.Port.String())
}

func (a *goAgent) listen(o Order, _ *handlewrap.Handle) (Reply, error) {
	config := o.Options.config()
	config.MaxConnections = o.MaxConnections
	network, address := o.Options.place()
	l, err := config.Listen(context.Background(), a.Process, network, address)
	if err != nil {
		return describe(err), nil
	}
	name := o.Name
	if name == "" {
		name = "tcp"
	}
	a.servers[name] = l
	if !config.Exclusive {
		context.AfterFunc(a.Context(), func() { l.Close() })
	}
	a.serve(l)
	return Reply{"address": nodeAddress(l.Addr())}, nil
}

func (a *goAgent) bind(o Order, _ *handlewrap.Handle) (Reply, error) {
	var socket struct {
		Type                string
		ReuseAddr, IPv6Only bool
	}
	if json.Unmarshal(o.Socket, &socket.Type) != nil {
		if err := json.Unmarshal(o.Socket, &socket); err != nil {
			return nil, err
		}
	}
	config := o.Options.config()
	config.ReuseAddress, config.IPv6Only = socket.ReuseAddr, socket.IPv6Only
	network, address := o.Options.packetPlace(socket.Type, socket.IPv6Only)
	conn, err := config.ListenPacket(context.Background(), a.Process, network, address)
	if err != nil {
		return describe(err), nil
	}
	name := o.Name
	if name == "" {
		name = "udp"
	}
	a.servers[name] = conn
	a.answerDatagrams(conn)
	return Reply{"address": nodeAddress(conn.LocalAddr())}, nil
}

// nodeAddress is an address as server.address() gives it.
func nodeAddress(address net.Addr) any {
	switch a := address.(type) {
	case *net.TCPAddr:
		return nodeEndpoint(a.AddrPort().Addr().String(), a.Port)
	case *net.UDPAddr:
		return nodeEndpoint(a.AddrPort().Addr().String(), a.Port)
	}
	return address.String()
}

func nodeEndpoint(address string, port int) any {
	family := "IPv4"
	if strings.Contains(address, ":") {
		family = "IPv6"
	}
	return map[string]any{"address": address, "family": family, "port": port}
}

// describe is an error as Node has it: what Go programs find out by errors.Is and errors.As.
func describe(err error) Reply {
	var op *net.OpError
	var call *os.SyscallError
	var errno syscall.Errno
	if !errors.As(err, &op) || !errors.As(op, &call) || !errors.As(call, &errno) {
		return Reply{"error": map[string]any{"code": err.Error()}}
	}
	return Reply{"error": map[string]any{"code": unix.ErrnoName(errno), "errno": -int(errno), "syscall": call.Syscall}}
}

// take serves a handle of the primary's, and says what it is.
func (a *goAgent) take(o Order, h *handlewrap.Handle) (Reply, error) {
	result := Reply{"handle": h.Type()}
	if o.Port != 0 {
		result["port"] = o.Port
	}
	switch h.Type() {
	case handlewrap.NetServer:
		l, err := h.Listener()
		if err != nil {
			return nil, err
		}
		a.servers[o.Name] = l
		a.serve(l)
	case handlewrap.NetSocket:
		conn, err := h.Conn()
		if err != nil {
			return nil, err
		}
		a.hold(conn)
	default:
		conn, err := h.PacketConn()
		if err != nil {
			return nil, err
		}
		a.servers[o.Name] = conn
		a.answerDatagrams(conn)
	}
	return result, nil
}

// give makes a handle and sends it to the primary with the port where it can be reached.
func (a *goAgent) give(o Order, _ *handlewrap.Handle) (Reply, error) {
	ctx := context.Background()
	alone := worker.ListenConfig{Exclusive: true}
	switch o.Kind {
	case "udp":
		conn, err := alone.ListenPacket(ctx, a.Process, "udp4", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer conn.Close()
		h, err := handlewrap.FromPacketConn(conn)
		if err != nil {
			return nil, err
		}
		return nil, a.SendHandle(ctx, Reply{"n": o.N, "port": conn.LocalAddr().(*net.UDPAddr).Port}, h)
	case "server":
		l, err := alone.Listen(ctx, a.Process, "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		h, err := handlewrap.FromListener(l)
		if err != nil {
			return nil, err
		}
		return nil, a.SendHandle(ctx, Reply{"n": o.N, "port": l.Addr().(*net.TCPAddr).Port}, h)
	}
	network, address := o.At.place()
	l, err := alone.Listen(ctx, a.Process, network, address)
	if err != nil {
		return nil, err
	}
	a.serving.Go(func() { a.giveSocket(l) })
	return Reply{}, nil
}

// giveSocket sends the primary the first connection to a listener.
func (a *goAgent) giveSocket(l net.Listener) {
	defer l.Close()
	conn, err := l.Accept()
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	h, err := handlewrap.FromConn(conn)
	if err != nil {
		panic(err)
	}
	if err := a.SendHandle(context.Background(), Reply{"given": true}, h); err != nil {
		panic(err)
	}
}
