package rendezvous

import (
	"encoding/binary"
	"hash/fnv"
	"net/netip"
)

// The multipliers and the shift are of a kind that spreads every bit of a factor over the upper half of the product. The
// program has the same.
const (
	keyFactor   = 0x9E3779B1
	placeFactor = 0x85EBCA6B
	scoreFactor = 0xC2B2AE35
	shift       = 15
)

// AddressKey is the key of a client's address; an IPv4 address has the same in its IPv6 form.
func AddressKey(ip netip.Addr) uint32 {
	if ip = ip.Unmap(); ip.Is4() {
		b := ip.As4()
		return mix(binary.BigEndian.Uint32(b[:]))
	}
	b := ip.As16()
	key := mix(binary.BigEndian.Uint32(b[:]))
	for i := 4; i < len(b); i += 4 {
		key = mix(key ^ binary.BigEndian.Uint32(b[i:]))
	}
	return key
}

// TextKey is the key of a text: FNV-1a, mixed.
func TextKey(text []byte) uint32 {
	h := fnv.New32a()
	h.Write(text)
	return mix(h.Sum32())
}

// Choose is the place of a key among those given, which are numbers from 0 on in ascending order: -1 if there are none.
func Choose(key uint32, places []int) int {
	chosen, best := -1, uint32(0)
	for _, place := range places {
		if s := Score(key, place); chosen < 0 || s > best {
			chosen, best = place, s
		}
	}
	return chosen
}

// Score is how much a key is drawn to a place: it goes to the one with the highest.
func Score(key uint32, place int) uint32 {
	s := (key ^ constant(place)) * placeFactor
	return (s ^ s>>shift) * scoreFactor
}

// constant tells the places apart.
func constant(place int) uint32 { return mix(uint32(place) + 1) }

func mix(n uint32) uint32 {
	n *= keyFactor
	return n ^ n>>shift
}
