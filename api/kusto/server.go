package kusto

import (
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"quarry/api"
	"quarry/hunt"
)

// Database is the name of the one database. Any other name means it too, as rules
// name the workspaces they were written for.
const Database = "quarry"

// Server answers the Kusto protocol.
type Server struct {
	Session *hunt.Session
	// Now pins now(); the zero time is the wall clock.
	Now time.Time
	// Version is that of the program.
	Version string
	// Log gets a line for each request; nil is none.
	Log *slog.Logger

	started time.Time
	running registry
}

// maxBody bounds a request, in bytes after unpacking. Kusto's own limit for the text
// of a query is 2 MB; parameters come on top.
const maxBody = 32 << 20

// New makes a server over a session.
func New(s *hunt.Session) *Server {
	return &Server{Session: s, started: time.Now()}
}

// OpenPaths need no token: clients ask them before they have one.
var OpenPaths = []string{"/v1/rest/auth/metadata", "/v1/rest/ping"}

// Mount adds the protocol's paths to a router.
func (s *Server) Mount(r chi.Router) {
	r.HandleFunc("/v1/rest/query", s.handle(s.queryV1, true))
	r.HandleFunc("/v2/rest/query", s.handle(s.queryV2, true))
	r.Post("/v1/rest/mgmt", s.handle(s.mgmt, false))
	r.Get("/v1/rest/auth/metadata", func(w http.ResponseWriter, r *http.Request) {
		// No sign-in: the keys that clients look for, and nothing to sign in at.
		writeJSON(w, http.StatusOK, map[string]any{"AzureAD": nil, "dSTS": nil})
	})
	r.Get("/v1/rest/ping", func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, http.StatusOK, map[string]string{"status": "Healthy", "version": s.Version})
	})
}

// call is one request under way.
type call struct {
	*request
	http     *http.Request
	out      *api.Output
	id       string // the client's own, or made up
	activity string
	started  time.Time
}

// handle reads the request and turns an error into an answer, as long as nothing of
// the answer has been sent.
func (s *Server) handle(do func(*call) error, get bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c := &call{http: r, out: api.NewOutput(w, r), id: r.Header.Get("x-ms-client-request-id"), activity: uuid.NewString(), started: time.Now()}
		if c.id == "" {
			c.id = "unspecified;" + uuid.NewString()
		}
		h := w.Header()
		h.Set("x-ms-client-request-id", headerText(c.id))
		h.Set("x-ms-activity-id", c.activity)
		h.Set("Content-Type", "application/json; charset=UTF-8")
		h.Set("X-Content-Type-Options", "nosniff")
		var err error
		if c.request, err = readRequest(r, get); err == nil {
			err = do(c)
		}
		s.log(c, err)
		if err != nil && !c.out.Begun() && r.Context().Err() == nil {
			e := s.errorOf(c, err)
			writeJSON(w, e.status, e.body(c))
			return
		}
		c.out.Close()
	}
}

func (s *Server) log(c *call, err error) {
	if s.Log == nil {
		return
	}
	attrs := []any{"path", c.http.URL.Path, "id", c.id, "ms", time.Since(c.started).Milliseconds()}
	if c.request != nil {
		attrs = append(attrs, "app", c.app, "user", c.user)
	}
	if err != nil {
		attrs = append(attrs, "error", err.Error())
	}
	s.Log.Info("request", attrs...)
}

// Refuse writes an error of the guard.
func Refuse(w http.ResponseWriter, r *http.Request, status int, message string) {
	code := "Forbidden"
	if status == http.StatusUnauthorized {
		code = "Unauthorized"
	}
	c := &call{http: r, id: r.Header.Get("x-ms-client-request-id"), activity: uuid.NewString()}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	writeJSON(w, status, (&failure{status: status, code: code, kind: "KustoRequestDeniedException", summary: message, message: message}).body(c))
}

// headerText keeps what a header may hold.
func headerText(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, s)
}
