package sqlgen

import (
	"slices"
	"strings"

	"quarry/kql/plan"
	"quarry/kql/sqlx"
)

// query is a SELECT in the making. While it has no items it passes all columns on, so
// that filters and one projection can still join it. The engine's work on a statement
// grows with the columns of all its SELECTs, whatever they do.
type query struct {
	items  selection
	all    string // its columns, where they are fewer than those of from
	from   text
	joined bool // from is a join, which cannot be selected from as it stands
	where  []string
	tail   string
}

// star is the list of all columns.
func (q *query) star() string {
	if q.all != "" {
		return q.all
	}
	return "*"
}

// text is SQL that holds queries. It is written once, when all is known: SQL nests, and
// text joined at each level would be copied at each.
type text []piece

// piece is text, then a query.
type piece struct {
	text  string
	query *query
}

func plain(sql string) text { return text{{text: sql}} }

func (t text) String() string {
	var b strings.Builder
	b.Grow(t.size())
	t.write(&b)
	return b.String()
}

func (t text) size() int {
	n := 0
	for _, p := range t {
		n += len(p.text)
		if p.query != nil {
			n += p.query.size()
		}
	}
	return n
}

func (t text) write(b *strings.Builder) {
	for _, p := range t {
		b.WriteString(p.text)
		if p.query != nil {
			p.query.write(b)
		}
	}
}

const (
	selectWord = "SELECT "
	fromWord   = " FROM "
	whereWord  = " WHERE "
	andWord    = " AND "
)

func (q *query) sql() string { return text{{query: q}}.String() }

// size is at least the length of the query.
func (q *query) size() int {
	n := len(selectWord+"*"+fromWord+whereWord) + len(q.items.sql) + len(q.all) + q.from.size() + len(q.tail)
	for _, cond := range q.where {
		n += len(cond) + len(andWord)
	}
	return n
}

func (q *query) write(b *strings.Builder) {
	b.WriteString(selectWord)
	if q.items.sql == "" {
		b.WriteString(q.star())
	}
	b.WriteString(q.items.sql)
	b.WriteString(fromWord)
	q.from.write(b)
	for i, cond := range q.where {
		if i == 0 {
			b.WriteString(whereWord)
		} else {
			b.WriteString(andWord)
		}
		b.WriteString(cond)
	}
	b.WriteString(q.tail)
}

// sub is the query, which is finished, as something to select from.
func (q *query) sub() text {
	if q.items.sql == "" && len(q.where) == 0 && q.tail == "" && !q.joined && q.all == "" {
		return q.from
	}
	return text{{"(", q}, {text: ")"}}
}

// open returns q itself while it still passes all columns on, else a query over it.
func (q *query) open() *query {
	if q.items.sql == "" && q.tail == "" {
		return q
	}
	return &query{from: q.sub()}
}

// named is a column under a name that may be another.
type named struct{ from, to plan.ID }

// pick is the query of some of q's columns.
func (q *query) pick(cols []named) *query {
	switch {
	case q.items.are(cols):
		return q
	case q.items.sql == "":
	case q.tail == "":
		if items, ok := q.items.pick(cols); ok {
			q.items = items
			return q
		}
		fallthrough
	default: // a tail speaks of items by their place
		q = &query{from: q.sub()}
	}
	items := room(2 * len(cols))
	for _, c := range cols {
		items.passed(c.from, c.to)
	}
	q.items = items.list()
	return q
}

// columns is the list of columns.
func columns(cols []plan.Col) string {
	l := room(len(cols))
	for _, c := range cols {
		l.column(c.ID)
	}
	return l.list().sql
}

// these are columns under their own names.
func these(cols []plan.Col) []named {
	out := make([]named, len(cols))
	for i, c := range cols {
		out[i] = named{c.ID, c.ID}
	}
	return out
}

// selection is a select list.
type selection struct {
	sql   string
	items []item // none where there is more in the list than named columns
}

// item is a column of a select list, whose expression is a part of the list's text.
type item struct {
	id         plan.ID
	start, end int
}

// listed is a select list of which only the text is known.
func listed(sql string) selection { return selection{sql: sql} }

// are reports that a list has just these columns.
func (s selection) are(cols []named) bool {
	return len(cols) > 0 && slices.EqualFunc(s.items, cols, func(it item, c named) bool { return it.id == c.from && c.from == c.to })
}

// pick is the list of some of the columns, each at most once: what they are is not to be
// computed twice.
func (s selection) pick(cols []named) (selection, bool) {
	if len(cols) == 0 || len(cols) > len(s.items) { // SELECT without columns of a sum over all rows would be one of all rows
		return selection{}, false
	}
	at := make(map[plan.ID]item, len(s.items))
	for _, it := range s.items {
		at[it.id] = it
	}
	out := room(2 * len(cols))
	for _, c := range cols {
		it, ok := at[c.from]
		if !ok {
			return selection{}, false
		}
		delete(at, c.from)
		if sql := s.sql[it.start:it.end]; sql == column(c.to) {
			out.column(c.to)
		} else {
			out.as(c.to, sql)
		}
	}
	return out.list(), true
}

// items is a select list in the making.
type items struct {
	b     strings.Builder
	known []item
	more  bool // than named columns
}

// room makes a list for so many items that are mostly columns.
func room(n int) *items {
	l := &items{}
	l.b.Grow(n * len("q1234, "))
	return l
}

func (l *items) next() {
	if l.b.Len() > 0 {
		l.b.WriteString(", ")
	}
}

// add appends something that is no named column, given in parts.
func (l *items) add(parts ...string) {
	l.next()
	l.more = true
	for _, p := range parts {
		l.b.WriteString(p)
	}
}

// as appends one item, given in parts, under the name of a column.
func (l *items) as(id plan.ID, parts ...string) {
	l.next()
	start := l.b.Len()
	for _, p := range parts {
		l.b.WriteString(p)
	}
	l.called(id, start)
}

// computed appends an expression under the name of a column.
func (l *items) computed(id plan.ID, e sqlx.Expr) {
	l.next()
	start := l.b.Len()
	sqlx.Write(&l.b, e)
	l.called(id, start)
}

// column appends a column.
func (l *items) column(id plan.ID) { l.passed(id, id) }

// passed appends a column under a name that may be another.
func (l *items) passed(from, to plan.ID) {
	l.next()
	start := l.b.Len()
	l.name(from)
	if from == to {
		l.known = append(l.known, item{to, start, l.b.Len()})
	} else {
		l.called(to, start)
	}
}

// called names the expression that was appended from start on.
func (l *items) called(id plan.ID, start int) {
	l.known = append(l.known, item{id, start, l.b.Len()})
	l.b.WriteString(" AS ")
	l.name(id)
}

func (l *items) name(id plan.ID) {
	var b [24]byte
	l.b.Write(appendColumn(b[:0], id))
}

// list is the whole. SQL has no select list without items, so that one stands for none.
func (l *items) list() selection {
	switch {
	case l.b.Len() == 0:
		return listed(oneItem)
	case l.more:
		return listed(l.b.String())
	}
	return selection{l.b.String(), l.known}
}

const oneItem = "0 AS q0"
