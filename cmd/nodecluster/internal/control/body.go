package control

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"time"
)

const maxBodySize = 1 << 20

// readBody reads what a command is asked for with. No body is as good as an empty object.
func readBody(w http.ResponseWriter, r *http.Request, into any) *Error {
	c := http.NewResponseController(w)
	c.SetReadDeadline(time.Now().Add(maxBodyTime)) // or there is no such thing, in a test
	content, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodySize))
	c.SetReadDeadline(time.Time{}) // from now on what is read is that the client hangs up
	if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
		return errorf(CodeInvalid, "the request is larger than %d bytes", large.Limit)
	}
	if err != nil {
		return errorf(CodeInvalid, "the request did not come whole: %v", err)
	}
	return parseBody(content, into)
}

// parseBody takes what encoding/json takes, but for the names of fields: each is one of the type's, to the letter, and those that cannot be
// left out are there.
func parseBody(content []byte, into any) *Error {
	if len(bytes.TrimSpace(content)) == 0 {
		content = []byte("{}")
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(content, &fields); err != nil || fields == nil {
		return errorf(CodeInvalid, "the request is no JSON object: %.200q", content)
	}
	if err := checkNames(fields, reflect.TypeOf(into).Elem()); err != nil {
		return err
	}
	err := json.Unmarshal(content, into)
	if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) {
		return errorf(CodeInvalid, "the field %q cannot be a %s: it is a Go %s", wrong.Field, wrong.Value, wrong.Type)
	}
	if err != nil {
		return errorf(CodeInvalid, "the request makes no sense: %v", err)
	}
	return nil
}

func checkNames(fields map[string]json.RawMessage, t reflect.Type) *Error {
	known := jsonNames(t)
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if !slices.Contains(known, name) {
			return errorf(CodeInvalid, "nodecluster %s, which runs this application, does not know the field %q: it knows %q", Version(), name, known)
		}
	}
	for _, name := range neededNames(t) {
		if value := fields[name]; value == nil || string(value) == "null" {
			return errorf(CodeInvalid, "the field %q is missing", name)
		}
	}
	return nil
}
