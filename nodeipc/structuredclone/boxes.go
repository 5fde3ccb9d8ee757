package structuredclone

// boxes makes anys of numbers and short strings. Each would take an allocation: here many share one.
type boxes struct {
	float64s slab[float64]
	int32s   slab[int32]
	strings  slab[string]
}

// slab gives places for values out of arrays that double in length, so that no more places are left over than were
// given, whatever a message announces.
type slab[T any] struct {
	places []T
	taken  int
}

// sizeOfSlab is how many bytes one value that is kept may keep with it, besides what its neighbours refer to.
const sizeOfSlab = 256

// maxShared is how long a string is that its neighbours may keep.
const maxShared = maxRecent

// next gives a place.
func (s *slab[T]) next() *T {
	if s.taken == len(s.places) {
		s.grow()
	}
	s.taken++
	return &s.places[s.taken-1]
}

// some gives as many places as are wanted, or fewer, but one at least.
func (s *slab[T]) some(wanted int) []T {
	if s.taken == len(s.places) {
		s.grow()
	}
	start := s.taken
	s.taken = min(start+wanted, len(s.places))
	return s.places[start:s.taken]
}

func (s *slab[T]) grow() {
	s.places = make([]T, min(max(1, 2*len(s.places)), sizeOfSlab/sizeOf[T]()))
	s.taken = 0
}

func (b *boxes) float64(f float64) any {
	place := b.float64s.next()
	*place = f
	return anyFloat64(place)
}

// number is float64 for an integer.
func (b *boxes) number(n int32) any {
	if uint32(n) < uint32(len(smallNumbers)) {
		return smallNumbers[n]
	}
	return b.float64(float64(n))
}

func (b *boxes) int32(n int32) any {
	if n == int32(uint8(n)) {
		return n // for which Go allocates nothing
	}
	place := b.int32s.next()
	*place = n
	return anyInt32(place)
}

func (b *boxes) string(s string) any {
	if len(s) > maxShared {
		return s
	}
	place := b.strings.next()
	*place = s
	return anyString(place)
}

// smallNumbers are the small integers, as an any has them.
var smallNumbers = func() (boxed [256]any) {
	for n := range boxed {
		boxed[n] = float64(n)
	}
	return boxed
}()
