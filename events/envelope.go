package events

import (
	"strings"
)

// APIs wrap their records: {"value": [..]} (Graph, Azure REST), {"Results":
// [..]} (advanced hunting), {"records": [..]} (Event Hubs, Azure diagnostics,
// CloudTrail), {"tables": [{"columns": [..], "rows": [[..]]}]} (Log Analytics,
// Kusto). An object is such an envelope if, beside that array, it has nothing
// but members that tell about the answer.
func wraps(key string) bool {
	switch strings.ToLower(key) {
	case "value", "results", "records", "tables", "rows":
		return true
	}
	return false
}

func tellsAboutAnswer(key string) bool {
	if key == "" || key[0] == '@' || key[0] == '$' {
		return true
	}
	key = strings.ToLower(key)
	switch key {
	case "count", "nextlink", "stats", "statistics", "schema", "quickschema", "render", "status", "visualization",
		"name", "columns", "tablename", "datatype", "frametype", "tableid", "tablekind", "haserrors", "error", "datasources":
		return true
	}
	return strings.HasPrefix(key, "odata.")
}

// envelope reads the object at the window's start if it is an envelope, one
// element after the other. done is false, and nothing consumed, if it is not.
func (r *jsonReader) envelope() (done bool, err error) {
	start, columns, ok := r.envelopeStart()
	if !ok {
		return false, nil
	}
	r.in.advance(start)
	if err := r.items(columns); err != nil {
		return true, err
	}
	return true, r.envelopeEnd()
}

// envelopeStart looks for the array of an envelope and returns the index after
// its bracket, and the columns if it holds rows.
func (r *jsonReader) envelopeStart() (start int, columns []string, ok bool) {
	in := r.in
	s := &r.sc
again:
	s.b = in.rest()
	b := s.b
	for i := s.space(1); i < len(b) && b[i] == '"'; {
		var k, v span
		if i = s.str(i, &k); i < 0 {
			break
		}
		key := string(b[k.from:k.to])
		inner := wraps(key)
		if !inner && !tellsAboutAnswer(key) {
			return 0, nil, false
		}
		if i = s.space(i); i >= len(b) || b[i] != ':' {
			break
		}
		i = s.space(i + 1)
		if inner && i < len(b) && b[i] == '[' {
			first := s.space(i + 1)
			if first >= len(b) {
				s.short()
				break
			}
			rows := strings.EqualFold(key, "rows")
			if b[first] == '{' && !rows || b[first] == '[' && rows && columns != nil || b[first] == ']' {
				if !r.onlyEnvelope() {
					return 0, nil, false
				}
				if rows && columns == nil {
					columns = []string{}
				}
				return i + 1, columns, true
			}
			return 0, nil, false
		}
		if inner {
			return 0, nil, false
		}
		if i = s.value(i, 1, &v); i < 0 {
			break
		}
		if v.kind == kindArray && strings.EqualFold(key, "columns") {
			columns = columnNames(b[v.from:v.to])
		}
		if i = s.space(i); i < len(b) && b[i] == ',' {
			i = s.space(i + 1)
		} else if i < len(b) {
			return 0, nil, false // the object ends without an array
		}
	}
	if s.err.more && len(b) > 0 && in.more() {
		goto again
	}
	return 0, nil, false
}

// onlyEnvelope checks the other members of an object that lies in the window as
// a whole. Of a longer one the start must do.
func (r *jsonReader) onlyEnvelope() bool {
	s := scanner{b: r.in.rest(), fields: r.sc.fields[:0]}
	if s.object(0) < 0 {
		return s.err.more
	}
	arrays := 0
	for _, f := range s.fields {
		key := string(s.b[f.key.from:f.key.to])
		switch {
		case wraps(key):
			arrays++
		case !tellsAboutAnswer(key):
			return false
		}
	}
	return arrays == 1
}

// envelopeEnd reads what follows the array of an envelope.
func (r *jsonReader) envelopeEnd() error {
	in, s := r.in, &r.sc
	for {
		c, ok := r.peek()
		if !ok {
			r.out.warn("the file ends inside the object around the records")
			return nil
		}
		if c == '}' {
			in.advance(1)
			return nil
		}
		if c != '"' {
			return r.garbage("the object around the records goes on with something that is no member")
		}
		for {
			var k, v span
			s.b = in.rest()
			i := s.str(0, &k)
			if i >= 0 {
				if i = s.space(i); i < len(s.b) && s.b[i] == ':' {
					i = s.value(s.space(i+1), 1, &v)
				} else if i < len(s.b) {
					return r.garbage("the object around the records goes on with something that is no member")
				} else {
					i = s.short()
				}
			}
			if i >= 0 && i < len(s.b) {
				if key := string(s.b[k.from:k.to]); !tellsAboutAnswer(key) {
					r.out.warn("the member %q beside the records was left out", key)
				}
				in.advance(i)
				break
			}
			if i < 0 && !s.err.more || !in.more() {
				return r.garbage("the object around the records is broken")
			}
		}
	}
}
