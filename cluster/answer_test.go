package cluster

import (
	"encoding/json"
	"fmt"
	"testing"
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
		{fmt.Sprintf(`{"cmd":"NODE_CLUSTER","ack":%d,"accepted":true,"seq":1}`, mostSeq), mostSeq, true, true},
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
		ack, accepted, ok := readAnswer([]byte(c.payload))
		if ok != c.ok || ok && (ack != c.ack || accepted != c.accepted) {
			t.Errorf("%s: %d, %v, %v, want %d, %v, %v", c.payload, ack, accepted, ok, c.ack, c.accepted, c.ok)
		}
	}
}

// What readAnswer understands is JSON and means the same to the full decoding.
func FuzzReadAnswer(f *testing.F) {
	for _, seed := range []string{
		`{"cmd":"NODE_CLUSTER","ack":0,"accepted":true,"seq":0}`,
		`{"cmd":"NODE_CLUSTER","ack":1073741822,"accepted":false,"seq":1073741822}`,
		`{"cmd":"NODE_CLUSTER","ack":4294967296,"accepted":true,"seq":1}`,
		`{"cmd":"NODE_CLUSTER","ack":00,"accepted":true,"seq":1}`,
		`{"cmd":"NODE_CLUSTER","ack":1,"accepted":true,"seq":12345678901234567890}`,
		`{"cmd":"NODE_CLUSTER","ack":-1,"accepted":true,"seq":1}`,
		`{"cmd":"NODE_CLUSTER","ack":1e3,"accepted":true,"seq":1}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		ack, accepted, ok := readAnswer(payload)
		if !ok {
			return
		}
		var m fromWorker
		if err := json.Unmarshal(payload, &m); err != nil {
			t.Fatalf("%q is understood, but %v", payload, err)
		}
		if m.Command != clusterCommand || m.Ack == nil || *m.Ack != ack || m.Accepted != accepted {
			t.Errorf("%q: %d, %v, but it is %+v", payload, ack, accepted, m)
		}
	})
}
