package codec

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// jsonSeeds are streams of frames, from real workers and from nobody that one knows.
func jsonSeeds(tb testing.TB) [][]byte {
	tb.Helper()
	streams := recorded(tb, "json")
	for _, text := range []string{
		"", "\n", "1\n", `"half`, "{}\n{}\n", "\x02{\"cmd\":\"NODE_X\"}\n", `"ä漢😀\ud800"` + "\n",
		jsonACK + "\n", jsonNACK + "\n",
		`{"cmd":"NODE_HANDLE","type":"net.Native","msg":1}` + "\n",
		`{"cmd":"NODE_HANDLE","type":"net.Socket","msg":1,"key":"k"}` + "\n" + `{"cmd":"NODE_SOCKET_NOTIFY_CLOSE","key":"k"}` + "\n",
		`{"cmd":"NODE_HANDLE","type":"net.Native","msg":{"cmd":"NODE_HANDLE","type":"net.Server","msg":null}}` + "\n",
		`{"cmd":"NODE_HANDLE","type":"dgram.Socket","dgramType":"udp4","msg":{"cmd":"NODE_CLUSTER"}}` + "\n",
		`{"CMD":"NODE_HANDLE"}` + "\n", `{"cmd":"NODE_"}` + "\n", ` {"cmd":"\u004eODE_HANDLE_ACK"}` + "\r\n",
		`{"cmd":"nodecluster:request","id":1,"body":{"a":[1,"}"]}}` + "\n" + `{"cmd":"nodecluster:response","id":"x","error":null}` + "\n",
		`{ "body" : [] , "id":-1.5e3,"id":{},"cmd":"nodecluster:response" }` + "\n" + `{"id":1,"cmd":"nodecluster:request","\"":"\\"}` + "\n",
		`{"cmd":"nodecluster:request"}` + "\n" + `{"cmd":"nodecluster:request","i\u0064":1}` + "\n" + `["nodecluster:request"]` + "\n",
		`"plain"` + "\n" + `""` + "\n" + `"\\""` + "\n" + `"a"b"` + "\n" + `"é"` + "\n" + `"` + "\n",
	} {
		streams = append(streams, []byte(text))
	}
	return distinct(streams)
}

func advancedSeeds(tb testing.TB) [][]byte {
	tb.Helper()
	streams := recorded(tb, "advanced")
	for _, stream := range []string{
		"", "\x00\x00\x00", "\x00\x00\x00\x00", "\x00\x00\x00\x02\xff\x0f", "\x00\x00\x00\x03\xff\x0f0", "\xff\xff\xff\xff\xff\x0f0",
		"\x00\x00\x00\x06\xff\x0fA\xff\xff\xff",
	} {
		streams = append(streams, []byte(stream))
	}
	for _, v := range advancedValues {
		frame, err := Advanced.AppendFrame(nil, 2, v)
		if err != nil {
			tb.Fatal(err)
		}
		streams = append(streams, frame)
	}
	return distinct(streams)
}

func recorded(tb testing.TB, serialization string) (streams [][]byte) {
	for _, r := range nodetest.Recordings(tb, serialization) {
		streams = append(streams, bytes.Join(r.Frames, nil))
	}
	return streams
}

func distinct(streams [][]byte) [][]byte {
	slices.SortFunc(streams, bytes.Compare)
	return slices.CompactFunc(streams, bytes.Equal)
}

// Every frame that a real worker has written is understood for what it is.
func TestRealWorkersFrames(t *testing.T) {
	for name, c := range map[string]Codec{"json": JSON, "advanced": Advanced} {
		for _, r := range nodetest.Recordings(t, name) {
			for _, frame := range r.Frames {
				expectUnderstood(t, c, r.Runtime, frame)
			}
		}
	}
}

func expectUnderstood(t *testing.T, c Codec, runtime string, frame []byte) {
	t.Helper()
	payload, size, _ := c.Cut(frame, 0)
	if size != len(frame) {
		t.Errorf("%s: %d bytes in a frame of %d: %q", runtime, size, len(frame), frame)
		return
	}
	payload, _, _ = c.DetectDialect(payload)
	k, err := c.Classify(payload)
	if err != nil {
		t.Errorf("%s: %v", runtime, err)
		return
	}
	if k == Nothing {
		return
	}
	var message any
	if err := c.Decode(payload, &message, Known{}); err != nil {
		t.Fatal(err)
	}
	fields, _ := message.(map[string]any)
	if cmd, _ := fields["cmd"].(string); (len(cmd) > len("NODE_") && strings.HasPrefix(cmd, "NODE_")) != (k != User) {
		t.Errorf("%s: a message of kind %d: %q", runtime, k, frame)
	}
}
