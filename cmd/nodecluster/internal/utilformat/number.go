package utilformat

import (
	"math"
	"strconv"
	"strings"

	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

func toNumber(v structuredclone.Value) float64 {
	switch v := v.(type) {
	case nil:
		return 0
	case bool:
		if v {
			return 1
		}
		return 0
	case int32:
		return float64(v)
	case float64:
		return v
	case structuredclone.Undefined, *structuredclone.Object:
		return math.NaN()
	}
	s := strings.TrimSpace(numeral(v))
	if s == "" {
		return 0
	}
	return parseWhole(s)
}

// parseWhole is a number that a whole string stands for.
func parseWhole(s string) float64 {
	if len(s) > 2 && s[0] == '0' {
		if base := map[byte]int{'x': 16, 'o': 8, 'b': 2}[s[1]|0x20]; base != 0 {
			n, err := strconv.ParseUint(s[2:], base, 64)
			if err != nil {
				return math.NaN()
			}
			return float64(n)
		}
	}
	if n := parseFloat(s); floatLength(s) == len(s) {
		return n
	}
	return math.NaN()
}

// parseInt is what JavaScript's gives: the whole number that a string begins with.
func parseInt(s string) float64 {
	s = strings.TrimSpace(s)
	sign, digits := 1.0, s
	if s != "" && (s[0] == '-' || s[0] == '+') {
		digits = s[1:]
		if s[0] == '-' {
			sign = -1
		}
	}
	base := 10.0
	if len(digits) > 1 && digits[0] == '0' && digits[1]|0x20 == 'x' {
		base, digits = 16, digits[2:]
	}
	n, seen := 0.0, false
	for _, c := range []byte(digits) {
		d := digit(c)
		if d >= base {
			break
		}
		n, seen = n*base+d, true
	}
	if !seen {
		return math.NaN()
	}
	return sign * n
}

func digit(c byte) float64 {
	switch {
	case c >= '0' && c <= '9':
		return float64(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return float64(c|0x20-'a') + 10
	}
	return math.Inf(1)
}

// parseFloat is what JavaScript's gives: the number that a string begins with.
func parseFloat(s string) float64 {
	s = strings.TrimSpace(s)
	unsigned := strings.TrimLeft(s[:min(len(s), 1)], "+-") + s[min(len(s), 1):]
	if strings.HasPrefix(unsigned, "Infinity") {
		if s[0] == '-' {
			return math.Inf(-1)
		}
		return math.Inf(1)
	}
	n := floatLength(s)
	if n == 0 {
		return math.NaN()
	}
	f, _ := strconv.ParseFloat(s[:n], 64)
	return f
}

// floatLength is how many bytes at the beginning are a decimal number, or Infinity.
func floatLength(s string) int {
	i := 0
	if i < len(s) && (s[i] == '+' || s[i] == '-') {
		i++
	}
	if strings.HasPrefix(s[i:], "Infinity") {
		return i + len("Infinity")
	}
	begin := i
	i = skipDigits(s, i)
	whole := i - begin
	if i < len(s) && s[i] == '.' {
		end := skipDigits(s, i+1)
		if whole == 0 && end == i+1 {
			return 0
		}
		i = end
	} else if whole == 0 {
		return 0
	}
	if i < len(s) && s[i]|0x20 == 'e' {
		exponent := i + 1
		if exponent < len(s) && (s[exponent] == '+' || s[exponent] == '-') {
			exponent++
		}
		if end := skipDigits(s, exponent); end > exponent {
			i = end
		}
	}
	return i
}

func skipDigits(s string, i int) int {
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return i
}
