package tuning

import (
	"context"
	"fmt"
	"strings"

	"quarry/detect/alert"
	"quarry/detect/rule"
	"quarry/hunt"
	"quarry/kql/types"
)

// Runner runs queries; a hunt.Session does.
type Runner interface {
	All(ctx context.Context, r hunt.Request, limit int) (*types.Rows, bool, error)
}

// Hidden counts what one exclusion hid.
type Hidden struct {
	Exclusion string `json:"exclusion"`
	Owner     string `json:"owner"`
	Reason    string `json:"reason"`
	Rows      int64  `json:"rows,omitempty"`
	Alerts    int64  `json:"alerts,omitempty"`
}

// Sum adds what exclusions hid to what they hid before.
func Sum(list, more []Hidden) []Hidden {
next:
	for _, h := range more {
		for i := range list {
			if list[i].Exclusion == h.Exclusion {
				list[i].Rows += h.Rows
				list[i].Alerts += h.Alerts
				continue next
			}
		}
		list = append(list, h)
	}
	return list
}

// By is what an exclusion hid.
func (e *Exclusion) By(rows, alerts int64) Hidden {
	return Hidden{Exclusion: e.Name, Owner: e.Owner, Reason: e.Reason, Rows: rows, Alerts: alerts}
}

// The rows of a result as a predicate sees them: a table with the number of the row
// beside its columns.
const (
	whereTable  = "Result"
	whereNumber = "$row"
	whereHead   = whereTable + "\n| where (\n"
	whereTail   = "\n)\n| project ['" + whereNumber + "']"
)

// Rows leaves out the rows that exclusions by entity or predicate hide. A row that
// several hide counts for the first. The error joins those of predicates that cannot
// be applied to this result; such an exclusion hides nothing.
func (a *Active) Rows(ctx context.Context, r *rule.Rule, rows *types.Rows, runner Runner) (*types.Rows, []Hidden, error) {
	var hidden []Hidden
	var problems []error
	gone := make([]bool, len(rows.Values))
	for _, e := range a.Exclusions {
		if e.Whole() || !e.Of(r) || len(rows.Values) == 0 {
			continue
		}
		meets, err := e.rows(ctx, r, rows, runner)
		if err != nil {
			if ctx.Err() != nil {
				return nil, nil, ctx.Err()
			}
			problems = append(problems, fmt.Errorf("the exclusion %q does not fit the result of %q: %w", e.Name, r.Name, err))
			continue
		}
		n := int64(0)
		for i, m := range meets {
			if m && !gone[i] {
				gone[i] = true
				n++
			}
		}
		if n > 0 {
			hidden = append(hidden, e.By(n, 0))
		}
	}
	if len(problems) > 0 || len(hidden) > 0 {
		kept := &types.Rows{Schema: rows.Schema}
		for i, row := range rows.Values {
			if !gone[i] {
				kept.Values = append(kept.Values, row)
			}
		}
		rows = kept
	}
	return rows, hidden, joined(problems)
}

// rows says of each row whether the exclusion hides it.
func (e *Exclusion) rows(ctx context.Context, r *rule.Rule, rows *types.Rows, runner Runner) ([]bool, error) {
	meets := make([]bool, len(rows.Values))
	for i, row := range rows.Values {
		meets[i] = e.Entity == nil || e.Entity.in(alert.Entities(r, rows.Schema, row))
	}
	if e.Where == nil {
		return meets, nil
	}
	numbered := &types.Rows{Schema: append(append(types.Schema{}, rows.Schema...), types.Column{Name: whereNumber, Type: types.Long})}
	for i, row := range rows.Values {
		if meets[i] {
			numbered.Values = append(numbered.Values, append(append([]types.Value{}, row...), int64(i)))
		}
		meets[i] = false
	}
	found, _, err := runner.All(ctx, hunt.Request{Text: e.Where, Given: map[string]*types.Rows{whereTable: numbered}}, 0)
	if err != nil {
		return nil, err
	}
	for _, row := range found.Values {
		if n, ok := row[0].(int64); ok {
			meets[n] = true
		}
	}
	return meets, nil
}

func (m *Match) in(entities []alert.Entity) bool {
	for _, e := range entities {
		if m.Type != "" && !strings.EqualFold(m.Type, e.Type) {
			continue
		}
		for _, f := range e.Fields {
			if strings.EqualFold(f.Name, m.Identifier) && f.Value == m.Value {
				return true
			}
		}
	}
	return false
}

// problemList is several errors, one a line.
type problemList []error

func (p problemList) Error() string {
	lines := make([]string, len(p))
	for i, e := range p {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

func (p problemList) Unwrap() []error { return p }

func joined(list []error) error {
	if len(list) == 0 {
		return nil
	}
	return problemList(list)
}
