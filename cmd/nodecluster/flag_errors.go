package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
)

// flagError is what is wrong with a flag, in the words of this program where err has those of Go's functions.
func flagError(err error) error {
	wrong := (*pflag.InvalidValueError)(nil)
	if !errors.As(err, &wrong) {
		return err
	}
	flag, cause := wrong.GetFlag(), wrong.Unwrap()
	if _, ok := flag.Value.(switchValue); ok {
		return fmt.Errorf("--%s: %w", flag.Name, cause)
	}
	if use := useInstead(cause); use != "" {
		return errors.New(strings.TrimSuffix(err.Error(), cause.Error()) + use)
	}
	return err
}

// useInstead is what to give a flag of a type of pflag's own, "" if the cause is another type's.
func useInstead(cause error) string {
	switch number := (*strconv.NumError)(nil); {
	case errors.As(cause, &number) && number.Func == "ParseBool":
		return "use true or false, or no value"
	case number != nil:
		return "use a whole number"
	case strings.HasPrefix(cause.Error(), "time: "):
		return "use a duration such as 500ms, 10s or 2m"
	}
	return ""
}
