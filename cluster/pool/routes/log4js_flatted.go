package routes

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/nodecluster/nodecluster/cluster/internal/rawjson"
	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// log4jsConstants are what JSON has no word for, and log4js writes as strings.
var log4jsConstants = map[string]structuredclone.Value{
	"__LOG4JS_undefined__": structuredclone.Undefined{},
	"__LOG4JS_NaN__":       math.NaN(),
	"__LOG4JS_Infinity__":  math.Inf(1),
	"__LOG4JS_-Infinity__": math.Inf(-1),
}

// maxFlatted is how many values there may be: each takes many times the memory of its text.
const maxFlatted = 1 << 19

var errFlatted = errors.New("it is not what flatted writes")

// place is where in the table a value is.
type place int

// parseFlatted reads what the package flatted has made of a value: an array of JSON whose first element is the value. A string within an object
// or an array is the place of what stands there, which is how a value contains itself. It takes time and memory in proportion to the text.
func parseFlatted(text string) (structuredclone.Value, error) {
	table := []byte(text)
	if !json.Valid(table) {
		return nil, fmt.Errorf("%w: it is no JSON", errFlatted)
	}
	var values []structuredclone.Value
	read := flattedReader{left: maxFlatted}
	for element := range rawjson.Elements(table) {
		v, err := read.element(element)
		if err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	if len(values) == 0 {
		return nil, errors.New("there is no value")
	}
	for _, v := range values {
		if err := resolve(v, values); err != nil {
			return nil, err
		}
	}
	return values[0], nil
}

// flattedReader reads the values of a table, of which it counts all and all that they contain.
type flattedReader struct{ left int }

// count counts a value.
func (r *flattedReader) count() error {
	if r.left--; r.left < 0 {
		return fmt.Errorf("it has more than %d values", maxFlatted)
	}
	return nil
}

// element is one of the table: what contains others has places for strings.
func (r *flattedReader) element(b []byte) (structuredclone.Value, error) {
	err := r.count()
	if err != nil {
		return nil, err
	}
	switch b[0] {
	case '{':
		o := &structuredclone.Object{}
		for m := range rawjson.Members(b) {
			p := structuredclone.Property{Key: rawjson.Text(m.Key)}
			if p.Value, err = r.part(m.Value); err != nil {
				return nil, err
			}
			o.Properties = append(o.Properties, p)
		}
		return o, nil
	case '[':
		a := &structuredclone.Array{Elements: []structuredclone.Value{}}
		for element := range rawjson.Elements(b) {
			v, err := r.part(element)
			if err != nil {
				return nil, err
			}
			a.Elements = append(a.Elements, v)
		}
		return a, nil
	case '"':
		s := rawjson.Text(b)
		if constant, ok := log4jsConstants[s]; ok {
			return constant, nil
		}
		return s, nil
	}
	return flattedScalar(b)
}

// part is what an object or an array contains.
func (r *flattedReader) part(b []byte) (structuredclone.Value, error) {
	if err := r.count(); err != nil {
		return nil, err
	}
	switch b[0] {
	case '{', '[':
		return nil, errFlatted
	case '"':
		at, err := strconv.ParseUint(rawjson.Text(b), 10, 31)
		if err != nil {
			return nil, errFlatted
		}
		return place(at), nil
	}
	return flattedScalar(b)
}

func flattedScalar(b []byte) (structuredclone.Value, error) {
	switch b[0] {
	case 't':
		return true, nil
	case 'f':
		return false, nil
	case 'n':
		return nil, nil
	}
	f, err := strconv.ParseFloat(string(b), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return nil, errFlatted
	}
	return f, nil
}

// resolve puts what stands at the places in a value where the places are.
func resolve(v structuredclone.Value, values []structuredclone.Value) error {
	var err error
	switch v := v.(type) {
	case *structuredclone.Object:
		for i := range v.Properties {
			if v.Properties[i].Value, err = valueAt(v.Properties[i].Value, values); err != nil {
				return err
			}
		}
	case *structuredclone.Array:
		for i := range v.Elements {
			if v.Elements[i], err = valueAt(v.Elements[i], values); err != nil {
				return err
			}
		}
	}
	return nil
}

func valueAt(v structuredclone.Value, values []structuredclone.Value) (structuredclone.Value, error) {
	at, ok := v.(place)
	if !ok {
		return v, nil
	}
	if int(at) >= len(values) {
		return nil, fmt.Errorf("there is no value %d", at)
	}
	return values[at], nil
}
