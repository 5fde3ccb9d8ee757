package control

import "net/http"

func (s *Server) app(w http.ResponseWriter, r *http.Request) {
	app, err := s.service.App(r.Context())
	if err != nil {
		answerError(w, asError(err))
		return
	}
	if readsOnly(r.Context()) {
		app.Config = withoutEnvironment(app.Config)
	}
	answer(w, app)
}

func (s *Server) metrics(w http.ResponseWriter, r *http.Request) {
	hurry(w)
	s.service.Metrics().ServeHTTP(w, r)
}

func (s *Server) appMetrics(w http.ResponseWriter, r *http.Request) {
	hurry(w)
	s.service.AppMetrics().ServeHTTP(w, r)
}

func describe(w http.ResponseWriter, _ *http.Request) {
	write(w, http.StatusOK, "application/yaml", openapi)
}

func probe(ask func() error) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if err := ask(); err != nil {
			answerError(w, errorf(CodeUnready, "%v", err))
			return
		}
		write(w, http.StatusOK, "text/plain; charset=utf-8", []byte("ok\n"))
	}
}
