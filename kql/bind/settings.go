package bind

import (
	"encoding/json"
	"strings"

	"quarry/kql/builtin"
	"quarry/kql/plan"
	"quarry/kql/source"
	"quarry/kql/syntax"
	"quarry/kql/types"
)

// set binds "set name = value". Options that change what a query means are
// honoured; the others only tune Kusto's own execution and are accepted.
func (b *binder) set(st *syntax.Set) {
	name := strings.ToLower(st.Name.Text)
	value := func(t types.Type) (plan.Const, bool) {
		if st.Value == nil {
			b.report(st.Span, errValue("the option "+name+" needs a value", ""))
			return plan.Const{}, false
		}
		k, ok := b.constant(st.Value, b.env, "an option")
		if !ok {
			return k, false
		}
		if k.T != t && !(k.T.Numeric() && t.Numeric()) {
			b.report(st.Value.Pos(), errType("a "+t.String(), k.T))
			return k, false
		}
		return k, true
	}
	switch name {
	case "query_now":
		if k, ok := value(types.Datetime); ok {
			if v, ok := k.Value.(int64); ok {
				b.now = v
			}
		}
	case "query_take_max_records":
		if k, ok := value(types.Long); ok {
			if v, ok := k.Value.(int64); ok && v >= 0 {
				b.limitRows(v)
			}
		}
	case "query_bin_auto_size":
		if k, ok := b.constant(st.Value, b.env, "an option"); ok {
			b.binSize = &k
		}
	case "query_bin_auto_at":
		if k, ok := b.constant(st.Value, b.env, "an option"); ok {
			b.binAt = &k
		}
	case "query_datetimescope_column":
		if k, ok := value(types.String); ok {
			b.timeScope.column, _ = k.Value.(string)
		}
	case "query_datetimescope_from":
		if k, ok := value(types.Datetime); ok {
			b.timeScope.from = &k
		}
	case "query_datetimescope_to":
		if k, ok := value(types.Datetime); ok {
			b.timeScope.to = &k
		}
	}
}

// requestOptions takes the options that come with a request: they hold until the text
// sets others. What a caller needs to run the query is not the binder's.
func (b *binder) requestOptions() {
	option := func(name string, t types.Type) *plan.Const {
		if raw, ok := b.opts.Settings[name]; ok {
			if k, ok := b.parameter(raw, t); ok {
				return &k
			}
		}
		return nil
	}
	if k := option("query_datetimescope_column", types.String); k != nil {
		b.timeScope.column, _ = k.Value.(string)
	}
	b.timeScope.from = option("query_datetimescope_from", types.Datetime)
	b.timeScope.to = option("query_datetimescope_to", types.Datetime)
}

func (b *binder) limitRows(n int64) {
	if b.maxRows == 0 || n < b.maxRows {
		b.maxRows = n
	}
}

// timeScope is the set query_datetimescope_* window put on every stored table.
type timeScope struct {
	column   string
	from, to *plan.Const
}

// scoped applies the time scope and the bounds on arrival to a freshly scanned table.
func (b *binder) scoped(r *rows) *rows {
	bound := func(op string, x plan.Expr, limit plan.Const) {
		r = r.with(&plan.Filter{In: r.node, Pred: b.apply(op, source.Span{}, []plan.Expr{x, limit}, []source.Span{{}, {}})}, r.cols)
	}
	s, a := b.timeScope, b.opts.Arrival
	if col, ok := timeOf(r, s.column); ok {
		if s.from != nil {
			bound(">=", ref(col), *s.from)
		}
		if s.to != nil {
			bound("<=", ref(col), *s.to)
		}
	}
	if a == nil {
		return r
	}
	came, at := b.arrival(r), int64(0)
	if received, ok := r.find(timeReceived); !ok || received.Type != types.Datetime {
		// The bound stands on the column itself, where the engine skips what is outside.
		if col, ok := timeOf(r, ""); ok {
			came, at = ref(col), a.Delay
		}
	}
	if came == nil {
		return r
	}
	if a.After != 0 {
		bound(">", came, plan.Const{T: types.Datetime, Value: a.After - at})
	}
	if a.Until != 0 {
		bound("<=", came, plan.Const{T: types.Datetime, Value: a.Until - at})
	}
	return r
}

// timeReceived is Log Analytics' column of when a row came in.
const timeReceived = "_TimeReceived"

// timeOf is the column that says when a row happened: the named one, else the usual.
func timeOf(r *rows, named string) (plan.Col, bool) {
	for _, n := range []string{named, "TimeGenerated", "Timestamp"} {
		if col, ok := r.find(n); ok && col.Type == types.Datetime {
			return col, true
		}
	}
	return plan.Col{}, false
}

// arrival is when a row came in: what it says of that, else its time and the delay of
// the options; nil if it has neither.
func (b *binder) arrival(r *rows) plan.Expr {
	var out plan.Expr
	if col, ok := timeOf(r, ""); ok {
		out = ref(col)
		if a := b.opts.Arrival; a != nil && a.Delay != 0 {
			out = b.apply("+", source.Span{}, []plan.Expr{out, plan.Const{T: types.Timespan, Value: a.Delay}}, []source.Span{{}, {}})
		}
	}
	col, ok := r.find(timeReceived)
	switch {
	case !ok || col.Type != types.Datetime:
		return out
	case out == nil:
		return ref(col)
	}
	return b.make(builtin.Coalesce, b.table.Scalar(builtin.Coalesce), []plan.Expr{ref(col), out}, source.Span{}, nil)
}

// parameter reads a query parameter's value: a KQL literal of its type as the Kusto
// clients write it ("long(5)", "\"text\""), or the raw value.
func (b *binder) parameter(raw string, t types.Type) (plan.Const, bool) {
	src := source.New("", "print "+raw, 0)
	if script, errs := syntax.Parse(src); errs == nil && len(script.Statements) == 1 {
		if q, ok := script.Statements[0].(*syntax.Query); ok {
			if p, ok := q.X.(*syntax.Pipe); ok && len(p.Ops) == 1 {
				if pr, ok := p.Ops[0].(*syntax.PrintOp); ok && len(pr.Items) == 1 {
					if l, ok := pr.Items[0].(*syntax.Literal); ok {
						if l.Type == t || l.Type.Numeric() && t.Numeric() {
							if k, ok := b.convertTo(plan.Const{T: l.Type, Value: l.Value}, t, source.Span{}).(plan.Const); ok {
								return k, true
							}
						}
					}
				}
			}
		}
	}
	switch t {
	case types.String:
		return plan.Const{T: t, Value: raw}, true
	case types.Dynamic:
		if d, ok := types.ParseDyn(raw); ok {
			return plan.Const{T: t, Value: d.String()}, true
		}
	case types.Datetime:
		if v, ok := types.ParseDatetime(raw); ok {
			return plan.Const{T: t, Value: v}, true
		}
	case types.Timespan:
		if v, ok := types.ParseTimespan(raw); ok {
			return plan.Const{T: t, Value: v}, true
		}
	case types.Bool:
		var v bool
		if json.Unmarshal([]byte(strings.ToLower(raw)), &v) == nil {
			return plan.Const{T: t, Value: v}, true
		}
	}
	return plan.Const{}, false
}
