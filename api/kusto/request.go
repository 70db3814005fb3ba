package kusto

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"

	"quarry/api"
)

// request is what a client asks.
type request struct {
	db, text  string
	options   map[string]string // by lower-case name
	params    map[string]string
	app, user string
}

// readRequest reads the body, or the query string of a GET. Field names are matched
// without regard to case, and fields that are not known are passed over: each client
// adds some of its own.
func readRequest(r *http.Request, get bool) (*request, error) {
	req := &request{options: map[string]string{}, params: map[string]string{},
		app: r.Header.Get("x-ms-app"), user: r.Header.Get("x-ms-user")}
	var properties json.RawMessage
	switch {
	case r.Method == http.MethodGet && get:
		q := r.URL.Query()
		req.db, req.text, properties = q.Get("db"), q.Get("csl"), json.RawMessage(q.Get("properties"))
		if strings.HasPrefix(strings.TrimSpace(req.text), ".") {
			return nil, badRequest("a command must be sent with POST")
		}
	case r.Method == http.MethodPost:
		// Any web page can make a browser post a form; none can post this type.
		if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/json" {
			return nil, &failure{status: http.StatusUnsupportedMediaType, code: "General_BadRequest", kind: badRequestType,
				summary: "Request is invalid and cannot be executed.", message: "the Content-Type must be application/json", permanent: true}
		}
		body, err := api.Body(r, maxBody)
		if errors.Is(err, api.ErrTooLarge) {
			return nil, &failure{status: http.StatusRequestEntityTooLarge, code: "General_BadRequest", kind: badRequestType,
				summary: "Request is invalid and cannot be executed.", message: fmt.Sprintf("the request is larger than %d bytes", maxBody), permanent: true}
		}
		if err != nil {
			return nil, badRequest(err.Error())
		}
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(body, &fields); err != nil {
			return nil, badRequest("the body is not a JSON object: " + err.Error())
		}
		fields = lowerKeys(fields)
		req.db, req.text, properties = text(fields["db"]), text(fields["csl"]), fields["properties"]
	default:
		return nil, &failure{status: http.StatusMethodNotAllowed, code: "General_BadRequest", kind: badRequestType,
			summary: "Request is invalid and cannot be executed.", message: "the method must be POST", permanent: true}
	}
	if strings.TrimSpace(req.text) == "" {
		return nil, badRequest("the request holds no query (csl)")
	}
	if err := req.properties(properties); err != nil {
		return nil, badRequest("properties: " + err.Error())
	}
	if app := req.options["request_app_name"]; app != "" {
		req.app = app
	}
	if user := req.options["request_user"]; user != "" {
		req.user = user
	}
	if l := strings.ToLower(req.options["query_language"]); l != "" && l != "kql" && l != "csl" {
		return nil, badRequest(fmt.Sprintf("the query language %q is not spoken here; write KQL", l))
	}
	return req, nil
}

// properties reads {"Options":{...},"Parameters":{...}}, which the Python client and
// Kqlmagic send as text inside JSON.
func (r *request) properties(raw json.RawMessage) error {
	if s := text(raw); s != "" {
		raw = json.RawMessage(s)
	}
	if len(raw) == 0 || string(raw) == "null" || string(raw) == `""` {
		return nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return err
	}
	fields = lowerKeys(fields)
	for name, into := range map[string]map[string]string{"options": r.options, "parameters": r.params} {
		var values map[string]json.RawMessage
		if v := fields[name]; len(v) > 0 {
			if err := json.Unmarshal(v, &values); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		for k, v := range values {
			if name == "options" {
				k = strings.ToLower(k)
			}
			if string(v) != "null" {
				into[k] = plain(v)
			}
		}
	}
	return nil
}

func (r *request) option(name string) bool { return strings.EqualFold(r.options[name], "true") }

func lowerKeys(m map[string]json.RawMessage) map[string]json.RawMessage {
	out := make(map[string]json.RawMessage, len(m))
	for k, v := range m {
		out[strings.ToLower(k)] = v
	}
	return out
}

// text is a JSON string, "" for anything else.
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// plain is a JSON value as text, a string without its quotes.
func plain(raw json.RawMessage) string {
	if len(raw) > 0 && raw[0] == '"' {
		return text(raw)
	}
	return string(raw)
}
