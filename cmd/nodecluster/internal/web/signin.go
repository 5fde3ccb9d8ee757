package web

import (
	"net/http"

	g "maragu.dev/gomponents"
)

func (s *Server) showSignIn(w http.ResponseWriter, r *http.Request) {
	if s.options.Token == "" {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	s.askForToken(w, http.StatusOK, "")
}

// askForToken answers with the form for the token, and what was wrong with the one before.
func (s *Server) askForToken(w http.ResponseWriter, status int, problem string) {
	s.show(w, status, page{title: "Sign in – nodecluster"}, el("section", class("card narrow"),
		el("h1", text("Sign in")),
		g.If(problem != "", alert(problem)),
		el("p", text("The token is in the file that "), el("code", text("nodecluster web")), text(" was started with by "),
			el("code", text("--token-file")), text(".")),
		el("form", attr("method", "post"), attr("action", "/sign-in"), class("fields"),
			input("token", "Token", "password", attr("autocomplete", "current-password"), attr("required"), attr("autofocus")),
			mainButton("Sign in"),
		),
	))
}

// signIn gives a browser that knows the token a cookie. The form needs no token of its own: to sign in is all that another site could have
// a browser do, and it would have to know the token.
func (s *Server) signIn(w http.ResponseWriter, r *http.Request) {
	switch token := r.PostFormValue("token"); {
	case s.options.Token == "":
	case equal(token, s.options.Token):
		s.setSession(w, r, s.guard.session(), 0)
	default:
		status, message := http.StatusUnauthorized, "This is not the token."
		if !s.guard.tries.Allow() {
			status, message = http.StatusTooManyRequests, "Too many wrong tokens were tried. Wait a few seconds."
		}
		s.askForToken(w, status, message)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (s *Server) signOut(w http.ResponseWriter, r *http.Request) {
	s.setSession(w, r, "", -1)
	http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
}

func (s *Server) setSession(w http.ResponseWriter, r *http.Request, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{
		Name: sessionCookie, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteStrictMode,
	})
}
