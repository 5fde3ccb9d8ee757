package control

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"
)

func answer(w http.ResponseWriter, value any) { writeJSON(w, http.StatusOK, value) }

func answerError(w http.ResponseWriter, err *Error) { writeJSON(w, statuses[err.Code], err) }

func writeJSON(w http.ResponseWriter, status int, value any) {
	content, err := json.Marshal(value)
	if err != nil {
		status = http.StatusInternalServerError
		content, _ = json.Marshal(errorf(CodeInternal, "the supervisor's answer cannot be written as JSON: %v", err))
	}
	write(w, status, "application/json", append(content, '\n'))
}

func write(w http.ResponseWriter, status int, kind string, content []byte) {
	hurry(w)
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(content)
}

// hurry gives the client so much time to take the answer.
func hurry(w http.ResponseWriter) {
	http.NewResponseController(w).SetWriteDeadline(time.Now().Add(maxAnswerTime)) // or there is no such thing, in a test
}

// named has each answer say which version it is from.
func named(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Server", product+Version())
		next.ServeHTTP(w, r)
	})
}

// rescued has a fault in the supervisor be an answer and a line of the log, and not its end.
func (s *Server) rescued(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := &begunWriter{ResponseWriter: w}
		defer func() {
			fault := recover()
			if fault == nil {
				return
			}
			if fault != http.ErrAbortHandler {
				logFault(s.log, r.Method+" "+r.URL.Path, fault)
			}
			if begun.begun || fault == http.ErrAbortHandler {
				panic(http.ErrAbortHandler) // has the client see that the answer is not whole
			}
			answerError(w, errorf(CodeInternal, "the supervisor has a fault, which its log tells of: %v", fault))
		}()
		next.ServeHTTP(begun, r)
	})
}

func logFault(log *slog.Logger, request string, fault any) {
	log.Error("a request failed", "request", request, "error", fmt.Sprint(fault), "stack", strings.TrimSpace(string(debug.Stack())))
}

// A begunWriter knows whether the answer has begun.
type begunWriter struct {
	http.ResponseWriter
	begun bool
}

func (w *begunWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *begunWriter) WriteHeader(status int) {
	w.begun = true
	w.ResponseWriter.WriteHeader(status)
}

func (w *begunWriter) Write(content []byte) (int, error) {
	w.begun = true
	return w.ResponseWriter.Write(content)
}
