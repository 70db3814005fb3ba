package check

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"quarry/detect/rule"
	"quarry/hunt"
	"quarry/kql/diag"
)

// The codes of names that nothing gives.
const (
	unknownTable    diag.Code = "KQ201"
	unknownName     diag.Code = "KQ202"
	unknownFunction diag.Code = "KQ203"
	unknownColumn   diag.Code = "KQ204"
)

// needsTable begins what Needs says of a table.
const needsTable = "table "

// verdict looks at one rule and turns whatever happens into its verdict.
func (c *checker) verdict(ctx context.Context, r *rule.Rule) (v *Verdict) {
	v = &Verdict{ID: r.ID, Name: r.Name, Status: Runnable, Kind: string(r.Kind), Severity: r.Severity, Tactics: r.Tactics, Techniques: r.Techniques,
		File: r.File, Line: r.Line, Declared: r.DataTypes()}
	defer func() {
		if p := recover(); p != nil {
			v.Status, v.Reason = Refused, fmt.Sprintf("internal error: %v; please report it with the rule", p)
		}
	}()
	if !r.Runnable() {
		v.Status, v.Reason = Refused, fmt.Sprintf("a rule of kind %s has no query to run", r.Kind)
		return v
	}
	compiled, err := c.session.Compile(ctx, hunt.Request{Text: r.Text(), Now: c.options.Now, Settings: c.options.settings()})
	if err != nil {
		v.fail(err)
		return v
	}
	root := compiled.Results[0].Root
	v.Reads = slices.Clone(root.Tables)
	if v.Reads == nil {
		v.Reads = []string{}
	}
	c.drift(v, compiled.Script)
	if w := compiled.Warnings; w != nil && len(w.Needs()) > 0 {
		v.fail(w)
		return v
	}
	for _, t := range v.Reads {
		if !c.has(t) {
			v.Empty = append(v.Empty, t)
		}
	}
	if len(v.Empty) == 0 {
		return v
	}
	v.Reason = "no rows in " + strings.Join(v.Empty, ", ")
	f := fires{empty: v.Empty}
	if len(v.Empty) == len(v.Reads) || !f.node(root.Node) {
		v.Status = NoRows
		for _, t := range v.Empty {
			v.Needs = append(v.Needs, "rows in "+t)
		}
	}
	return v
}

// fail is the verdict on a query that does not compile, or lacks what its answer
// depends on.
func (v *Verdict) fail(err error) {
	v.Status, v.Reason = Refused, err.Error()
	var list *diag.List
	if !errors.As(err, &list) || list == nil {
		return
	}
	if data, err := list.MarshalJSON(); err == nil {
		v.Diagnostics = data
	}
	// A rule that has an error of its own is refused, whatever else it lacks. Else a
	// table that is missing says more than a column.
	found := map[Status][]string{}
	add := func(s Status, what string) {
		if !slices.Contains(found[s], what) {
			found[s] = append(found[s], what)
		}
	}
	for _, d := range list.Items {
		switch {
		case d.Needs != "":
			add(Needs, d.Needs)
		case d.Warning:
		case d.Code == unknownTable && d.Name != "":
			add(MissingTable, needsTable+d.Name)
		case d.Code == unknownFunction && d.Name != "":
			add(Needs, "function "+d.Name)
		case (d.Code == unknownColumn || d.Code == unknownName) && d.Name != "":
			add(MissingColumn, "column "+d.Name)
		default:
			line, column := list.Text.Position(d.Span.Start)
			v.Reason = fmt.Sprintf("%d:%d: %s %s", line, column, d.Code, d.Message)
			return
		}
	}
	for _, s := range []Status{MissingTable, Needs, MissingColumn} {
		if len(found[s]) == 0 {
			continue
		}
		if v.Status == Refused {
			v.Status = s
		}
		v.Needs = append(v.Needs, found[s]...)
	}
	v.Reason = "needs " + strings.Join(v.Needs, ", ")
}
