package rendezvous

import (
	"encoding/binary"
	"net/netip"
	"testing"
)

func addresses(n int) (all []netip.Addr) {
	for i := range n {
		b := [4]byte{127}
		binary.BigEndian.PutUint16(b[2:], uint16(i+1))
		all = append(all, netip.AddrFrom4(b))
	}
	return all
}

func upTo(n int) (places []int) {
	for i := range n {
		places = append(places, i)
	}
	return places
}

func TestPlacesGetTheirShares(t *testing.T) {
	for _, n := range []int{1, 2, 3, 4, 8, 64} {
		const addressesEach = 1000
		counts := make([]int, n)
		for _, a := range addresses(n * addressesEach) {
			counts[Choose(AddressKey(a), upTo(n))]++
		}
		for place, count := range counts {
			if count < addressesEach*3/4 || count > addressesEach*5/4 {
				t.Errorf("of %d places, %d gets %d of %d", n, place, count, addressesEach)
			}
		}
	}
}

// Only who moves to the new place moves when one comes, and the same when it goes.
func TestOnlyThoseMoveWhoMust(t *testing.T) {
	for _, a := range addresses(10_000) {
		key := AddressKey(a)
		before, after := Choose(key, upTo(4)), Choose(key, upTo(5))
		if after != before && after != 4 {
			t.Fatalf("%s moves from %d to %d, and the new place is 4", a, before, after)
		}
		if without := Choose(key, []int{0, 2, 3}); before != 1 && without != before {
			t.Fatalf("%s moves from %d to %d when 1 goes", a, before, without)
		}
	}
}

func TestNoPlace(t *testing.T) {
	if place := Choose(1, nil); place != -1 {
		t.Errorf("place %d of none", place)
	}
	for _, n := range []int{0, MostPlaces + 1} {
		if _, err := Program(ByAddress, make([]Choice, n)); err == nil {
			t.Errorf("a program for %d places", n)
		}
	}
}

func TestIPv4InIPv6IsTheSame(t *testing.T) {
	if AddressKey(netip.MustParseAddr("10.1.2.3")) != AddressKey(netip.MustParseAddr("::ffff:10.1.2.3")) {
		t.Error("an address has another key in its IPv6 form")
	}
}
