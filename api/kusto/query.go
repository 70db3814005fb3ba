package kusto

import (
	"context"
	"errors"
	"strings"

	"quarry/engine"
	"quarry/hunt"
	"quarry/kql/source"
	"quarry/kql/types"
)

// form writes an answer table by table. begin comes first and end last; failed says
// what cut a table, or the whole answer, short.
type form interface {
	begin(charts []string)
	table(schema types.Schema)
	row(row []types.Value)
	endTable(failed *failure)
	end(failed *failure)
	error() error
}

func (s *Server) queryV1(c *call) error {
	if strings.HasPrefix(strings.TrimSpace(c.text), ".") {
		return s.mgmt(c) // Grafana sends its commands here
	}
	return s.query(c, source.New("", c.text, 0), nil, &v1{encoder: encoder{out: c.out}, call: c, full: true})
}

func (s *Server) queryV2(c *call) error {
	if strings.HasPrefix(strings.TrimSpace(c.text), ".") {
		return badRequest("Syntax error: a management command must be sent to /v1/rest/mgmt")
	}
	return s.query(c, source.New("", c.text, 0), nil, newV2(c))
}

// query runs a query and streams its tables. An error before the first row is
// returned; a later one becomes part of the answer.
func (s *Server) query(c *call, text *source.Text, given map[string]*types.Rows, f form) error {
	base, leave := s.running.enter(c.http.Context(), c)
	defer leave()
	asked := hunt.LimitsOf(nil, c.options).Timeout
	ctx, cancel := context.WithDeadline(base, c.started.Add(asked))
	defer cancel()
	answer, err := s.Session.Query(ctx, hunt.Request{Text: text, Now: s.Now, Params: c.params, Settings: c.options, Given: given, Limited: true})
	if err != nil {
		return because(ctx, err)
	}
	defer answer.Close()
	if own := answer.Limits.Timeout; own != asked { // set servertimeout = ...
		ctx, cancel = context.WithDeadline(base, c.started.Add(own))
		defer cancel()
	}
	begun := false
	for {
		res, err := answer.Next(ctx)
		if err == nil && res == nil {
			f.end(nil)
			return f.error()
		}
		more := false
		if err == nil {
			if c.option("query_results_apply_getschema") {
				schema := res.Schema()
				res.Close()
				res.Rows = engine.FromRows(getschema(schema))
			}
			more = res.Next()
			// A limit is no failure of the query: the rows within it are the answer.
			if limit := (*hunt.LimitError)(nil); !more && res.Err() != nil && !errors.As(res.Err(), &limit) {
				err = res.Err()
				res.Close()
			}
		}
		if err != nil {
			err = because(ctx, err)
			if !begun {
				return err
			}
			f.end(s.errorOf(c, err))
			return err
		}
		if !begun {
			begun = true
			f.begin(charts(answer))
		}
		err = because(ctx, stream(f, res, more))
		if err != nil {
			failed := s.errorOf(c, err)
			f.endTable(failed)
			f.end(failed)
			return err
		}
		f.endTable(nil)
	}
}

// stream writes the rows of one table, the first of which has been reached if more.
func stream(f form, res *hunt.Result, more bool) error {
	defer res.Close()
	f.table(res.Schema())
	for ; more; more = res.Next() {
		f.row(res.Row())
		if err := f.error(); err != nil {
			return err // the client has gone
		}
	}
	return res.Err()
}

// because replaces the error of an ended context by what ended it.
func because(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// charts are the render instructions of all tables.
func charts(a *hunt.Answer) []string {
	out := make([]string, len(a.Compiled.Results))
	for i, r := range a.Compiled.Results {
		var chart *hunt.Chart
		if c := r.Root.Chart; c != nil {
			chart = &hunt.Chart{Kind: c.Kind, Props: c.Props}
		}
		out[i] = visualize(chart, r.Root.Order != nil)
	}
	return out
}

// getschema is a schema as the operator of that name shows it.
func getschema(s types.Schema) *types.Rows {
	out := &types.Rows{Schema: types.Schema{{Name: "ColumnName", Type: types.String}, {Name: "ColumnOrdinal", Type: types.Int},
		{Name: "DataType", Type: types.String}, {Name: "ColumnType", Type: types.String}}}
	for i, c := range s {
		out.Values = append(out.Values, []types.Value{c.Name, int64(i), c.Type.DotNet(), typeName(c.Type)})
	}
	return out
}
