package wire

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

func TestReadAnswer(t *testing.T) {
	for _, c := range []struct {
		payload  string
		ack      uint32
		accepted bool
		ok       bool
	}{
		{`{"cmd":"NODE_CLUSTER","ack":0,"accepted":true,"seq":0}`, 0, true, true},
		{`{"cmd":"NODE_CLUSTER","ack":17,"accepted":false,"seq":123}`, 17, false, true},
		{fmt.Sprintf(`{"cmd":"NODE_CLUSTER","ack":%d,"accepted":true,"seq":1}`, MaxSeq), MaxSeq, true, true},
		{`{"cmd":"NODE_CLUSTER","ack":4294967295,"accepted":true,"seq":9007199254740991}`, 4294967295, true, true},
		{`{"cmd":"NODE_CLUSTER","ack":4294967296,"accepted":true,"seq":1}`, 0, false, false},
		{`{"cmd":"NODE_CLUSTER","ack":1,"accepted":true,"seq":1} `, 0, false, false},
		{`{"cmd":"NODE_CLUSTER","ack":01,"accepted":true,"seq":1}`, 0, false, false},
		{`{"cmd":"NODE_CLUSTER","ack":,"accepted":true,"seq":1}`, 0, false, false},
		{`{"cmd":"NODE_CLUSTER","ack":1,"accepted":null,"seq":1}`, 0, false, false},
		{`{"cmd":"NODE_CLUSTER","accepted":true,"ack":1,"seq":1}`, 0, false, false},
		{`{"cmd":"NODE_CLUSTER","act":"online","seq":0}`, 0, false, false},
		{``, 0, false, false},
	} {
		ack, accepted, ok := ReadAnswer([]byte(c.payload))
		if ok != c.ok || ok && (ack != c.ack || accepted != c.accepted) {
			t.Errorf("%s: %d, %v, %v, want %d, %v, %v", c.payload, ack, accepted, ok, c.ack, c.accepted, c.ok)
		}
	}
}

func TestReadAdvancedAnswer(t *testing.T) {
	for _, version := range []string{"\xff\x0d", "\xff\x0f", "\xff\x10"} {
		for _, c := range []struct {
			payload  string
			ack      uint32
			accepted bool
			ok       bool
		}{
			{"o\"\x03cmd\"\x0cNODE_CLUSTER\"\x03ackI\x00\"\x08acceptedT\"\x03seqI\x00{\x04", 0, true, true},
			{"o\"\x03cmd\"\x0cNODE_CLUSTER\"\x03ackI\x80\x02\"\x08acceptedF\"\x03seqI\xac\x02{\x04", 128, false, true},
			{"o\"\x03cmd\"\x0cNODE_CLUSTER\"\x03ackI\xfe\xff\xff\xff\x0f\"\x08acceptedT\"\x03seqI\x00{\x04", 1<<31 - 1, true, true},
			{"o\"\x03cmd\"\x0cNODE_CLUSTER\"\x03ackI\xfe\xff\xff\xff\x1f\"\x08acceptedT\"\x03seqI\x00{\x04", 0, false, false},
			{"o\"\x03cmd\"\x0cNODE_CLUSTER\"\x03ackI\x01\"\x08acceptedT\"\x03seqI\x00{\x04", 0, false, false},
			{"o\"\x03cmd\"\x0cNODE_CLUSTER\"\x03ackI\x00\"\x08accepted0\"\x03seqI\x00{\x04", 0, false, false},
			{"o\"\x03cmd\"\x0cNODE_CLUSTER\"\x03ackI\x00\"\x08acceptedT\"\x03seqI\x00{\x05", 0, false, false},
			{"o\"\x03cmd\"\x0cNODE_CLUSTER\"\x03ackI\x80", 0, false, false},
			{"o\"\x03cmd\"\x0cNODE_CLUSTER", 0, false, false},
		} {
			ack, accepted, ok := ReadAnswer([]byte(version + c.payload))
			if ok != c.ok || ok && (ack != c.ack || accepted != c.accepted) {
				t.Errorf("%q: %d, %v, %v, want %d, %v, %v", c.payload, ack, accepted, ok, c.ack, c.accepted, c.ok)
			}
		}
	}
	if _, _, ok := ReadAnswer([]byte("\xff\x0co")); ok {
		t.Error("another version was understood")
	}
}

// What ReadAnswer understands is a message, and means the same to the full decoding.
func FuzzReadAnswer(f *testing.F) {
	for _, seed := range []string{
		`{"cmd":"NODE_CLUSTER","ack":0,"accepted":true,"seq":0}`,
		`{"cmd":"NODE_CLUSTER","ack":1073741822,"accepted":false,"seq":1073741822}`,
		`{"cmd":"NODE_CLUSTER","ack":4294967296,"accepted":true,"seq":1}`,
		`{"cmd":"NODE_CLUSTER","ack":00,"accepted":true,"seq":1}`,
		`{"cmd":"NODE_CLUSTER","ack":1,"accepted":true,"seq":12345678901234567890}`,
		`{"cmd":"NODE_CLUSTER","ack":-1,"accepted":true,"seq":1}`,
		`{"cmd":"NODE_CLUSTER","ack":1e3,"accepted":true,"seq":1}`,
		"\xff\x0fo\"\x03cmd\"\x0cNODE_CLUSTER\"\x03ackI\x80\x02\"\x08acceptedF\"\x03seqI\xac\x02{\x04",
		"\xff\x0do\"\x03cmd\"\x0cNODE_CLUSTER\"\x03ackI\x80\x80\x00\"\x08acceptedT\"\x03seqI\xfe\xff\xff\xff\x0f{\x04",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		ack, accepted, ok := ReadAnswer(payload)
		if !ok {
			return
		}
		unmarshal := json.Unmarshal
		if payload[0] == 0xFF {
			unmarshal = structuredclone.Unmarshal
		}
		var m FromWorker
		if err := unmarshal(payload, &m); err != nil {
			t.Fatalf("%q is understood, but %v", payload, err)
		}
		if m.Command != Command || m.Ack == nil || *m.Ack != ack || m.Accepted != accepted {
			t.Errorf("%q: %d, %v, but it is %+v", payload, ack, accepted, m)
		}
	})
}
