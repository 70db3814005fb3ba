package docgen

import (
	"errors"
	"fmt"
	"strings"

	"quarry/kql"
	"quarry/kql/bind"
	"quarry/kql/diag"
	"quarry/kql/plan"
	"quarry/kql/source"
	"quarry/kql/syntax"
	"quarry/kql/types"
)

// operatorEntry is one tabular operator in the reference.
type operatorEntry struct {
	operatorText
	refused string // why its example does not compile, "" when it does
}

// operatorEntries compiles each operator's example: whether an operator is supported
// is found out, not written down.
func operatorEntries() ([]operatorEntry, error) {
	compiler, err := kql.NewCompiler()
	if err != nil {
		return nil, err
	}
	var out []operatorEntry
	for _, o := range operatorTexts {
		e := operatorEntry{operatorText: o}
		_, err := compiler.Compile(source.New("", o.example, 0), nothing{}, bind.Options{})
		var list *diag.List
		switch {
		case errors.As(err, &list):
			e.refused = list.Items[0].Message
			if !strings.HasPrefix(string(list.Items[0].Code), "KQ4") {
				return nil, fmt.Errorf("the example of %s is wrong: %w", o.name, err)
			}
		case err != nil:
			return nil, fmt.Errorf("the example of %s: %w", o.name, err)
		}
		out = append(out, e)
	}
	return out, nil
}

// checkOperators compares the descriptions with the language.
func checkOperators() error {
	var problems []error
	described := map[string]bool{}
	for _, o := range operatorTexts {
		described[o.name] = true
	}
	for _, name := range syntax.Operators() {
		if !described[name] {
			problems = append(problems, fmt.Errorf("the operator %s has no description in operator_texts.go", name))
		}
		delete(described, name)
	}
	for name := range described {
		problems = append(problems, fmt.Errorf("operator_texts.go describes %s, which is no operator", name))
	}
	return errors.Join(problems...)
}

func operatorsPage(ops []operatorEntry) string {
	var b strings.Builder
	b.WriteString(made + "# Tabular operators\n\nAn operator takes the rows of what stands before its `|` and gives rows on.\nThe examples stand alone: paste them into `quarry query`.\n")
	for _, o := range ops {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", o.name, o.doc)
		if o.refused != "" {
			fmt.Fprintf(&b, "\n**Refused:** %s.\n", strings.TrimSuffix(o.refused, "."))
		}
		fmt.Fprintf(&b, "\n```\n%s\n```\n\n```kql\n%s\n```\n", o.form, o.example)
	}
	return b.String()
}

// nothing is a catalog without tables.
type nothing struct{}

func (nothing) Table(string) (*bind.Table, bool)       { return nil, false }
func (nothing) TableNames() []string                   { return nil }
func (nothing) Function(string) (*bind.Function, bool) { return nil, false }
func (nothing) Watchlist(string) (*bind.Table, bool)   { return nil, false }
func (nothing) Rows(*plan.Root) (*types.Rows, error) {
	return nil, errors.New("there are no rows here")
}
func (nothing) External([]string, types.Schema, map[string]string) (*bind.Table, error) {
	return nil, errors.New("there is no external data here")
}
