package plan

import (
	"fmt"
	"sort"
	"strconv"
	"strings"

	"quarry/kql/types"
)

// Print writes a plan as a tree for people: one node a line, its inputs indented below
// it, shared definitions first. Columns have their names; two of one name are told
// apart by their number, as in Timestamp#7.
func Print(root *Root) string {
	p := &printer{names: map[ID]string{}, count: map[string]int{}, defined: map[*Shared]bool{}}
	for i, r := range append([]*Root{root}, root.More...) {
		for _, s := range r.Shared {
			p.learn(s.Node)
		}
		p.learn(r.Node)
		if i == 0 && len(root.More) > 0 {
			p.line(0, "result 1")
		} else if i > 0 {
			p.line(0, "result "+strconv.Itoa(i+1))
		}
		p.root(r)
	}
	return p.b.String()
}

type printer struct {
	b       strings.Builder
	names   map[ID]string
	count   map[string]int // columns of a name
	defined map[*Shared]bool
}

// learn collects the names of all columns below a node.
func (p *printer) learn(n Node) {
	Walk(n, func(n Node) {
		for _, c := range n.Out() {
			p.name(c)
		}
	})
}

func (p *printer) name(c Col) {
	if _, ok := p.names[c.ID]; ok {
		return
	}
	name := c.Name
	if name == "" {
		name = "_"
	}
	p.names[c.ID] = name
	p.count[name]++
}

func (p *printer) col(id ID) string {
	name, ok := p.names[id]
	if !ok {
		return "#" + strconv.Itoa(int(id))
	}
	if p.count[name] > 1 {
		return name + "#" + strconv.Itoa(int(id))
	}
	return name
}

func (p *printer) cols(list []Col) string {
	out := make([]string, len(list))
	for i, c := range list {
		out[i] = p.col(c.ID) + ":" + c.Type.String()
	}
	return strings.Join(out, ", ")
}

func (p *printer) ids(list []ID) string {
	out := make([]string, len(list))
	for i, id := range list {
		out[i] = p.col(id)
	}
	return strings.Join(out, ", ")
}

func (p *printer) line(depth int, text string) {
	p.b.WriteString(strings.Repeat("  ", depth) + text + "\n")
}

func (p *printer) root(r *Root) {
	for _, s := range r.Shared {
		if p.defined[s] {
			continue
		}
		p.defined[s] = true
		once := ""
		if s.Once {
			once = " once"
		}
		p.line(0, "let "+sharedName(s)+once+" ("+p.cols(s.Cols)+")")
		p.node(1, s.Node)
	}
	head := make([]string, len(r.Cols))
	for i, c := range r.Cols {
		head[i] = p.col(c.ID)
		if c.Name != p.names[c.ID] {
			head[i] = c.Name + " = " + head[i]
		}
		head[i] += ":" + c.Type.String()
	}
	text := "output " + strings.Join(head, ", ")
	if r.Order != nil {
		text += " in the order of " + p.col(r.Order.ID)
	}
	if r.MaxRows > 0 {
		text += " at most " + strconv.FormatInt(r.MaxRows, 10) + " rows"
	}
	p.line(0, text)
	if r.Chart != nil {
		p.line(1, "chart "+r.Chart.Kind+properties(r.Chart.Props))
	}
	p.node(1, r.Node)
}

func properties(m map[string]string) string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	var b strings.Builder
	for _, k := range keys {
		fmt.Fprintf(&b, " %s=%q", k, m[k])
	}
	return b.String()
}

func sharedName(s *Shared) string {
	if s.Name != "" {
		return s.Name
	}
	return "shared" + strconv.Itoa(s.ID)
}

var joinNames = map[JoinKind]string{Inner: "inner", Left: "leftouter", Right: "rightouter", Full: "fullouter",
	LeftSemi: "leftsemi", LeftAnti: "leftanti", RightSemi: "rightsemi", RightAnti: "rightanti", Cross: "cross"}

func (p *printer) node(depth int, n Node) {
	p.line(depth, p.head(n))
	for _, in := range n.Inputs() {
		p.node(depth+1, in)
	}
}

