//go:build linux

package main

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// answerCluster replies to what a worker asks of its primary, as little as lets the scenario go on.
func (r *rig) answerCluster(message any) error {
	seq := number(message, "seq")
	switch text(message, "act") {
	case "queryServer":
		if r.scenario.behind {
			return r.whileStopped(func() error { return errors.Join(r.answerQuery(message, seq), r.give(r.key)) })
		}
		return r.answerQuery(message, seq)
	case "exitedAfterDisconnect":
		return r.cluster(object{{"ack", seq}})
	}
	return nil
}

func (r *rig) answerQuery(message any, seq int) error {
	r.key = keyOf(message)
	if r.scenario.errno != 0 {
		return r.answerErrno(r.scenario.errno, seq)
	}
	_, udp := get(message, "addressType").(string)
	if udp || r.scenario.shared {
		return r.answerShared(message, seq)
	}
	reply := object{{"errno", nil}, {"key", r.key}, {"ack", seq}, {"data", get(message, "data")}}
	if number(message, "addressType") >= 0 {
		reply = append(reply, field{"sockname", r.sockname(message)})
	}
	return r.cluster(reply)
}

func (r *rig) sockname(message any) object {
	address, family := text(message, "address"), "IPv6"
	if address == "" {
		address = "::"
	}
	if !strings.Contains(address, ":") {
		family = "IPv4"
	}
	return object{{"address", address}, {"family", family}, {"port", r.port(message)}}
}

// port gives a worker that asks for any port one that is the same in every run.
func (r *rig) port(message any) int {
	if r.scenario.otherPort {
		return 18099
	}
	if p := number(message, "port"); p != 0 {
		return p
	}
	r.anyPorts++
	return 18100 + r.anyPorts
}

func (r *rig) answerErrno(errno, seq int) error {
	return r.cluster(object{{"errno", errno}, {"key", r.key}, {"ack", seq}, {"data", nil}})
}

func keyOf(message any) string {
	var parts []string
	for _, name := range []string{"address", "port", "addressType", "fd", "index"} {
		parts = append(parts, keyPart(message, name))
	}
	return strings.Join(parts, ":")
}

// keyPart writes a field as JavaScript does in a template.
func keyPart(message any, name string) string {
	m, _ := message.(map[string]any)
	value, present := m[name]
	switch {
	case !present:
		return "undefined"
	case value == nil:
		return "null"
	}
	return fmt.Sprint(value)
}

func (r *rig) answerShared(message any, seq int) error {
	fd, err := r.bindFor(message)
	var errno unix.Errno
	if errors.As(err, &errno) {
		return r.answerErrno(-int(errno), seq)
	}
	if err != nil {
		return err
	}
	r.held = append(r.held, fd)
	kind := "net.Native"
	if _, udp := get(message, "addressType").(string); udp {
		kind = "dgram.Native"
	}
	return r.handle(kind, r.internal(object{{"errno", nil}, {"key", r.key}, {"ack", seq}, {"data", get(message, "data")}}), fd)
}

// cluster sends one of cluster's messages, numbered.
func (r *rig) cluster(fields object) error {
	return r.send(r.internal(fields), -1)
}

func (r *rig) internal(fields object) object {
	o := append(object{{"cmd", "NODE_CLUSTER"}}, fields...)
	o = append(o, field{"seq", r.seq})
	r.seq++
	return o
}

func (r *rig) handle(kind string, message any, fd int) error {
	if o, ok := message.(object); ok && r.marks() {
		return r.send(append(o, field{"$hasHandle", true}), fd)
	}
	return r.send(object{{"cmd", "NODE_HANDLE"}, {"type", kind}, {"msg", message}}, fd)
}

// marks is whether the worker speaks Bun's dialect, in which a handle's message is not wrapped.
func (r *rig) marks() bool {
	c, ok := r.channel.codec.(*jsonCodec)
	return ok && c.marks
}

func (r *rig) newconn(key string, fd int) error {
	return r.handle("net.Native", r.internal(object{{"act", "newconn"}, {"key", key}}), fd)
}
