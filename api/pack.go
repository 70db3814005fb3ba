package api

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
)

// ErrTooLarge tells that a body is larger than the limit.
var ErrTooLarge = errors.New("the request is too large")

// Body reads a request's body, unpacked, of at most limit bytes.
func Body(r *http.Request, limit int64) ([]byte, error) {
	body := io.Reader(r.Body)
	switch enc := strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Encoding"))); enc {
	case "", "identity":
	case "gzip":
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			return nil, fmt.Errorf("the request says it is packed with gzip and is not: %w", err)
		}
		body = z
	case "deflate":
		body = flate.NewReader(r.Body)
	default:
		return nil, fmt.Errorf("requests packed with %q are not read; use gzip", enc)
	}
	text, err := io.ReadAll(io.LimitReader(body, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = ErrTooLarge
	}
	return text, err
}

// Output is a response that is packed if the client asked for it. Nothing is sent
// before the first Write. Close ends it.
type Output struct {
	w      http.ResponseWriter
	packed *gzip.Writer
	asked  bool
	begun  bool
}

// NewOutput makes the response of a request.
func NewOutput(w http.ResponseWriter, r *http.Request) *Output {
	return &Output{w: w, asked: acceptsGzip(r.Header.Get("Accept-Encoding"))}
}

func acceptsGzip(header string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(part, ";")
		if name = strings.TrimSpace(name); strings.EqualFold(name, "gzip") || name == "*" {
			q := strings.ReplaceAll(params, " ", "")
			return q != "q=0" && q != "q=0.0" && q != "q=0.00" && q != "q=0.000"
		}
	}
	return false
}

// Begun reports whether the status has been sent, so that it is too late for another.
func (o *Output) Begun() bool { return o.begun }

// Write sends what belongs to the body.
func (o *Output) Write(b []byte) (int, error) {
	if !o.begun {
		o.begun = true
		if o.asked {
			o.w.Header().Set("Content-Encoding", "gzip")
			o.w.Header().Add("Vary", "Accept-Encoding")
			o.packed, _ = gzip.NewWriterLevel(o.w, gzip.BestSpeed)
		}
		o.w.WriteHeader(http.StatusOK)
	}
	if o.packed != nil {
		return o.packed.Write(b)
	}
	return o.w.Write(b)
}

// Flush sends what is buffered on the way.
func (o *Output) Flush() error {
	if o.packed != nil {
		if err := o.packed.Flush(); err != nil {
			return err
		}
	}
	return http.NewResponseController(o.w).Flush()
}

// Close ends the body.
func (o *Output) Close() error {
	if o.packed != nil {
		return o.packed.Close()
	}
	return nil
}
