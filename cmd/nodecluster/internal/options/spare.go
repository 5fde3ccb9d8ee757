package options

import (
	"errors"
	"strconv"
)

func (o *Options) setSpare(text string) error {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return errors.New("use a number from 0 on")
	}
	o.Pool.Spare = n
	return nil
}