// head is a node in one line.
func (p *printer) head(n Node) string {
	switch n := n.(type) {
	case *Scan:
		return "scan " + n.Name + " (" + p.cols(n.Cols) + ")"
	case *Values:
		return fmt.Sprintf("values (%s) %d rows", p.cols(n.Cols), len(n.Rows))
	case *Range:
		return "range " + p.cols([]Col{n.Col}) + " from " + p.expr(n.From) + " to " + p.expr(n.To) + " step " + p.expr(n.Step)
	case *Filter:
		text := "filter " + p.expr(n.Pred)
		if n.Order != nil {
			text += " in the order of " + p.col(n.Order.ID)
		}
		return text
	case *Project:
		text := "project " + p.items(n.Items)
		if n.Order != nil {
			text += " in the order of " + p.col(n.Order.ID)
		}
		if len(n.Partition) > 0 {
			text += " partition by " + p.ids(n.Partition)
		}
		return text
	case *Aggregate:
		text := "aggregate " + p.items(n.Aggs)
		if len(n.Keys) > 0 {
			text += " by " + p.items(n.Keys)
		}
		if n.Order != nil {
			text += " in the order of " + p.col(n.Order.ID)
		}
		return text
	case *Sort:
		keys := make([]string, len(n.Keys))
		for i, k := range n.Keys {
			keys[i] = p.expr(k.Expr) + map[bool]string{true: " desc", false: " asc"}[k.Desc] + map[bool]string{true: " nulls first", false: " nulls last"}[k.NullsFirst]
		}
		text := "sort by " + strings.Join(keys, ", ") + " into " + p.col(n.Ord.ID)
		if len(n.Partition) > 0 {
			text += " partition by " + p.ids(n.Partition)
		}
		if n.Limit != nil {
			text += " first " + p.expr(n.Limit)
		}
		return text
	case *Limit:
		return "limit " + p.expr(n.N)
	case *FirstOf:
		return "first row for each " + p.ids(n.Keys)
	case *Join:
		text := "join " + joinNames[n.Kind]
		pairs := make([]string, len(n.On))
		for i, on := range n.On {
			pairs[i] = p.expr(on.L) + " == " + p.expr(on.R)
		}
		if len(pairs) > 0 {
			text += " on " + strings.Join(pairs, " and ")
		}
		if w := n.Window; w != nil {
			text += " within " + types.FormatTimespan(w.Low) + " .. " + types.FormatTimespan(w.High) + " of " + p.col(w.Left) + " to " + p.col(w.Right) +
				period(w.Lefts, p.col(w.Left)) + period(w.Rights, p.col(w.Right))
			if w.Near != nil {
				text += ", left side first"
			}
		}
		if n.Unbounded != "" {
			text += " (not bounded in time: " + n.Unbounded + ")"
		}
		if n.Where != nil {
			text += " where " + p.expr(n.Where)
		}
		return text
	case *Union:
		return "union (" + p.cols(n.Cols) + ")"
	case *Unnest:
		items := make([]string, len(n.Items))
		for i, it := range n.Items {
			items[i] = p.col(it.Col.ID) + " = " + p.expr(it.Expr) + " as " + it.Col.Type.String()
			for j, k := range it.Keys {
				if j == 0 {
					items[i] = p.expr(it.Expr) + " read by keys"
				}
				items[i] += " " + p.col(k.Col.ID) + ":" + k.Col.Type.String() + " = " + strings.Join(k.Path, ".")
			}
		}
		text := "unnest " + strings.Join(items, ", ")
		if n.Index != nil {
			text += " with index " + p.col(n.Index.ID)
		}
		if n.Limit != nil {
			text += " limit " + p.expr(n.Limit)
		}
		return text
	case *Number:
		return "number rows into " + p.col(n.Ord.ID)
	case *Ref:
		return "read " + sharedName(n.Def) + " (" + p.cols(n.Cols) + ")"
	case *GoOp:
		text := n.Name + " (in Go) (" + p.cols(n.Cols) + ")"
		if n.Order != nil {
			text += " in the order of " + p.col(n.Order.ID)
		}
		return text
	}
	return fmt.Sprintf("%T", n)
}

// period is the constant ends of a time, as far as it has any.
func period(w Period, col string) string {
	text := ""
	if w.From != Always.From {
		text += ", " + col + " from " + types.FormatDatetime(w.From)
	}
	if w.To != Always.To {
		text += ", " + col + " to " + types.FormatDatetime(w.To)
	}
	return text
}

func (p *printer) items(items []Item) string {
	out := make([]string, len(items))
	for i, it := range items {
		p.name(it.Col)
		if ref, ok := it.Expr.(ColRef); ok && ref.ID == it.Col.ID {
			out[i] = p.col(it.Col.ID)
			continue
		}
		out[i] = p.col(it.Col.ID) + " = " + p.expr(it.Expr)
	}
	return strings.Join(out, ", ")
}

func (p *printer) expr(e Expr) string {
	switch e := e.(type) {
	case Const:
		return constant(e)
	case ColRef:
		return p.col(e.ID)
	case *Call:
		args := make([]string, len(e.Args))
		for i, a := range e.Args {
			args[i] = p.expr(a)
		}
		name := e.Row.Name()
		if len(args) == 2 && !isWord(name) {
			return "(" + args[0] + " " + name + " " + args[1] + ")"
		}
		return name + "(" + strings.Join(args, ", ") + ")"
	case *Subquery:
		return "first(" + p.col(e.Col.ID) + " of " + p.inline(e.Node) + ")"
	case *InQuery:
		op := " in "
		if e.CaseFold {
			op = " in~ "
		}
		if e.Not {
			op = " !" + op[1:]
		}
		return p.expr(e.X) + op + "(" + p.col(e.Col) + " of " + p.inline(e.Node) + ")"
	}
	return fmt.Sprintf("%T", e)
}

// inline is a query within an expression, outermost node first.
func (p *printer) inline(n Node) string {
	text := "[" + p.head(n)
	for _, in := range n.Inputs() {
		text += " <- " + p.inline(in)
	}
	return text + "]"
}

func isWord(s string) bool {
	c := s[0]
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func constant(c Const) string {
	if c.Value == nil {
		return c.T.String() + "(null)"
	}
	switch v := c.Value.(type) {
	case string:
		if c.T == types.String {
			return strconv.Quote(v)
		}
		return c.T.String() + "(" + v + ")"
	case int64:
		switch c.T {
		case types.Datetime:
			return "datetime(" + types.FormatDatetime(v) + ")"
		case types.Timespan:
			return "time(" + types.FormatTimespan(v) + ")"
		}
	}
	return fmt.Sprint(c.Value)
}
