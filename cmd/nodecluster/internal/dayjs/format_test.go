package dayjs

import (
	"testing"
	"time"
)

// What the formats give, dayjs 1.11 has given.
func TestFormat(t *testing.T) {
	berlin := time.FixedZone("", 3600)
	morning, noon := time.Date(2026, 1, 9, 4, 5, 7, 42e6, berlin), time.Date(2026, 11, 29, 13, 45, 36, 600e6, berlin)
	for _, c := range []struct{ format, morning, noon string }{
		{"YYYY-MM-DDTHH:mm:ss", "2026-01-09T04:05:07", "2026-11-29T13:45:36"},
		{"YYYY-MM-DD HH:mm Z", "2026-01-09 04:05 +01:00", "2026-11-29 13:45 +01:00"},
		{"YY M D d H h m s", "26 1 9 5 4 4 5 7", "26 11 29 0 13 1 45 36"},
		{"MMM MMMM ddd dddd dd", "Jan January Fri Friday Fr", "Nov November Sun Sunday Su"},
		{"hh:mm A a", "04:05 AM am", "01:45 PM pm"},
		{"HH:mm:ss.SSS ZZ", "04:05:07.042 +0100", "13:45:36.600 +0100"},
		{"[at] HH[h]", "at 04h", "at 13h"},
		{"Y YYY x", "+0100 +0100 x", "+0100 +0100 x"},
		{"ZZZ SSSS MMMMM DDD", "+0100+01:00 042S January1 099", "+0100+01:00 600S November11 2929"},
		{"[] [ab", "[] [amb", "[] [pmb"},
		{"", "", ""},
	} {
		f := Parse(c.format)
		if got := string(f.Append(nil, morning)); got != c.morning {
			t.Errorf("%s: %s, want %s", c.format, got, c.morning)
		}
		if got := string(f.Append([]byte(">"), noon)); got != ">"+c.noon {
			t.Errorf("%s: %s, want %s", c.format, got, c.noon)
		}
	}
	if !Parse("").IsZero() || Parse("H").IsZero() {
		t.Error("whether a format is there is not told")
	}
}

func TestAppendDoesNotAllocate(t *testing.T) {
	f, b, now := Parse("YYYY-MM-DD HH:mm:ss.SSS Z dd"), make([]byte, 0, 100), time.Now()
	if n := testing.AllocsPerRun(100, func() { f.Append(b, now) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
