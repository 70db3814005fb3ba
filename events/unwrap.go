package events

import (
	"strings"
)

// Diagnostic streams wrap each row: {"time": .., "tenantId": .., "category":
// "AdvancedHunting-DeviceFileEvents", "properties": {..the row..}}.

// envelopeTable finds the table that a wrapped row names.
func (l *loader) envelopeTable(sh *shape, text string, fields []field) (string, bool) {
	for _, i := range sh.naming {
		f := fields[i].value
		if f.kind != kindString || !strings.EqualFold(sh.names[i], "category") {
			continue
		}
		value := text[f.from:f.to]
		if rest, ok := strings.CutPrefix(value, "AdvancedHunting-"); ok {
			if own, ok := l.cat.set.Resolve(rest); ok {
				return own, true
			}
			return rest, isIdentifier(rest)
		}
		for _, name := range []string{value, "AAD" + value} {
			if own, ok := l.cat.set.Resolve(name); ok {
				return own, true
			}
		}
	}
	return "", false
}

// unwrap takes the row out of its envelope. Of the envelope's own members those
// stay that are columns of the table and not in the row: the tenant, and the
// time if the row has none. The rest only tells how the row travelled.
func (l *loader) unwrap(table, text string, fields []field, outer *shape, line, offset int64) error {
	props := fields[outer.nested].value
	inner := scanner{b: []byte(text[props.from:props.to])}
	if inner.object(0) < 0 {
		return l.reject(line, offset, inner.err.Error(), []byte(text))
	}
	body := text[props.from:props.to]
	has := map[string]bool{}
	for _, f := range inner.fields {
		has[strings.ToLower(body[f.key.from:f.key.to])] = true
	}
	own, cols := l.cat.known(table)
	columns := map[string]string{}
	for _, c := range cols {
		columns[strings.ToLower(c.Name)] = c.Name
	}
	timed := has["timestamp"] || has["timegenerated"]
	var first []string
	l.cells = l.cells[:0]
	for i, f := range fields {
		if i == outer.nested || outer.names[i] == "" {
			continue
		}
		low := strings.ToLower(outer.names[i])
		name, ok := columns[low]
		if low == "time" && !timed {
			name, ok = "TimeGenerated", true
		}
		if !ok || has[low] || low == "category" && strings.HasPrefix(text[f.value.from:f.value.to], "AdvancedHunting-") || low == "type" {
			continue
		}
		first = append(first, name)
		l.cells = append(l.cells, cell{kind: f.value.kind, text: text[f.value.from:f.value.to]})
	}
	for _, f := range inner.fields {
		l.cells = append(l.cells, cell{kind: f.value.kind, text: body[f.value.from:f.value.to]})
	}
	sh := l.shapeOf(body, inner.fields, append([]string{}, first...))
	b, err := l.bind(sh, own, false)
	if err != nil {
		return err
	}
	return l.add(b, l.cells, text, line, offset)
}
