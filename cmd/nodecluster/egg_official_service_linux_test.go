package main

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// eggService is what the shop of testdata/eggs asks at its boot and for slow answers. Each process goes on when the test lets it, so that
// processes that start at once come up one after the other.
type eggService struct {
	server *httptest.Server

	mu      sync.Mutex
	waiting map[string]chan int // what is asked by whom, and the status of the answer
	open    bool                // whether everybody may go on
}

func newEggService(t *testing.T) *eggService {
	s := &eggService{waiting: map[string]chan int{}}
	s.server = httptest.NewServer(http.HandlerFunc(s.answer))
	t.Cleanup(s.server.Close)
	return s
}

func (s *eggService) answer(w http.ResponseWriter, r *http.Request) {
	question := r.URL.Path[1:] + " " + r.URL.Query().Get("role")
	status := make(chan int, 1)
	s.mu.Lock()
	if s.open {
		status <- http.StatusOK
	} else {
		s.waiting[question] = status
	}
	s.mu.Unlock()
	select {
	case code := <-status:
		w.WriteHeader(code)
	case <-r.Context().Done(): // the process has ended
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.waiting[question] == status {
			delete(s.waiting, question)
		}
	}
}

// isAsked reports whether somebody waits for the answer, such as "boot app1".
func (s *eggService) isAsked(question string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.waiting[question] != nil
}

func (s *eggService) reply(question string, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting[question] <- status
	delete(s.waiting, question)
}

// allowAll answers whatever is asked from then on.
func (s *eggService) allowAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open = true
}
