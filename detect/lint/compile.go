package lint

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"quarry/detect/rule"
	"quarry/hunt"
	"quarry/kql/diag"
	"quarry/kql/syntax"
)

// columns are what a query returns.
type columns struct{ names []string }

func (c *columns) has(name string) bool { return slices.Contains(c.names, name) }

// query checks a rule's query and returns the columns of its result; nil when they
// cannot be known.
func (f *file) query(r *rule.Rule) *columns {
	text, value := r.Text(), queryNode(r)
	if size := length(strings.TrimSpace(r.Query)); size > 10000 && r.Doc() != nil && r.Kind != rule.Custom {
		at := place{r.Line, 1, 0}
		if m, ok := member(r.Doc(), "query"); ok {
			at = f.key(m)
		}
		f.report("QL101", at, fmt.Sprintf("the query has %d characters, at most 10000 are allowed", size), "move a part into a function")
	}
	script, errs := syntax.Parse(text)
	if errs != nil {
		f.diagnostics(&query{file: f, rule: r, text: text, value: value}, errs)
		return nil
	}
	var out *columns
	q := &query{file: f, rule: r, text: text, value: value, script: script}
	if f.compiler != nil {
		out = f.compile(q)
	}
	q.columns = out
	q.check()
	return out
}

// queryNode is the value that holds the query, in YAML and JSON.
func queryNode(r *rule.Rule) *rule.Node {
	if n := r.Doc().Get("query"); n != nil {
		return n
	}
	return r.Doc().Get("queryCondition").Get("queryText")
}

// compile reports what the compiler says.
func (f *file) compile(q *query) *columns {
	q.names()
	q.left = q.leftOut()
	c, err := f.compiler.Compile(f.ctx, hunt.Request{Text: q.text})
	if err != nil {
		var list *diag.List
		if errors.As(err, &list) {
			f.diagnostics(q, list)
		}
		return nil // a cancelled run says so at its end
	}
	f.diagnostics(q, c.Warnings)
	if len(c.Results) != 1 || q.open() {
		return nil
	}
	out := &columns{}
	for _, col := range c.Results[0].Root.Cols {
		out.names = append(out.names, col.Name)
	}
	return out
}

// Codes of the compiler that lint does not take as they are.
const (
	unknownTable    diag.Code = "KQ201"
	unknownFunction diag.Code = "KQ203"
	unknownColumn   diag.Code = "KQ204"
	openColumns     diag.Code = "KQ402" // columns that depend on data
)

// diagnostics reports errors of a query. What the query needs beside tables, and what
// depends on data, is no mistake of the rule.
func (f *file) diagnostics(q *query, list *diag.List) {
	if list == nil {
		return
	}
	text := q.text
	for _, d := range list.Items {
		if d.Needs != "" || d.Code == openColumns {
			continue
		}
		at, exact := f.inQuery(text, q.value, d.Span)
		message := d.Message
		if !exact {
			line, column := text.Position(d.Span.Start)
			message = fmt.Sprintf("%s (line %d, column %d of the query)", message, line-text.LineBase, column-text.Indent)
		}
		x := f.report(string(d.Code), at, message, d.Hint)
		x.Severity = q.weigh(d)
		if !strings.HasPrefix(d.Hint, "did you mean") {
			switch d.Code {
			case unknownTable:
				x.Hint = "if there is such a table, give its columns with --schema, or its definition with --functions"
			case unknownFunction:
				x.Hint = "if there is such a function, give its definition with --functions"
			}
		}
	}
}

// weigh is how sure an error of the query is one of the rule. Quarry does not know
// every table and function that a workspace may have, nor does it run all of KQL.
func (q *query) weigh(d diag.Diagnostic) Severity {
	name := strings.Trim(q.written(d.Span), `[]"'`)
	switch {
	case d.Code == unknownColumn && len(q.left) > 0:
		return Note // the tables that the union leaves out may have it
	case d.Code == "KQ401" || d.Code == "KQ403":
		return Note
	case d.Code != unknownTable && d.Code != unknownFunction:
		if d.Warning {
			return Warning
		}
		return Error
	case q.rule != nil && declared(q.rule, name), elsewhere.MatchString(name):
		return Note
	case strings.HasPrefix(d.Hint, "did you mean"):
		return Error
	}
	return Warning
}

// elsewhere are names that a workspace defines: custom logs and ASIM parsers.
var elsewhere = regexp.MustCompile(`_CL$|^_?(?:Im|im|ASim|vim)_?[A-Z]`)

// declared reports whether the rule lists a table or parser among its data types,
// which may carry a remark: "SecurityAlert (MCAS)".
func declared(r *rule.Rule, name string) bool {
	for _, t := range r.DataTypes() {
		if first, _, _ := strings.Cut(t, " "); first == name || t == name {
			return true
		}
	}
	return false
}

// opening are plug-ins whose columns follow from their input.
var opening = []string{"bag_unpack", "pivot", "python", "r"}

// open reports whether the columns of the result cannot be known: they follow from
// data, or from a table that a fuzzy union leaves out because it is unknown here. What
// projects, summarizes or counts after that closes the list again.
func (q *query) open() bool {
	open := len(q.left) > 0
	syntax.Walk(q.script, func(n syntax.Node) bool {
		if e, ok := n.(*syntax.Evaluate); ok && !e.Schema && slices.Contains(opening, e.Plugin.Name.Text) {
			open = true
		}
		return !open
	})
	last, ok := q.script.Statements[len(q.script.Statements)-1].(*syntax.Query)
	if !open || !ok {
		return open
	}
	p, ok := last.X.(*syntax.Pipe)
	if !ok {
		return open
	}
	for _, op := range p.Ops {
		switch op := op.(type) {
		case *syntax.Evaluate, *syntax.Join, *syntax.Union, *syntax.Invoke:
			open = true
		case *syntax.Project:
			open = open && op.Kind != "project"
		case *syntax.Summarize, *syntax.Count, *syntax.Distinct:
			open = false
		}
	}
	return open
}

// leftOut are the tables of fuzzy unions that nothing here knows.
func (q *query) leftOut() []string {
	var out []string
	syntax.Walk(q.script, func(n syntax.Node) bool {
		u, ok := n.(*syntax.Union)
		if !ok || u.Param("isfuzzy") == nil {
			return true
		}
		for _, t := range u.Tables {
			name := ""
			switch t := t.(type) {
			case *syntax.Name:
				name = t.Text
			case *syntax.Call:
				name = t.Name.Text
			case *syntax.Paren:
				if p, ok := t.X.(*syntax.Pipe); ok {
					if n, ok := p.Source.(*syntax.Name); ok {
						name = n.Text
					}
				}
			}
			if _, own := q.lets[name]; own || name == "" {
				continue
			}
			_, table := q.compiler.Schema(name)
			_, function := q.compiler.Functions()[name]
			if !table && !function {
				out = append(out, name)
			}
		}
		return true
	})
	return out
}
