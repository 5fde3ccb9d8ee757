//go:build unix

package relay_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"github.com/nodecluster/nodecluster/nodeipc/relay"
	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// inEach runs f with each serialization, and with what makes a frame of a value.
func inEach(t *testing.T, f func(t *testing.T, s nodeipc.Serialization, frame func(json string) string)) {
	t.Run("json", func(t *testing.T) {
		f(t, nodeipc.JSON, func(json string) string { return json + "\n" })
	})
	t.Run("advanced", func(t *testing.T) {
		f(t, nodeipc.Advanced, func(json string) string { return advancedFrame(t, json) })
	})
}

func advancedFrame(t testing.TB, json string) string {
	t.Helper()
	payload, err := structuredclone.Marshal(rawJSON(json))
	if err != nil {
		t.Fatal(err)
	}
	return string(binary.BigEndian.AppendUint32(nil, uint32(len(payload)))) + string(payload)
}

// rawJSON has a JSON text made a value of.
type rawJSON string

func (r rawJSON) MarshalJSON() ([]byte, error) { return []byte(r), nil }

const (
	handle = `{"cmd":"NODE_HANDLE","type":"net.Native","msg":{"n":1}}`
	ack    = `{"cmd":"NODE_HANDLE_ACK"}`
	nack   = `{"cmd":"NODE_HANDLE_NACK"}`
)

func TestPassesBothWays(t *testing.T) {
	inEach(t, func(t *testing.T, s nodeipc.Serialization, frame func(string) string) {
		var w witness
		parent, child, r := between(t, relay.Options{Serialization: s, Observer: &w})
		parent.write(frame(`{"to":"child"}`) + frame(`"twice"`))
		child.expect(frame(`{"to":"child"}`) + frame(`"twice"`))
		child.write(frame(`[1]`))
		parent.expect(frame(`[1]`))
		child.conn.Close()
		parent.expectEnd()
		await(t, r)
		if got, want := describe(w.frames), "to child message, to child message, from child message"; got != want {
			t.Errorf("frames %q, want %q", got, want)
		}
		if n := len(frame(`[1]`)); w.frames[2].Size != n || w.frames[2].Truncated || w.frames[2].Time.IsZero() {
			t.Errorf("the last frame is %+v, of %d bytes", w.frames[2], n)
		}
	})
}

// describe names frames.
func describe(frames []relay.Frame) string {
	var names []string
	for _, f := range frames {
		name := fmt.Sprint(f.Direction, " ", f.Kind)
		if f.Type != "" {
			name += fmt.Sprint(" ", f.Type)
		}
		for _, h := range f.Handles {
			name += " +" + h.Network
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

func TestKinds(t *testing.T) {
	inEach(t, func(t *testing.T, s nodeipc.Serialization, frame func(string) string) {
		for message, kind := range map[string]relay.Kind{
			`{"cmd":"NODE_CLUSTER","act":"online"}`:     relay.Internal,
			`{"cmd":"NODE_HANDLE","type":"net.Server"}`: relay.Broken,
			handle:                              relay.HandleMessage,
			ack:                                 relay.ACK,
			nack:                                relay.NACK,
			`{"cmd":"NODE_SOCKET_COUNT","n":1}`: relay.Socket,
			`{"cmd":"NODE_"}`:                   relay.User,
			`{"act":1,"cmd":"NODE_CLUSTER"}`:    relay.Internal,
			`{"text":"{\"cmd\":\"NODE_HANDLE"}`: relay.User,
		} {
			var w witness
			parent, child, r := between(t, relay.Options{Serialization: s, Observer: &w})
			parent.write(frame(message))
			child.expect(frame(message))
			parent.conn.Close()
			await(t, r)
			if f := w.frames[0]; f.Kind != kind || (f.Err != nil) != (kind == relay.Broken) {
				t.Errorf("%s is %s (%v), want %s", message, f.Kind, f.Err, kind)
			}
		}
	})
}

func TestLongMessages(t *testing.T) {
	inEach(t, func(t *testing.T, s nodeipc.Serialization, frame func(string) string) {
		var w witness
		parent, child, r := between(t, relay.Options{Serialization: s, Observer: &w, MaxPayload: 1 << 20})
		long := frame(`{"cmd":"NODE_LONG","text":"` + strings.Repeat("x", 4<<20) + `"}`)
		fits := frame(`"` + strings.Repeat("y", 900<<10) + `"`)
		writing(t, func() { parent.write(long + fits + frame(`1`)) })
		child.expect(long + fits + frame(`1`))
		parent.conn.Close()
		await(t, r)
		if got, want := describe(w.frames), "to child internal, to child message, to child message"; got != want {
			t.Fatalf("frames %q, want %q", got, want)
		}
		if f := w.frames[0]; !f.Truncated || f.Size != len(long) || len(f.Payload) != 1<<20 {
			t.Errorf("the long frame: truncated %t, size %d, payload %d", f.Truncated, f.Size, len(f.Payload))
		}
		if f := w.frames[1]; f.Truncated || f.Size != len(fits) || !strings.HasSuffix(fits, strings.TrimSuffix(string(f.Payload), "\n")+"\n") && s == nodeipc.JSON {
			t.Errorf("the frame that fits: truncated %t, size %d, payload %d", f.Truncated, f.Size, len(f.Payload))
		}
	})
}

func TestBrokenConversationsPass(t *testing.T) {
	for name, test := range map[string]struct {
		s    nodeipc.Serialization
		text string
		want string
	}{
		"no JSON":             {nodeipc.JSON, "{]\n\xff\xfe\n1\n", "to child broken, to child broken, to child message"},
		"an empty line":       {nodeipc.JSON, "\n", "to child nothing"},
		"no structured clone": {nodeipc.Advanced, "\x00\x00\x00\x03abc" + "\x00\x00\x00\x00", "to child broken, to child broken"},
		"a length of 4 GiB":   {nodeipc.Advanced, "\xff\xff\xff\xffand no more", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var w witness
			parent, child, r := between(t, relay.Options{Serialization: test.s, Observer: &w})
			parent.write(test.text)
			child.expect(test.text)
			child.write("and back\n")
			parent.expect("and back\n")
			parent.conn.Close()
			child.expectEnd()
			await(t, r)
			var there []relay.Frame
			for _, f := range w.frames {
				if f.Direction == relay.ToChild {
					there = append(there, f)
				}
			}
			if got := describe(there); got != test.want {
				t.Errorf("frames %q, want %q", got, test.want)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	nodetest.NoLeaks(t)
	a, b := socketPair(t), socketPair(t)
	file := newFile(t)
	s, err := relay.Start(a[0], b[0], relay.Options{Serialization: "xml"})
	if s != nil || err == nil || !strings.Contains(err.Error(), `serialization "xml" is not known`) {
		t.Errorf("serialization xml: %v", err)
	}
	s, err = relay.Start(a[0], int(file.Fd()), relay.Options{})
	if s != nil || err == nil || !strings.Contains(err.Error(), "is not a channel") {
		t.Errorf("a file: %v", err)
	}
	// The sockets are still the caller's.
	r, err := relay.Start(a[0], b[0], relay.Options{})
	if err != nil {
		t.Fatal(err)
	}
	closeBoth(t, a[1], b[1])
	await(t, r)
}
