package control

import (
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
