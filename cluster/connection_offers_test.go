package cluster

import "testing"

func TestOffers(t *testing.T) {
	var o offers
	for i := range uint32(5) {
		o.push(offer{seq: i, connection: Connection{fd: int(i)}})
	}
	for _, seq := range []uint32{0, 3, 1} {
		if got, ok := o.take(seq); !ok || got.seq != seq || got.connection.fd != int(seq) {
			t.Errorf("take %d: %+v, %v", seq, got, ok)
		}
		if _, ok := o.take(seq); ok {
			t.Errorf("offer %d can be taken twice", seq)
		}
	}
	if _, ok := o.take(99); ok {
		t.Error("an offer that was not made can be taken")
	}
	all := o.takeAll()
	if len(all) != 2 || all[0].seq != 2 || all[1].seq != 4 {
		t.Errorf("the rest is %+v, want 2 and 4 in their order", all)
	}
	if rest := o.takeAll(); len(rest) != 0 {
		t.Errorf("the rest is there twice: %+v", rest)
	}
}

// The storage does not grow with the number of offers that were ever made.
func TestOffersKeepTheirStorage(t *testing.T) {
	var o offers
	seq := uint32(0)
	for range maxInFlight {
		o.push(offer{seq: seq})
		seq++
	}
	allocations := testing.AllocsPerRun(1000, func() {
		if _, ok := o.take(seq - maxInFlight); !ok {
			t.Fatal("an offer is lost")
		}
		o.push(offer{seq: seq})
		seq++
	})
	if allocations > 0 {
		t.Errorf("%v allocations for an offer", allocations)
	}
	if len(o.takeAll()) != maxInFlight {
		t.Error("offers are lost")
	}
}
