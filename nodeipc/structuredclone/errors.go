package structuredclone

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// ErrSyntax is what every [SyntaxError] is to errors.Is.
var ErrSyntax = errors.New("structuredclone: not a message in the structured clone format")

// Kind says why data or a value was refused.
type Kind uint8

// The kinds of refusal, first those of data, then those of values, then those of both.
const (
	Truncated      Kind = iota + 1 // the data ends within a value
	UnknownVersion                 // there is no header, or it names a version other than 13 to 16
	UnknownTag                     // what follows is nothing that Node sends on a channel
	BadLength                      // a length or a count does not agree with what is there
	BadReference                   // a reference to an object that has not begun yet
	Trailing                       // there is more after the value

	NotCloneable // functions, channels and the like, as DataCloneError is in JavaScript
	OutOfRange   // more than the format can say: a date, a length, a depth of JSON

	BadValue  // a value that the format does not allow there, such as a hole outside an array
	Duplicate // a key that an object has already
	TooDeep   // nested deeper than MaxDepth
	Cycle     // a value that contains itself, which the other side's type cannot hold
)

var kinds = map[Kind]string{
	Truncated:      "truncated",
	UnknownVersion: "unknown version",
	UnknownTag:     "unknown tag",
	BadLength:      "bad length",
	BadReference:   "bad reference",
	Trailing:       "trailing data",
	NotCloneable:   "not cloneable",
	OutOfRange:     "out of range",
	BadValue:       "bad value",
	Duplicate:      "duplicate key",
	TooDeep:        "too deep",
	Cycle:          "cycle",
}

func (k Kind) String() string { return kinds[k] }

// SyntaxError says that data is not a message that Node could have sent.
type SyntaxError struct {
	Kind Kind
	// Offset is where in the data, in bytes from its beginning.
	Offset int
	// Detail says what is wrong there.
	Detail string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("structuredclone: at byte %d: %s", e.Offset, e.Detail)
}

// Is reports whether target is [ErrSyntax].
func (e *SyntaxError) Is(target error) bool { return target == ErrSyntax }

// UnmarshalTypeError says that a JavaScript value does not go into a Go type.
type UnmarshalTypeError struct {
	// Value is what JavaScript calls the value: "number", "bigint", "Map" and so on, with the number itself
	// where it is that which does not fit.
	Value string
	Type  reflect.Type
	// Field is the path to it, of keys joined with dots; empty for the message itself.
	Field string
	// Offset is where in the data the value begins.
	Offset int
	// Kind is BadValue, or Cycle for a value that contains itself where the type cannot, or Duplicate.
	Kind Kind
}

func (e *UnmarshalTypeError) Error() string {
	return fmt.Sprintf("structuredclone: cannot unmarshal %s%s into a Go value of type %s", e.Value, at(e.Field), e.Type)
}

// InvalidUnmarshalError says that [Unmarshal] was given something other than a non-nil pointer.
type InvalidUnmarshalError struct {
	Type reflect.Type
}

func (e *InvalidUnmarshalError) Error() string {
	if e.Type == nil {
		return "structuredclone: cannot unmarshal into nil; give a pointer"
	}
	if e.Type.Kind() != reflect.Pointer {
		return fmt.Sprintf("structuredclone: cannot unmarshal into a %s; give a pointer to it", e.Type)
	}
	return fmt.Sprintf("structuredclone: cannot unmarshal into a nil %s", e.Type)
}

// CloneError says that a Go value cannot be written. Node's own error for that is "… could not be cloned".
type CloneError struct {
	Kind Kind
	// Type is that of the value, nil for nil.
	Type reflect.Type
	// Field is the path to it, of keys joined with dots; empty for the value itself.
	Field string
	// Detail says what is wrong with it.
	Detail string
	// Err is the error of a method of the value, if it was that which failed.
	Err error
}

func (e *CloneError) Error() string {
	return fmt.Sprintf("structuredclone: a %v%s could not be cloned: %s", e.Type, at(e.Field), e.Detail)
}

// Unwrap gives the error of the value's method.
func (e *CloneError) Unwrap() error { return e.Err }

func at(field string) string {
	if field == "" {
		return ""
	}
	return " at " + field
}

// path is that of the value being read or written: the keys that lead to it.
type path []string

func (p *path) push(key string) { *p = append(*p, key) }

// pop takes the last key off, and does not keep it.
func (p *path) pop() {
	last := len(*p) - 1
	(*p)[last] = ""
	*p = (*p)[:last]
}

// reset empties what a failure left.
func (p *path) reset() {
	clear(*p)
	*p = (*p)[:0]
}

func (p path) String() string { return strings.Join(p, ".") }

// failure is what the readers and writers of this package panic with, down to the exported function.
type failure struct{ err error }

// catch turns a failure into the error that it carries.
func catch(err *error) {
	switch p := recover().(type) {
	case nil:
	case failure:
		*err = p.err
	default:
		panic(p)
	}
}
