package ruletest

import (
	"fmt"
	"strconv"
	"strings"

	"quarry/detect/rule"
	"quarry/hunt"
	"quarry/kql/diag"
	"quarry/kql/types"
)

// typedRow turns a written row into the table's columns; columns it leaves out are
// null, or empty text. TimeGenerated and Timestamp stand in for each other, as every
// row of a real table has both.
func (d *decoder) typedRow(schema types.Schema, n *rule.Node, table string) []types.Value {
	values := blankRow(schema)
	for _, m := range n.Members() {
		j := d.column(schema, cell{m.Key, m.Value, m}, table)
		if j >= 0 {
			values[j] = d.typed(schema[j], m.Value)
		}
	}
	standIn(schema, values)
	return values
}

func blankRow(schema types.Schema) []types.Value {
	values := make([]types.Value, len(schema))
	for j, c := range schema {
		values[j] = blank(c.Type)
	}
	return values
}

func blank(t types.Type) types.Value {
	if t == types.String {
		return ""
	}
	return nil
}

func standIn(schema types.Schema, values []types.Value) {
	a, b := schema.Index("Timestamp"), schema.Index("TimeGenerated")
	if a < 0 || b < 0 {
		return
	}
	if values[a] == nil {
		values[a] = values[b]
	} else if values[b] == nil {
		values[b] = values[a]
	}
}

// column finds a column by the name a test gives it.
func (d *decoder) column(schema types.Schema, c cell, table string) int {
	j := schema.Index(c.column)
	if j < 0 {
		var names []string
		for _, x := range schema {
			names = append(names, x.Name)
		}
		hint := ""
		if near := diag.Nearest(c.column, names); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		line, col := c.key.Line, c.key.Column
		if line == 0 {
			line, col = c.value.Place()
		}
		d.failAt(line, col, hint, "%s has no column %q", table, c.column)
	}
	return j
}

func (d *decoder) typed(c types.Column, n *rule.Node) types.Value {
	v, ok := value(c.Type, n)
	if !ok {
		d.fail(n, "", "%s is a %s, and %s is none", c.Name, c.Type, shown(n))
	}
	return v
}

func shown(n *rule.Node) string {
	if n.IsText() {
		return strconv.Quote(n.Text())
	}
	return "a list or mapping"
}

// value is what a node says as a type.
func value(t types.Type, n *rule.Node) (types.Value, bool) {
	if n.IsNull() {
		return blank(t), true
	}
	if t == types.Dynamic {
		if s := n.Text(); n.IsText() && (strings.HasPrefix(s, "{") || strings.HasPrefix(s, "[")) {
			v, ok := types.ParseDyn(s)
			return v.Value(), ok
		}
		v, ok := types.ParseDyn(string(jsonOf(nil, n)))
		return v.Value(), ok
	}
	if !n.IsText() {
		if t == types.String { // a bag in a column of text is its JSON
			return string(jsonOf(nil, n)), true
		}
		return nil, false
	}
	s := n.Text()
	switch t {
	case types.Bool:
		b, err := strconv.ParseBool(strings.ToLower(s))
		return b, err == nil
	case types.Int, types.Long:
		bits := 64
		if t == types.Int {
			bits = 32
		}
		v, err := strconv.ParseInt(s, 0, bits)
		return v, err == nil
	case types.Real:
		f, err := strconv.ParseFloat(s, 64)
		return f, err == nil
	case types.Decimal:
		digits := strings.TrimPrefix(s, "-")
		ok := digits != "" && digits != "." && strings.Trim(digits, "0123456789.") == "" && strings.Count(digits, ".") < 2
		return s, ok
	case types.Datetime:
		v, ok := types.ParseDatetime(s)
		return v, ok
	case types.Timespan:
		v, ok := types.ParseTimespan(s)
		return v, ok
	case types.Guid:
		s = strings.ToLower(strings.Trim(s, "{}"))
		ok := len(s) == 36 && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-' && strings.Trim(s, "0123456789abcdef-") == ""
		return s, ok
	}
	return s, true
}

// jsonOf writes a node as JSON. A text without quotes that is a number, true or false
// is one.
func jsonOf(b []byte, n *rule.Node) []byte {
	switch {
	case n.IsNull():
		return append(b, "null"...)
	case n.IsText():
		s := n.Text()
		if !n.Quoted() {
			if v, ok := types.ParseDyn(s); ok && s != "" && (v.Kind() == types.DynNumber || v.Kind() == types.DynBool) {
				return append(b, s...)
			}
		}
		return hunt.AppendJSONString(b, s)
	case n.IsList():
		b = append(b, '[')
		for i, x := range n.Items() {
			if i > 0 {
				b = append(b, ',')
			}
			b = jsonOf(b, x)
		}
		return append(b, ']')
	}
	b = append(b, '{')
	for i, m := range n.Members() {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(hunt.AppendJSONString(b, m.Key), ':')
		b = jsonOf(b, m.Value)
	}
	return append(b, '}')
}
