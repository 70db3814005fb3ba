package sqlgen

import (
	"strings"

	"quarry/kql/plan"
	"quarry/kql/sqlx"
)

// query is a SELECT in the making. While items is empty it passes all columns on, so
// that filters and one projection can still join it.
type query struct {
	items  string
	from   text
	joined bool // from is a join, which cannot be selected from as it stands
	where  []string
	tail   string
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
	n := len(selectWord+"*"+fromWord+whereWord) + len(q.items) + q.from.size() + len(q.tail)
	for _, cond := range q.where {
		n += len(cond) + len(andWord)
	}
	return n
}

func (q *query) write(b *strings.Builder) {
	b.WriteString(selectWord)
	if q.items == "" {
		b.WriteByte('*')
	}
	b.WriteString(q.items)
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
	if q.items == "" && len(q.where) == 0 && q.tail == "" && !q.joined {
		return q.from
	}
	return text{{"(", q}, {text: ")"}}
}

// open returns q itself while it still passes all columns on, else a query over it.
func (q *query) open() *query {
	if q.items == "" && q.tail == "" {
		return q
	}
	return &query{from: q.sub()}
}

// items is a select list in the making.
type items struct{ b strings.Builder }

// room makes a list for so many items that are mostly columns.
func room(n int) *items {
	l := &items{}
	l.b.Grow(n * len("q1234, "))
	return l
}

// add appends one item, given in parts.
func (l *items) add(parts ...string) {
	if l.b.Len() > 0 {
		l.b.WriteString(", ")
	}
	for _, p := range parts {
		l.b.WriteString(p)
	}
}

// as appends one item under the name of a column.
func (l *items) as(id plan.ID, parts ...string) {
	l.add(parts...)
	l.b.WriteString(" AS ")
	l.name(id)
}

// computed appends an expression under the name of a column.
func (l *items) computed(id plan.ID, e sqlx.Expr) {
	l.add()
	sqlx.Write(&l.b, e)
	l.b.WriteString(" AS ")
	l.name(id)
}

// column appends a column.
func (l *items) column(id plan.ID) {
	l.add()
	l.name(id)
}

// passed appends a column under a name that may be another.
func (l *items) passed(from, to plan.ID) {
	l.column(from)
	if from != to {
		l.b.WriteString(" AS ")
		l.name(to)
	}
}

func (l *items) name(id plan.ID) {
	var b [24]byte
	l.b.Write(appendColumn(b[:0], id))
}

// list is the whole. SQL has no select list without items, so that one stands for none.
func (l *items) list() string {
	if l.b.Len() == 0 {
		return oneItem
	}
	return l.b.String()
}

const oneItem = "0 AS q0"
