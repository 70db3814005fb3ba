package kusto

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"quarry/hunt"
	"quarry/kql/diag"
	"quarry/kql/types"
)

// failure is an error as Kusto's clients read it.
type failure struct {
	status    int
	code      string
	kind      string // the .NET exception
	summary   string
	message   string
	permanent bool
	inner     *inner
}

type inner struct {
	Code        string     `json:"code"`
	Message     string     `json:"message"`
	Type        string     `json:"@type"`
	Permanent   bool       `json:"@permanent"`
	Line        int        `json:"line,omitempty"`
	Pos         int        `json:"pos,omitempty"`
	Token       string     `json:"token,omitempty"`
	Diagnostics *diag.List `json:"diagnostics,omitempty"`
}

const badRequestType = "KustoBadRequestException"

func (f *failure) Error() string { return f.message }

func badRequest(message string) *failure {
	return &failure{status: http.StatusBadRequest, code: "General_BadRequest", kind: badRequestType,
		summary: "Request is invalid and cannot be executed.", message: message, permanent: true}
}

// errorOf turns any error into a failure.
func (s *Server) errorOf(c *call, err error) *failure {
	var f *failure
	var list *diag.List
	var limit *hunt.LimitError
	switch {
	case errors.As(err, &f):
		return f
	case errors.As(err, &list):
		return queryFailure(list)
	case errors.As(err, &limit):
		return &failure{status: http.StatusBadRequest, code: "LimitsExceeded", kind: "KustoServicePartialQueryFailureLimitsExceededException",
			summary: "Request is invalid and cannot be executed.", message: err.Error(), permanent: true}
	case hunt.QueryFault(err):
		return badRequest(err.Error())
	case errors.Is(err, errCancelled):
		return &failure{status: http.StatusBadRequest, code: "Query_Canceled", kind: "KustoRequestCanceledException",
			summary: "Request was canceled.", message: err.Error(), permanent: true}
	case errors.Is(err, context.DeadlineExceeded):
		return &failure{status: http.StatusGatewayTimeout, code: "Request_ExecutionTimeout", kind: "KustoServiceTimeoutException",
			summary:   "Request execution timed out.",
			message:   fmt.Sprintf("the query ran longer than its time-out; it began %s ago. Narrow it, or ask for more with servertimeout (at most %s)", time.Since(c.started).Round(time.Millisecond), hunt.MaxTimeout),
			permanent: false}
	}
	return &failure{status: 520, code: "General_InternalServerError", kind: "KustoServiceException",
		summary: "The query could not be run.", message: err.Error(), permanent: true}
}

// queryFailure puts the first diagnostic of a query into Kusto's words; all of them
// travel along in innererror.diagnostics.
func queryFailure(list *diag.List) *failure {
	d := list.Items[0]
	for _, it := range list.Items {
		if !it.Warning {
			d = it
			break
		}
	}
	code, phase, kind := "SEM0100", "Semantic", "SemanticException"
	switch {
	case strings.HasPrefix(string(d.Code), "KQ1"):
		code, phase, kind = "SYN0002", "Syntax", "SyntaxException"
	case d.Code == "KQ203":
		code = "SEM0260" // unknown function
	}
	line, column := list.Text.Position(d.Span.Start)
	message := fmt.Sprintf("%s (%s)", d.Message, d.Code)
	if d.Hint != "" {
		message += "; " + d.Hint
	}
	message += fmt.Sprintf(" [line:position=%d:%d]", line, column)
	full := fmt.Sprintf("%s error: %s: %s", phase, code, message)
	return &failure{
		status: http.StatusBadRequest, code: "General_BadRequest", kind: badRequestType,
		summary: "Request is invalid and cannot be executed.", message: full, permanent: true,
		inner: &inner{Code: code, Message: message, Type: "Kusto.Data.Exceptions." + kind, Permanent: true,
			Line: line, Pos: column, Token: token(list, d), Diagnostics: list},
	}
}

// token is the text that a diagnostic points at, if it is short.
func token(list *diag.List, d diag.Diagnostic) string {
	start, end := max(0, d.Span.Start), min(d.Span.End, len(list.Text.Body))
	if start >= end || end-start > 100 {
		return ""
	}
	return list.Text.Body[start:end]
}

type errorBody struct {
	Error errorObject `json:"error"`
}

type errorObject struct {
	Code      string       `json:"code"`
	Message   string       `json:"message"`
	Type      string       `json:"@type"`
	Detail    string       `json:"@message"`
	Permanent bool         `json:"@permanent"`
	Context   errorContext `json:"@context"`
	Inner     *inner       `json:"innererror,omitempty"`
}

type errorContext struct {
	Timestamp       string `json:"timestamp"`
	ClientRequestID string `json:"clientRequestId"`
	ActivityID      string `json:"activityId"`
	ServiceAlias    string `json:"serviceAlias"`
}

func (f *failure) body(c *call) errorBody {
	return errorBody{errorObject{
		Code: f.code, Message: f.summary, Type: "Kusto.Data.Exceptions." + f.kind, Detail: f.message, Permanent: f.permanent, Inner: f.inner,
		Context: errorContext{types.FormatDatetime(types.FromTime(time.Now())), c.id, c.activity, "QUARRY"},
	}}
}

// writeJSON sends a small answer. The header is already set.
func writeJSON(w http.ResponseWriter, status int, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"error":{"code":"General_InternalServerError","message":"the answer cannot be written"}}`)
	}
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	}
	w.WriteHeader(status)
	w.Write(append(text, '\n'))
}
