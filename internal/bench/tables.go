package main

import (
	"context"
	"embed"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"quarry/engine"
	"quarry/hunt"
	"quarry/kql/source"
	"quarry/kql/types"
)

//go:embed rules20 chain
var texts embed.FS

// start is the first tick of the data that tables are filled with.
const start = 638_396_640_000_000_000 // 2024-01-01

// tables are stored tables that both KQL and SQL ask, in one process. To SQL they are
// views with the names and columns that KQL knows.
type tables struct {
	session *hunt.Session
	dir     string
	now     time.Time
	place   map[string]string // what {NAME} in SQL texts stands for
}

// create makes the tables that dir/tables.txt lists. Their times end at the given tick.
func create(ctx context.Context, dir string, config hunt.Config, end int64) (*tables, error) {
	s, err := hunt.Open(ctx, config)
	if err != nil {
		return nil, err
	}
	t := &tables{session: s, dir: dir, now: types.ToTime(end), place: map[string]string{"start": big(start), "now": big(end), "seed": "1"}}
	if err := t.create(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return t, nil
}

func (t *tables) create(ctx context.Context) error {
	list, err := texts.ReadFile(t.dir + "/tables.txt")
	if err != nil {
		return err
	}
	var views strings.Builder
	for line := range strings.Lines(string(list)) {
		f := strings.Fields(line)
		var schema types.Schema
		for _, c := range f[1:] {
			name, typ, _ := strings.Cut(c, ":")
			kind, ok := types.Parse(typ)
			if !ok {
				return fmt.Errorf("%s/tables.txt: unknown type %q", t.dir, typ)
			}
			schema = append(schema, types.Column{Name: name, Type: kind})
		}
		table, err := t.session.Store().CreateTable(ctx, f[0], schema)
		if err != nil {
			return err
		}
		t.place[f[0]] = table.Physical
		var cols []string
		for _, c := range table.Columns {
			cols = append(cols, c.Physical+" AS "+c.Name)
		}
		fmt.Fprintf(&views, "CREATE VIEW %s AS SELECT %s FROM %s;", f[0], strings.Join(cols, ", "), table.Physical)
	}
	return t.session.Store().DB().Exec(ctx, views.String())
}

// fill adds the rows that dir/data.sql makes.
func (t *tables) fill(ctx context.Context, values map[string]string) error {
	maps.Copy(t.place, values)
	data, err := texts.ReadFile(t.dir + "/data.sql")
	if err != nil {
		return err
	}
	return t.session.Store().DB().Exec(ctx, t.replaced(string(data)))
}

// reopen closes the store, which writes all of it, and opens it again: a hunt reads a
// workspace so, and what a process has just written is read at another speed.
func (t *tables) reopen(ctx context.Context, config hunt.Config) error {
	if err := t.session.Close(); err != nil {
		return err
	}
	s, err := hunt.Open(ctx, config)
	if err == nil {
		t.session = s
	}
	return err
}

// replaced is an SQL text with what its braces stand for.
func (t *tables) replaced(sql string) string {
	for k, v := range t.place {
		sql = strings.ReplaceAll(sql, "{"+k+"}", v)
	}
	return sql
}

// big is a number that SQL does not take for one of 32 bits.
func big(n int64) string { return "CAST(" + strconv.FormatInt(n, 10) + " AS BIGINT)" }

// kql runs a query and hands each row to row, which may be nil.
func (t *tables) kql(ctx context.Context, text string, row func(types.Schema, []types.Value)) (types.Schema, error) {
	a, err := t.session.Query(ctx, hunt.Request{Text: source.New("", text, 0), Now: t.now})
	if err != nil {
		return nil, err
	}
	defer a.Close()
	res, err := a.Next(ctx)
	if err != nil {
		return nil, err
	}
	defer res.Close()
	return res.Schema(), drain(res.Rows, row)
}

// sql runs a statement whose columns have the given KQL types.
func (t *tables) sql(ctx context.Context, text string, schema types.Schema, row func(types.Schema, []types.Value)) error {
	c, err := t.session.Store().DB().Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Release()
	rows, err := c.Query(ctx, t.replaced(text), schema)
	if err != nil {
		return err
	}
	defer rows.Close()
	return drain(rows, row)
}

func drain(rows engine.Rows, row func(types.Schema, []types.Value)) error {
	for rows.Next() {
		if r := rows.Row(); row != nil {
			row(rows.Schema(), r)
		}
	}
	return rows.Err()
}
