package kusto

import (
	"encoding/json"
	"strconv"
	"strings"

	"quarry/api"
	"quarry/hunt"
	"quarry/kql/types"
)

// encoder builds the text of an answer. Clients depend on the order of keys and on
// line ends, so the frames are written by hand; it keeps its first error.
type encoder struct {
	out *api.Output
	buf []byte
	err error
}

// sendAt is how many bytes gather before they are sent.
const sendAt = 32 << 10

func (e *encoder) raw(s string)           { e.buf = append(e.buf, s...) }
func (e *encoder) str(s string)           { e.buf = hunt.AppendJSONString(e.buf, s) }
func (e *encoder) int(n int64)            { e.buf = strconv.AppendInt(e.buf, n, 10) }
func (e *encoder) json(v any)             { text, _ := json.Marshal(v); e.buf = append(e.buf, text...) }
func (e *encoder) columns(s types.Schema) { e.columnList(s, false) }

// columnList writes the columns of a table, for v1 with the .NET name of the type.
func (e *encoder) columnList(s types.Schema, dotNet bool) {
	e.raw(`"Columns":[`)
	for i, c := range s {
		if i > 0 {
			e.raw(",")
		}
		e.raw(`{"ColumnName":`)
		e.str(c.Name)
		if dotNet {
			e.raw(`,"DataType":"` + clrName(c.Type) + `"`)
		}
		e.raw(`,"ColumnType":"` + typeName(c.Type) + `"}`)
	}
	e.raw("]")
}

// clrName is "Int64" for long, and so on.
func clrName(t types.Type) string {
	name := t.DotNet()
	return name[strings.LastIndexByte(name, '.')+1:]
}

// typeName is the KQL type; clients know no column of an unknown one.
func typeName(t types.Type) string {
	if t == types.Unknown {
		return types.Dynamic.String()
	}
	return t.String()
}

func (e *encoder) row(s types.Schema, row []types.Value) {
	e.buf = append(e.buf, '[')
	for i, v := range row {
		if i > 0 {
			e.buf = append(e.buf, ',')
		}
		e.buf = hunt.AppendJSON(e.buf, v, s[i].Type)
	}
	e.buf = append(e.buf, ']')
	if len(e.buf) >= sendAt {
		e.send()
	}
}

func (e *encoder) rows(t *types.Rows) {
	e.raw(`"Rows":[`)
	for i, r := range t.Values {
		if i > 0 {
			e.raw(",")
		}
		e.row(t.Schema, r)
	}
	e.raw("]")
}

func (e *encoder) send() {
	if e.err == nil {
		_, e.err = e.out.Write(e.buf)
	}
	e.buf = e.buf[:0]
}

// flush makes the client see what is written so far.
func (e *encoder) flush() {
	e.send()
	if e.err == nil {
		e.err = e.out.Flush()
	}
}

// visualization is the render instruction in the form that clients decode.
type visualization struct {
	Visualization  *string
	Title          *string
	XColumn        *string
	Series         []string
	YColumns       []string
	AnomalyColumns []string
	XTitle         *string
	YTitle         *string
	XAxis          *string
	YAxis          *string
	Legend         *string
	YSplit         *string
	Accumulate     bool
	IsQuerySorted  bool
	Kind           *string
	Ymin           any
	Ymax           any
	Xmin           any
	Xmax           any
}

func visualize(c *hunt.Chart, sorted bool) string {
	v := visualization{IsQuerySorted: sorted, Ymin: "NaN", Ymax: "NaN"}
	if c != nil {
		v.Visualization = &c.Kind
		number := func(s string) any {
			if f, err := strconv.ParseFloat(s, 64); err == nil {
				return f
			}
			return s
		}
		list := func(s string) []string {
			var out []string
			for part := range strings.SplitSeq(s, ",") {
				out = append(out, strings.TrimSpace(part))
			}
			return out
		}
		for name, value := range c.Props {
			switch strings.ToLower(name) {
			case "title":
				v.Title = &value
			case "xcolumn":
				v.XColumn = &value
			case "series":
				v.Series = list(value)
			case "ycolumns":
				v.YColumns = list(value)
			case "anomalycolumns":
				v.AnomalyColumns = list(value)
			case "xtitle":
				v.XTitle = &value
			case "ytitle":
				v.YTitle = &value
			case "xaxis":
				v.XAxis = &value
			case "yaxis":
				v.YAxis = &value
			case "legend":
				v.Legend = &value
			case "ysplit":
				v.YSplit = &value
			case "accumulate":
				v.Accumulate = strings.EqualFold(value, "true")
			case "kind":
				v.Kind = &value
			case "ymin":
				v.Ymin = number(value)
			case "ymax":
				v.Ymax = number(value)
			case "xmin":
				v.Xmin = number(value)
			case "xmax":
				v.Xmax = number(value)
			}
		}
	}
	text, _ := json.Marshal(v)
	return string(text)
}
