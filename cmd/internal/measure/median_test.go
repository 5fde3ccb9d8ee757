package measure

import "testing"

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		turns []int
		want  float64
	}{
		{[]int{3}, 3},
		{[]int{5, 1}, 5},
		{[]int{9, 1, 4}, 4},
		{[]int{4, 1, 3, 2}, 3},
	} {
		before := append([]int(nil), c.turns...)
		if got := Median(c.turns, func(n int) float64 { return float64(n) }); got != c.want {
			t.Errorf("the median of %v is %v, want %v", before, got, c.want)
		}
		for i := range before {
			if c.turns[i] != before[i] {
				t.Errorf("%v became %v", before, c.turns)
			}
		}
	}
}
