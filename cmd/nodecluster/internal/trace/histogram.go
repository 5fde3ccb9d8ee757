package trace

import (
	"iter"
	"maps"
	"math/bits"
	"slices"
	"time"
)

// histogram counts durations in buckets that are 1/32 of their value wide, so that however many there are it stays small.
type histogram struct {
	buckets map[uint32]uint64
	total   uint64
	max     time.Duration
}

const bucketBits = 5

func (h *histogram) add(d time.Duration) {
	if h.buckets == nil {
		h.buckets = map[uint32]uint64{}
	}
	h.buckets[bucketOf(d)]++
	h.total++
	h.max = max(h.max, d)
}

// bucketOf numbers the buckets in ascending order.
func bucketOf(d time.Duration) uint32 {
	shift := max(bits.Len64(uint64(d))-bucketBits-1, 0)
	return uint32(shift<<bucketBits) + uint32(uint64(d)>>shift)
}

// topOf is the longest duration of a bucket.
func topOf(bucket uint32) time.Duration {
	shift := max(int(bucket>>bucketBits)-1, 0)
	return time.Duration((uint64(bucket)-uint64(shift<<bucketBits)+1)<<shift - 1)
}

// quantile is the duration that the share q of all is not longer than; 0 where there are none.
func (h *histogram) quantile(q float64) time.Duration {
	rank := uint64(q*float64(h.total-min(h.total, 1))) + 1
	var top uint32
	for bucket, n := range sortedBuckets(h.buckets) {
		if top = bucket; n >= rank {
			break
		}
		rank -= n
	}
	if h.total == 0 {
		return 0
	}
	return min(topOf(top), h.max)
}

func sortedBuckets(buckets map[uint32]uint64) iter.Seq2[uint32, uint64] {
	return func(yield func(uint32, uint64) bool) {
		for _, bucket := range slices.Sorted(maps.Keys(buckets)) {
			if !yield(bucket, buckets[bucket]) {
				return
			}
		}
	}
}
