package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// statuses are those that errors come with.
var statuses = map[string]int{
	CodeInvalid:   http.StatusBadRequest,
	CodeForbidden: http.StatusForbidden,
	CodeUnknown:   http.StatusNotFound,
	CodeBusy:      http.StatusConflict,
	CodeFailed:    http.StatusUnprocessableEntity,
	CodeInternal:  http.StatusInternalServerError,
	CodeStopping:  http.StatusServiceUnavailable,
	CodeUnready:   http.StatusServiceUnavailable,
}

func errorf(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// asError is what the client gets of an error of the service.
func asError(err error) *Error {
	if known := (*Error)(nil); errors.As(err, &known) {
		if _, ok := statuses[known.Code]; ok {
			return known
		}
		return &Error{CodeFailed, known.Message, known.Output}
	}
	return errorf(CodeFailed, "%v", err)
}

func writeError(w http.ResponseWriter, err *Error) { writeJSON(w, statuses[err.Code], err) }

func writeJSON(w http.ResponseWriter, status int, value any) {
	content, err := json.Marshal(value)
	if err != nil {
		status = http.StatusInternalServerError
		content, _ = json.Marshal(errorf(CodeInternal, "the supervisor's answer cannot be written as JSON: %v", err))
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(append(content, '\n'))
}
