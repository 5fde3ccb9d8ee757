package measure

import "slices"

// Median is the median of a figure over turns, of which there is one at least. It is one of them: of an even number the
// upper of the two in the middle.
func Median[T any](turns []T, figure func(T) float64) float64 {
	all := make([]float64, len(turns))
	for i, t := range turns {
		all[i] = figure(t)
	}
	slices.Sort(all)
	return all[len(all)/2]
}
