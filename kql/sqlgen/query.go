package sqlgen

import "strings"

// query is a SELECT in the making. While items is nil it passes all columns on, so
// that filters and one projection can still join it.
type query struct {
	items  []string
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
	comma      = ", "
)

func (q *query) sql() string { return text{{query: q}}.String() }

// size is at least the length of the query.
func (q *query) size() int {
	n := len(selectWord+"*"+fromWord+whereWord) + q.from.size() + len(q.tail)
	for _, item := range q.items {
		n += len(item) + len(comma)
	}
	for _, cond := range q.where {
		n += len(cond) + len(andWord)
	}
	return n
}

func (q *query) write(b *strings.Builder) {
	b.WriteString(selectWord)
	if q.items == nil {
		b.WriteByte('*')
	}
	join(b, q.items, comma)
	b.WriteString(fromWord)
	q.from.write(b)
	if len(q.where) > 0 {
		b.WriteString(whereWord)
		join(b, q.where, andWord)
	}
	b.WriteString(q.tail)
}

func join(b *strings.Builder, parts []string, between string) {
	for i, p := range parts {
		if i > 0 {
			b.WriteString(between)
		}
		b.WriteString(p)
	}
}

// sub is the query, which is finished, as something to select from.
func (q *query) sub() text {
	if q.items == nil && len(q.where) == 0 && q.tail == "" && !q.joined {
		return q.from
	}
	return text{{"(", q}, {text: ")"}}
}

// open returns q itself while it still passes all columns on, else a query over it.
func (q *query) open() *query {
	if q.items == nil && q.tail == "" {
		return q
	}
	return &query{from: q.sub()}
}

// someItem stands in for a select list without items, which SQL does not have.
func someItem(items []string) []string {
	if len(items) == 0 {
		return []string{"0 AS q0"}
	}
	return items
}
