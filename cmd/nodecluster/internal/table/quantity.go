package table

import (
	"fmt"
	"time"
)

// Duration is a duration in one unit, rounded down: "249ms", "12s", "5m", "2h" or "3d". One below zero is "0s".
func Duration(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d <= 0:
		return "0s"
	case d < time.Second:
		return fmt.Sprintf("%dms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm", d/time.Minute)
	case d < 2*day:
		return fmt.Sprintf("%dh", d/time.Hour)
	}
	return fmt.Sprintf("%dd", d/day)
}

// Size is a number of bytes with the suffixes of flags, in powers of 1024: "512B", "1.2G", "412M".
func Size(bytes int64) string {
	if bytes < 1024 {
		return fmt.Sprintf("%dB", max(0, bytes))
	}
	size, unit := float64(bytes), 0
	for size >= 1023.5 && unit < len(sizeUnits)-1 {
		size, unit = size/1024, unit+1
	}
	return short(size) + sizeUnits[unit]
}

var sizeUnits = []string{"B", "K", "M", "G", "T", "P", "E"}

// Percent is a percentage: "63%".
func Percent(p float64) string { return fmt.Sprintf("%.0f%%", p) }

// Milliseconds is a number of milliseconds: "0.3ms", "12ms" or "1.5s".
func Milliseconds(ms float64) string {
	if ms >= 999.5 {
		return short(ms/1000) + "s"
	}
	return short(ms) + "ms"
}

// short has one digit behind the point for numbers below 10, and none for others.
func short(n float64) string {
	if n < 9.95 {
		return fmt.Sprintf("%.1f", n)
	}
	return fmt.Sprintf("%.0f", n)
}
