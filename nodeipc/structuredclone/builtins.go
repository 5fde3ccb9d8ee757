package structuredclone

import (
	"errors"
	"math"
	"strings"
	"time"
)

// Date is a JavaScript Date. [Unmarshal] gives a time.Time instead where the date is valid.
type Date struct {
	// Milliseconds since 1970 began in UTC; NaN is an invalid date.
	Milliseconds float64
}

// The most milliseconds that a Date may be away from 1970.
const maxMilliseconds = 8.64e15

// Time gives the date in UTC. It is false for an invalid date.
func (d *Date) Time() (time.Time, bool) {
	if !(math.Abs(d.Milliseconds) <= maxMilliseconds) {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(d.Milliseconds)).UTC(), true
}

// RegExp is a regular expression. Its Source is in JavaScript's syntax, which nobody checks here: Node fails
// to read a message with one that is wrong.
type RegExp struct {
	Source string
	// Flags is made of the letters "dgimsuvy", each at most once, and not both u and v.
	Flags string
}

// The flags in the order of the bits that stand for them; V8's experimental one, at the question mark, is never sent.
const regExpFlags = "gimyus?dv"

// The order in which JavaScript itself lists them.
const regExpFlagsSorted = "dgimsuvy"

func flagsOf(bits uint32) (string, bool) {
	if bits >= 1<<len(regExpFlags) {
		return "", false
	}
	flags := make([]byte, 0, len(regExpFlags))
	for i := range len(regExpFlagsSorted) {
		if bits&(1<<strings.IndexByte(regExpFlags, regExpFlagsSorted[i])) != 0 {
			flags = append(flags, regExpFlagsSorted[i])
		}
	}
	again, ok := flagBits(string(flags))
	return string(flags), ok && again == bits
}

func flagBits(flags string) (uint32, bool) {
	var bits uint32
	for i := range len(flags) {
		at := strings.IndexByte(regExpFlags, flags[i])
		if at < 0 || flags[i] == '?' || bits&(1<<at) != 0 {
			return 0, false
		}
		bits |= 1 << at
	}
	return bits, !(strings.Contains(flags, "u") && strings.Contains(flags, "v"))
}

// Boxed is a primitive as an object, such as new Number(1) or Object(1n).
type Boxed struct {
	// Value is a bool, a float64, a string or a *big.Int.
	Value Value
}

// Error is a JavaScript Error, and a Go error. What else the error had, its own name and a code for example,
// V8 does not write.
type Error struct {
	// Name is "EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError" or "URIError"; all else,
	// the empty string too, is "Error".
	Name    string
	Message string
	Stack   string
	Cause   Value
	// Empty says which of Message, Stack and Cause are there although they are "", "" and null. Without it
	// they are properties that the error does not have.
	Empty ErrorProperties
}

// ErrorProperties is a set of them.
type ErrorProperties uint8

// What an [Error] may have.
const (
	ErrorMessage ErrorProperties = 1 << iota
	ErrorStack
	ErrorCause
)

// Error gives the name and the message, as JavaScript's toString does.
func (e *Error) Error() string {
	name := e.Name
	if name == "" {
		name = "Error"
	}
	if e.Message == "" {
		return name
	}
	return name + ": " + e.Message
}

// Unwrap gives the cause, if that is an error itself.
func (e *Error) Unwrap() error {
	cause, _ := e.Cause.(error)
	return cause
}

func (e *Error) has(property ErrorProperties) bool {
	switch {
	case e.Empty&property != 0:
		return true
	case property == ErrorMessage:
		return e.Message != ""
	case property == ErrorStack:
		return e.Stack != ""
	}
	return e.Cause != nil
}

var _ error = (*Error)(nil)

// asError gives err as the Error to be written for it.
func asError(err error) *Error {
	if e, ok := err.(*Error); ok {
		return e
	}
	e := &Error{Message: err.Error(), Empty: ErrorMessage}
	if cause := errors.Unwrap(err); cause != nil {
		e.Cause = cause
	}
	return e
}
