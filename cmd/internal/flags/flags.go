// Package flags has the kinds of flags that the programs that measure share, for pflag. Their errors say what to write instead.
package flags

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// most keeps a slip of the finger from starting a million processes.
const most = 1 << 16

// Number is a flag that counts something.
type Number int

func (n *Number) Set(s string) error {
	i, err := strconv.Atoi(s)
	if err != nil || i < 1 || i > most {
		return fmt.Errorf("use a number from 1 to %d", most)
	}
	*n = Number(i)
	return nil
}

func (n *Number) String() string { return strconv.Itoa(int(*n)) }

// Type is the flag's kind in a help text.
func (n *Number) Type() string { return "N" }

// Numbers is a flag that is a list of numbers, each larger than the one before.
type Numbers []int

func (l *Numbers) Set(s string) error {
	var list Numbers
	for field := range strings.SplitSeq(s, ",") {
		var n Number
		if err := n.Set(field); err != nil || len(list) > 0 && int(n) <= list[len(list)-1] {
			return errors.New("use a number from 1 on, or several that rise, such as 1,2,4,8")
		}
		list = append(list, int(n))
	}
	*l = list
	return nil
}

func (l *Numbers) String() string { return strings.Trim(fmt.Sprint(*l), "[]") }

// Type is the flag's kind in a help text.
func (l *Numbers) Type() string { return "LIST" }

// Choice is a flag that is one of some words.
type Choice struct {
	Value *string
	Words []string
}

func (c Choice) Set(s string) error {
	if !slices.Contains(c.Words, s) {
		return fmt.Errorf("use one of %s", c.Words)
	}
	*c.Value = s
	return nil
}

func (c Choice) String() string { return *c.Value }

// Type is the flag's kind in a help text.
func (c Choice) Type() string { return "WORD" }

// Names is a flag that is a list of names.
type Names struct {
	Value *[]string
	What  string // that has a name
	Known []string
}

func (l Names) Set(s string) error {
	list := strings.Split(s, ",")
	for _, name := range list {
		if !slices.Contains(l.Known, name) {
			return fmt.Errorf("no %s is named %q: there are %s", l.What, name, strings.Join(l.Known, ", "))
		}
	}
	*l.Value = list
	return nil
}

func (l Names) String() string { return strings.Join(*l.Value, ",") }

// Type is the flag's kind in a help text.
func (l Names) Type() string { return "NAMES" }
