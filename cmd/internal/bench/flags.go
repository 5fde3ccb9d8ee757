//go:build linux

package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// number is a flag that counts something.
type number int

func (n *number) Set(s string) error {
	i, err := strconv.Atoi(s)
	if err != nil || i < 1 || i > most {
		return fmt.Errorf("use a number from 1 to %d", most)
	}
	*n = number(i)
	return nil
}

func (n *number) String() string { return strconv.Itoa(int(*n)) }

// Type is the flag's kind in a help text.
func (n *number) Type() string { return "N" }

// numbers is a flag that is a list of numbers, each larger than the one before.
type numbers []int

func (l *numbers) Set(s string) error {
	var list numbers
	for _, field := range splitList(s) {
		var n number
		if err := n.Set(field); err != nil || len(list) > 0 && int(n) <= list[len(list)-1] {
			return errors.New("use a number from 1 on, or several that rise, such as 1,2,4,8")
		}
		list = append(list, int(n))
	}
	*l = list
	return nil
}

func (l *numbers) String() string { return strings.Trim(fmt.Sprint(*l), "[]") }

// Type is the flag's kind in a help text.
func (l *numbers) Type() string { return "LIST" }

// choice is a flag that is one of some words.
type choice struct {
	value *string
	words []string
}

func (c choice) Set(s string) error {
	if !slices.Contains(c.words, s) {
		return fmt.Errorf("use one of %s", c.words)
	}
	*c.value = s
	return nil
}

func (c choice) String() string { return *c.value }

// Type is the flag's kind in a help text.
func (c choice) Type() string { return "WORD" }

// contenderNames is a flag that is a list of contenders.
type contenderNames []string

func (l *contenderNames) Set(s string) error {
	list := splitList(s)
	for _, name := range list {
		if !slices.Contains(names(), name) {
			return fmt.Errorf("no contender is named %q: there are %s", name, strings.Join(names(), ", "))
		}
	}
	*l = list
	return nil
}

func (l *contenderNames) String() string { return strings.Join(*l, ",") }

// Type is the flag's kind in a help text.
func (l *contenderNames) Type() string { return "NAMES" }
