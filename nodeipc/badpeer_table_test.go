//go:build unix

package nodeipc_test

import (
	"encoding/binary"
	"io"
	"strings"

	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc"
)

// badPeers misbehave in either serialization.
var badPeers = []badPeer{
	{"an ACK for nothing", writes(ack), nodeipc.ErrProtocol, "ACK for no handle"},
	{"a NACK for nothing", writes(nack), nodeipc.ErrProtocol, "ACK for no handle"},
	{"an ACK twice", func(c *nodeipc.Channel, p *rawPeer) {
		sendHandle(p.t, c, "m", asHandle(p.t, listen(p.t, "tcp")))
		p.expect(serverMessage)
		p.write(ack + "\n" + ack + "\n")
	}, nodeipc.ErrProtocol, "ACK for no handle"},
	{"an ACK and a NACK of one handle", func(c *nodeipc.Channel, p *rawPeer) {
		sendHandle(p.t, c, "m", asHandle(p.t, listen(p.t, "tcp")))
		p.expect(serverMessage)
		p.write(ack + "\n" + nack + "\n")
	}, nodeipc.ErrProtocol, "ACK for no handle"},
	{"a handle message without a descriptor", func(_ *nodeipc.Channel, p *rawPeer) {
		p.write(nativeMessage + "\n")
		p.expect(nack)
	}, nil, ""},
	{"a descriptor without a message", func(_ *nodeipc.Channel, p *rawPeer) { p.writeCopies("1\n", 1) }, nil, ""},
	{"64 descriptors at once", func(c *nodeipc.Channel, p *rawPeer) {
		p.writeCopies(nativeMessage+"\n", 64)
		receiveHandle(p.t, c, handlewrap.NetNative).Close()
	}, nil, ""},
	{"253 descriptors at once, without a message", func(_ *nodeipc.Channel, p *rawPeer) { p.writeCopies("1\n", 253) }, nil, ""},
	{"300 descriptors in a row", func(c *nodeipc.Channel, p *rawPeer) {
		for range 300 {
			p.writeCopies(nativeMessage+"\n", 1)
			receiveHandle(p.t, c, handlewrap.NetNative).Close()
			p.expect(ack)
		}
	}, nil, ""},
	{"300 descriptors in a row, within one message", func(_ *nodeipc.Channel, p *rawPeer) {
		text := string(p.frames(`"` + strings.Repeat("x", 300) + `"` + "\n"))
		for i := range len(text) {
			p.writeRawCopies(text[i:i+1], 1)
		}
	}, nil, ""},
	{"sockets of a key that is not there", func(_ *nodeipc.Channel, p *rawPeer) {
		p.write(`{"cmd":"NODE_SOCKET_GET_COUNT","key":"none"}` + "\n" + `{"cmd":"NODE_SOCKET_NOTIFY_CLOSE","key":"none"}` + "\n")
		p.expect(`{"cmd":"NODE_SOCKET_COUNT","key":"none","count":0}`, `{"cmd":"NODE_SOCKET_ALL_CLOSED","key":"none"}`)
	}, nil, ""},
	{"answers to questions that nobody has asked", writes(
		`{"cmd":"NODE_SOCKET_COUNT","key":"none","count":1}`, `{"cmd":"NODE_SOCKET_ALL_CLOSED","key":"none"}`,
	), nil, ""},
	{"half a message and then death", func(_ *nodeipc.Channel, p *rawPeer) {
		frame := p.frames(`"a message"` + "\n")
		p.writeRaw(string(frame[:len(frame)/2]))
		p.close()
	}, io.ErrUnexpectedEOF, "within a message"},
	{"half a handle message with its descriptor and then death", func(_ *nodeipc.Channel, p *rawPeer) {
		frame := p.frames(nativeMessage + "\n")
		p.writeRawCopies(string(frame[:len(frame)/2]), 1)
		p.close()
	}, io.ErrUnexpectedEOF, "within a message"},
}

