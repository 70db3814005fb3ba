package kql

import (
	"errors"

	"quarry/kql/bind"
	"quarry/kql/builtin"
	"quarry/kql/diag"
	"quarry/kql/plan"
	"quarry/kql/rewrite"
	"quarry/kql/source"
	"quarry/kql/sqlgen"
	"quarry/kql/syntax"
)

// Compiler turns KQL into programs. It is safe for concurrent use.
type Compiler struct {
	Table *builtin.Table
	cache *bind.Cache
	// Plain leaves the rewrites out; differential tests compare the two.
	Plain bool
	// Forms chooses between the SQL and the Go forms of functions, for such tests too.
	Forms sqlgen.Forms
	// Unfolded leaves calls of constants to the engine.
	Unfolded bool
}

// NewCompiler builds the table of functions.
func NewCompiler() (*Compiler, error) {
	t, err := builtin.New()
	if err != nil {
		return nil, err
	}
	return &Compiler{Table: t, cache: &bind.Cache{}}, nil
}

// Compiled is a query ready to run: one result per query of the text, the first
// being the main one.
type Compiled struct {
	Script   *syntax.Script
	Results  []Result
	Warnings *diag.List // nil when there are none
}

// Result is one table that a query gives.
type Result struct {
	Root    *plan.Root
	Program *sqlgen.Program
}

// Compile runs the whole pipeline. A query that is wrong gives a *diag.List.
func (c *Compiler) Compile(text *source.Text, cat bind.Catalog, opts bind.Options) (*Compiled, error) {
	script, errs := syntax.Parse(text)
	if errs != nil {
		return nil, errs
	}
	if opts.Cache == nil {
		opts.Cache = c.cache
	}
	opts.Unfolded = opts.Unfolded || c.Unfolded
	root, list := bind.Bind(text, script, c.Table, cat, opts)
	if root == nil {
		return nil, list
	}
	if len(script.Warnings) > 0 {
		all := &diag.List{Text: text, Items: script.Warnings}
		if list != nil {
			all.Items = append(all.Items, list.Items...)
		}
		list = all
	}
	out := &Compiled{Script: script, Warnings: list}
	for _, r := range append([]*plan.Root{root}, root.More...) {
		res, err := c.Emit(text, r)
		if err != nil {
			return nil, err
		}
		out.Results = append(out.Results, res)
	}
	return out, nil
}

// Emit rewrites one plan and makes its program.
func (c *Compiler) Emit(text *source.Text, root *plan.Root) (Result, error) {
	if !c.Plain {
		root = rewrite.Apply(root)
	}
	prog, err := sqlgen.Generate(root, c.Forms)
	if err != nil {
		var refusal *sqlgen.Refusal
		if errors.As(err, &refusal) {
			at := source.Span{Start: refusal.Pos, End: refusal.Pos + len(refusal.Call)}
			return Result{}, &diag.List{Text: text, Items: []diag.Diagnostic{{Code: "KQ403", Span: at, Message: refusal.Error()}}}
		}
		return Result{}, err
	}
	return Result{root, prog}, nil
}
