package builtin

import (
	"fmt"
	"slices"
	"strings"

	"quarry/kql/sqlx"
	"quarry/kql/types"
)

// expand fills a Duck template. Slots:
//
//	{name}     the argument of that parameter
//	{+ name}   what stands before the name, then the argument; nothing when it was not given
//	{...}      the arguments of the variadic parameter, separated by commas
//	{order}    " ORDER BY ord" over serialized rows, else nothing (aggregates)
//
// In "{, length}" the text before the name is ", ". An argument used by more than
// one slot is hoisted first.
func (l *Lowering) expand(tmpl string) (sqlx.Expr, error) {
	uses := map[string]int{}
	pieces, err := splitTemplate(tmpl)
	if err != nil {
		return nil, err
	}
	for _, p := range pieces {
		if p.slot != "" {
			uses[p.slot]++
		}
	}
	var parts sqlx.Parts
	for _, p := range pieces {
		if p.slot == "" {
			parts = append(parts, p.text)
			continue
		}
		switch p.slot {
		case "order":
			if l.Order != nil {
				parts = append(parts, " ORDER BY ", l.Order)
			}
			continue
		case "...":
			first, _ := l.Row.sig.repeated()
			for i := first; i < len(l.Args); i++ {
				if i > first {
					parts = append(parts, ", ")
				}
				parts = append(parts, sqlx.Raw(sqlx.Text(l.Args[i].SQL)))
			}
			continue
		}
		i := l.index(p.slot)
		if i < 0 {
			return nil, fmt.Errorf("template %q: no parameter %q", tmpl, p.slot)
		}
		if i >= len(l.Args) {
			continue // optional, not given: the text before it goes too
		}
		arg := l.Args[i].SQL
		if uses[p.slot] > 1 && !l.Args[i].Const {
			arg = l.Hoist(arg)
		}
		if p.text != "" {
			parts = append(parts, p.text)
		}
		parts = append(parts, arg)
	}
	return sqlx.Func{Name: "", Args: []sqlx.Expr{parts}}, nil
}

func (l *Lowering) index(param string) int {
	for i, p := range l.Row.sig.params {
		if p.Name == param {
			return i
		}
	}
	return -1
}

// Lowered is the SQL form of a call: the template, the Lower function, or the UDF.
func (l *Lowering) Lowered() (sqlx.Expr, error) {
	r := l.Row
	var e sqlx.Expr
	var err error
	switch {
	case r.Unsupported != "":
		return nil, fmt.Errorf("%s", r.Unsupported)
	case l.GoForm && r.hasGoForm():
		return l.goForm()
	case r.Lower != nil:
		e, err = r.Lower(l)
	case r.Duck != "":
		e, err = l.expand(r.Duck)
	case r.Kind == Aggregate:
		e, err = l.aggregateUDF()
	default:
		e = l.UDF(r, l.Result, l.Args...)
	}
	if err != nil {
		return nil, err
	}
	if r.Sem&NullOnNull != 0 && slices.ContainsFunc(l.Args, func(a Arg) bool { return a.Const && a.Value == nil && a.Type != types.String }) {
		e = literalOrNull(l.Result, nil)
		if l.Result == types.String {
			e = sqlx.String("")
		}
	} else if r.Sem&Strict == NullOnNull && (r.Duck != "" || r.Lower != nil) {
		var nulls []sqlx.Expr
		for _, a := range l.Args {
			if !a.Const {
				nulls = append(nulls, sqlx.IsNull(a.SQL))
			}
		}
		if len(nulls) > 0 {
			e = sqlx.Case{When: []sqlx.When{{Cond: sqlx.Infix("OR", nulls...), Then: sqlx.Null}}, Else: e}
		}
	}
	if r.Sem&EmptyOnNull != 0 {
		e = sqlx.Call("coalesce", e, sqlx.String(""))
	}
	return e, nil
}

// hasGoForm reports rows whose Go form stands for the whole call. A window sees its
// neighbours and "and" and "or" hand the mode of a filter on, which Go forms do not.
func (r *Row) hasGoForm() bool {
	return r.Go != nil && r.Kind != Window && r.Sem&(Associative|Volatile) == 0
}

func (l *Lowering) goForm() (sqlx.Expr, error) {
	if l.Row.Kind == Aggregate {
		return l.aggregateUDF()
	}
	return l.UDF(l.Row, l.Result, l.Args...), nil
}

type piece struct{ text, slot string }

func splitTemplate(t string) ([]piece, error) {
	var out []piece
	for t != "" {
		open := strings.IndexByte(t, '{')
		if open < 0 {
			return append(out, piece{text: t}), nil
		}
		if open > 0 {
			out = append(out, piece{text: t[:open]})
		}
		end := strings.IndexByte(t[open:], '}')
		if end < 0 {
			return nil, fmt.Errorf("template %q: unclosed slot", t)
		}
		inner := t[open+1 : open+end]
		t = t[open+end+1:]
		if inner == "..." {
			out = append(out, piece{slot: inner})
			continue
		}
		cut := len(inner)
		for cut > 0 && isWord(inner[cut-1]) {
			cut--
		}
		out = append(out, piece{text: inner[:cut], slot: inner[cut:]})
	}
	return out, nil
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// aggregateUDF collects the group's values into a JSON array and hands it, with
// the constant arguments, to the row's Go form.
func (l *Lowering) aggregateUDF() (sqlx.Expr, error) {
	var values []sqlx.Expr
	var args []Arg
	for i, a := range l.Args {
		if p, _ := l.Row.Param(i, len(l.Args)); p.Const {

			args = append(args, a)
		} else {
			values = append(values, a.SQL)
		}
	}
	var item sqlx.Expr
	if len(values) == 1 {
		item = values[0]
	} else {
		item = sqlx.Func{Name: "json_array", Args: values}
	}
	parts := sqlx.Parts{"CAST(to_json(list(", item}
	if l.Order != nil {
		parts = append(parts, " ORDER BY ", l.Order)
	}
	parts = append(parts, ")) AS VARCHAR)")
	list := Arg{Type: types.Dynamic, SQL: sqlx.Func{Name: "", Args: []sqlx.Expr{parts}}}
	return l.UDF(l.Row, l.Result, append([]Arg{list}, args...)...), nil
}