// badPeersInJSON misbehave in JSON. It is a function because some of what they write is long, and the Go children of the
// tests are this program too.
func badPeersInJSON() []badPeer {
	return []badPeer{
		{"no JSON", writesRaw("hello\n"), nodeipc.ErrProtocol, "not JSON: invalid character 'h'"},
		{"half of JSON", writesRaw(`{"a":` + "\n"), nodeipc.ErrProtocol, "not JSON: unexpected end"},
		{"JSON and more", writesRaw(`{} {}` + "\n"), nodeipc.ErrProtocol, "not JSON: invalid character '{' after"},
		{"a control character", writesRaw("\x01\n"), nodeipc.ErrProtocol, `"\x01"`},
		{"two of Bun's marks", writesRaw("\x02\x02{}\n"), nodeipc.ErrProtocol, "not JSON"},
		{"broken JSON after a command", writesRaw(`{"cmd":"NODE_HANDLE_ACK"` + "\n"), nodeipc.ErrProtocol, "not JSON"},
		{"a socket of a server with a long key", func(_ *nodeipc.Channel, p *rawPeer) {
			p.writeCopies(`{"cmd":"NODE_HANDLE","type":"net.Socket","msg":1,"key":"`+strings.Repeat("x", 5000)+`"}`+"\n", 1)
		}, nodeipc.ErrProtocol, "a key of 5000 bytes"},
		{"JSON nested a million deep", writesRaw(strings.Repeat("[", veryDeep) + strings.Repeat("]", veryDeep) + "\n"), nodeipc.ErrProtocol, "exceeded max depth"},
		{"broken UTF-8", func(c *nodeipc.Channel, p *rawPeer) {
			p.writeRaw("\"a\xffb\xe2\x82\"\n")
			expectJSON(p.t, c, `"a`+"\ufffd"+`b`+"\ufffd"+`"`)
		}, nil, ""},
		{"broken UTF-8 where no text is", writesRaw("\xff\n"), nodeipc.ErrProtocol, "not JSON"},
		{"a line without an end", writesRaw(strings.Repeat("x", badPeerLimit)), nodeipc.ErrMessageTooLarge, "8388608 bytes"},
		{"a line longer than the limit", writesRaw(`"` + strings.Repeat("x", badPeerLimit) + "\"\n"), nodeipc.ErrMessageTooLarge, "8388608 bytes"},
	}
}

// badPeersInAdvanced misbehave in the structured clone format.
func badPeersInAdvanced() []badPeer {
	return []badPeer{
		{"no structured clone", writesFrame("hello"), nodeipc.ErrProtocol, "structuredclone: at byte 0"},
		{"nothing", writesFrame(""), nodeipc.ErrProtocol, "structuredclone: at byte 0"},
		{"half a structured clone", writesFrame("\xff\x0fo\"\x01a"), nodeipc.ErrProtocol, "structuredclone: at byte"},
		{"a structured clone and more", writesFrame("\xff\x0f00"), nodeipc.ErrProtocol, "structuredclone: at byte"},
		{"text of half a character", writesFrame("\xff\x0fc\x01a"), nodeipc.ErrProtocol, "structuredclone: at byte"},
		{"text that announces 4 GiB", writesFrame("\xff\x0f\"\xff\xff\xff\xff\x0fa"), nodeipc.ErrProtocol, "structuredclone: at byte"},
		{"an array that announces 4 GiB", writesFrame("\xff\x0fA\xff\xff\xff\xff\x0f"), nodeipc.ErrProtocol, "structuredclone: at byte"},
		{"a structured clone nested a million deep", writesFrame("\xff\x0f" + strings.Repeat("A\x01", veryDeep) + "0" + strings.Repeat("$\x00\x01", veryDeep)), nodeipc.ErrProtocol, "structuredclone: at byte"},
		{"broken after a command", writesFrame("\xff\x0fo\"\x03cmd\"\x0fNODE_HANDLE_ACK"), nodeipc.ErrProtocol, "structuredclone: at byte"},
		{"a frame of 4 GiB", writesRaw("\xff\xff\xff\xff"), nodeipc.ErrMessageTooLarge, "8388608 bytes"},
		{"a frame longer than the limit", writesRaw("\x02\x00\x00\x00\xff\x0f"), nodeipc.ErrMessageTooLarge, "8388608 bytes"},
	}
}

func writes(lines ...string) func(*nodeipc.Channel, *rawPeer) {
	return func(_ *nodeipc.Channel, p *rawPeer) { p.write(strings.Join(lines, "\n") + "\n") }
}

// writesRaw writes bytes as they are, of which the channel may not want to read all.
func writesRaw(text string) func(*nodeipc.Channel, *rawPeer) {
	return func(_ *nodeipc.Channel, p *rawPeer) { p.send([]byte(text)) }
}

func writesFrame(payload string) func(*nodeipc.Channel, *rawPeer) {
	return writesRaw(string(binary.BigEndian.AppendUint32(nil, uint32(len(payload)))) + payload)
}

// writeCopies writes a line with copies of a descriptor, which the channel has to close in the end.
func (p *rawPeer) writeCopies(lines string, n int) {
	p.t.Helper()
	p.writeRawCopies(string(p.frames(lines)), n)
}

func (p *rawPeer) writeRawCopies(text string, n int) {
	p.t.Helper()
	fd, closed := tracer(p.t)
	fds := make([]int, n)
	for i := range fds {
		fds[i] = fd
	}
	p.writeRaw(text, fds...)
	p.t.Cleanup(closed)
}
