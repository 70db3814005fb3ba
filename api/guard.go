package api

import (
	"crypto/subtle"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Guard decides who may ask.
//
// Without a token the server is for this machine alone: the Host must be a loopback
// name, or a web page could reach it through a name that it makes point here. With or
// without one, a request that a web page of another origin makes is refused.
type Guard struct {
	Token   string   // "" asks for none
	Origins []string // of web pages that may ask, beside the server's own
	Open    []string // paths that need no token
}

// Wrap puts the guard before a handler. refuse writes the error in the form of the
// interface that was asked.
func (g *Guard) Wrap(next http.Handler, refuse func(w http.ResponseWriter, r *http.Request, status int, message string)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case g.Token == "" && !IsLoopback(r.Host):
			refuse(w, r, http.StatusForbidden, "the host "+r.Host+" is not this machine; ask http://localhost, or start the server with --token FILE")
		case !g.originAllowed(r):
			refuse(w, r, http.StatusForbidden, "a web page of "+r.Header.Get("Origin")+" may not ask this server")
		case g.Token != "" && !slices.Contains(g.Open, r.URL.Path) && !g.authorized(r):
			w.Header().Set("WWW-Authenticate", "Bearer")
			refuse(w, r, http.StatusUnauthorized, "the request carries no valid token; send Authorization: Bearer TOKEN")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func (g *Guard) originAllowed(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" || slices.Contains(g.Origins, origin) {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host == r.Host && u.Host != ""
}

func (g *Guard) authorized(r *http.Request) bool {
	given := r.Header.Get("X-Api-Key")
	if a := r.Header.Get("Authorization"); a != "" {
		given = a
		if scheme, rest, ok := strings.Cut(a, " "); ok && strings.EqualFold(scheme, "Bearer") {
			given = strings.TrimSpace(rest)
		}
	}
	return subtle.ConstantTimeCompare([]byte(given), []byte(g.Token)) == 1
}

// IsLoopback reports whether an address, with or without a port, names this machine.
func IsLoopback(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
