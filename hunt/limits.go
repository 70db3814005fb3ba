package hunt

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"quarry/engine"
	"quarry/kql/syntax"
	"quarry/kql/types"
)

// Kusto's own limits on one result, and on the time of a query.
const (
	DefaultMaxRows  = 500_000
	DefaultMaxBytes = 64 << 20
	DefaultTimeout  = 4 * time.Minute
	MaxTimeout      = time.Hour
)

// Limits bound one query. The zero value of a field means no bound.
type Limits struct {
	// MaxRows and MaxBytes bound each table of a result. Going beyond them is an
	// error, a *LimitError, after the rows within them.
	MaxRows, MaxBytes int64
	// TakeRows cuts each table without an error (query_take_max_records).
	TakeRows int64
	Timeout  time.Duration
}

// LimitError tells that a result is larger than its limits allow. Its text carries
// the codes that Kusto clients look for.
type LimitError struct {
	What  string // "records" or "bytes"
	Limit int64
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("Query execution has exceeded the allowed limits (80DA0003): the results exceed the set limit of %d %s, so they are incomplete (E_QUERY_RESULT_SET_TOO_LARGE); reduce them in the query, or say \"set notruncation;\" before it", e.Limit, e.What)
}

// LimitsOf are the limits that the options of a request and the "set" statements of a
// query (nil is none) ask for; the statements win. An option with a bad value changes nothing.
func LimitsOf(script *syntax.Script, settings map[string]string) Limits {
	l := Limits{MaxRows: DefaultMaxRows, MaxBytes: DefaultMaxBytes, Timeout: DefaultTimeout}
	for name, value := range settings {
		l.set(name, value)
	}
	// notruncation lifts the limits whatever else is said.
	if v, ok := settings["notruncation"]; ok {
		l.set("notruncation", v)
	}
	if script == nil {
		return l
	}
	for _, st := range script.Statements {
		if set, ok := st.(*syntax.Set); ok {
			value := "true"
			if lit, ok := set.Value.(*syntax.Literal); ok {
				value = literalText(lit)
			}
			l.set(set.Name.Text, value)
		}
	}
	return l
}

func literalText(l *syntax.Literal) string {
	switch v := l.Value.(type) {
	case bool:
		return strconv.FormatBool(v)
	case string:
		return v
	case int64:
		if l.Type == types.Timespan {
			return types.FormatTimespan(v)
		}
		return strconv.FormatInt(v, 10)
	}
	return l.Text
}

func (l *Limits) set(name, value string) {
	number := func(to *int64) {
		if n, err := strconv.ParseInt(value, 10, 64); err == nil && n > 0 {
			*to = n
		}
	}
	yes := strings.EqualFold(value, "true") || value == "1"
	switch strings.ToLower(name) {
	case "truncationmaxrecords":
		number(&l.MaxRows)
	case "truncationmaxsize", "truncation_max_size":
		number(&l.MaxBytes)
	case "query_take_max_records":
		number(&l.TakeRows)
	case "notruncation":
		if yes {
			l.MaxRows, l.MaxBytes = 0, 0
		}
	case "norequesttimeout":
		if yes {
			l.Timeout = MaxTimeout
		}
	case "servertimeout":
		if d, ok := ParseTimeout(value); ok {
			l.Timeout = d
		}
	}
}

// ParseTimeout reads a servertimeout in the spellings that clients send: a timespan
// ("00:04:00", "0:01:30", "50m") or Python's "1 day, 0:00:00". It is at most MaxTimeout.
func ParseTimeout(s string) (time.Duration, bool) {
	var days int64
	if n, rest, ok := strings.Cut(s, " day"); ok {
		d, err := strconv.ParseInt(strings.TrimSpace(n), 10, 32)
		_, clock, found := strings.Cut(rest, ", ")
		if err != nil || !found {
			return 0, false
		}
		days, s = d, clock
	}
	ticks, ok := types.ParseTimespan(s)
	if !ok || days < 0 || ticks < 0 || days == 0 && ticks == 0 {
		return 0, false
	}
	if days > 0 || ticks > int64(MaxTimeout/100) {
		return MaxTimeout, true
	}
	return time.Duration(ticks) * 100, true
}

// apply puts the limits on a result.
func (l Limits) apply(rows engine.Rows) engine.Rows {
	if l.MaxRows == 0 && l.MaxBytes == 0 && l.TakeRows == 0 {
		return rows
	}
	return &limited{Rows: rows, limits: l}
}

// limited is a result that stops at its limits.
type limited struct {
	engine.Rows
	limits      Limits
	rows, bytes int64
	row         []types.Value
	err         error
}

func (l *limited) Next() bool {
	l.row = nil
	if l.err != nil || l.limits.TakeRows > 0 && l.rows == l.limits.TakeRows || !l.Rows.Next() {
		return false
	}
	l.row = l.Rows.Row()
	l.rows++
	for _, v := range l.row {
		if s, ok := v.(string); ok {
			l.bytes += int64(len(s))
		}
		l.bytes += 8
	}
	switch {
	case l.limits.MaxRows > 0 && l.rows > l.limits.MaxRows:
		l.err = &LimitError{"records", l.limits.MaxRows}
	case l.limits.MaxBytes > 0 && l.bytes > l.limits.MaxBytes:
		l.err = &LimitError{"bytes", l.limits.MaxBytes}
	}
	return l.err == nil
}

func (l *limited) Row() []types.Value { return l.row }

func (l *limited) Err() error {
	if l.err != nil {
		return l.err
	}
	return l.Rows.Err()
}
