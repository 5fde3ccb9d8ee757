package options

import (
	"errors"
	"math"
	"runtime"
	"strconv"
)

func (o *Options) setInstances(text string) error {
	if text == "auto" || text == "max" {
		o.Pool.Instances = 0
		return nil
	}
	n, err := strconv.Atoi(text)
	if err == nil && n < 0 {
		n = max(1, runtime.GOMAXPROCS(0)+n)
	}
	if err != nil || n < 1 {
		return errors.New("use a number from 1 on, auto, or -1 for one less than there are CPUs")
	}
	o.Pool.Instances = n
	return nil
}

func (o *Options) setWorkerMemory(text string) error {
	n, err := ParseSize(text)
	o.Pool.WorkerMemory = int64(n)
	return err
}

// sizeUnits are the units of a size in bytes.
var sizeUnits = map[byte]int{'K': 1 << 10, 'M': 1 << 20, 'G': 1 << 30}

// ParseSize reads a size in bytes, such as 512K, 128M or 1G.
func ParseSize(text string) (bytes int, err error) {
	number, unit := text, 1
	if last := len(text) - 1; last > 0 && sizeUnits[text[last]] > 0 {
		number, unit = text[:last], sizeUnits[text[last]]
	}
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || n > math.MaxInt/unit {
		return 0, errors.New("use a size in bytes, such as 512K, 128M or 1G")
	}
	return n * unit, nil
}
