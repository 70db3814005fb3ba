package hunt

import (
	"strings"

	"quarry/kql/bind"
	"quarry/kql/diag"
	"quarry/kql/source"
	"quarry/kql/syntax"
)

// NewFunction makes a saved function of a lambda's text, "(a:long) { T | where x > a }".
// An error is a *diag.List with positions in that text.
func NewFunction(name string, lambda *source.Text) (*bind.Function, error) {
	// A lambda is parsed as the value of a let statement; the prefix stays on its first line.
	text := source.New(lambda.Name, "let f = "+lambda.Body, lambda.LineBase)
	text.Indent = lambda.Indent
	script, errs := syntax.Parse(text)
	if errs != nil {
		return nil, errs
	}
	if len(script.Statements) == 1 {
		if let, ok := script.Statements[0].(*syntax.Let); ok {
			if fn, ok := let.Value.(*syntax.Function); ok {
				return &bind.Function{Name: name, Text: text, Lambda: fn}, nil
			}
		}
	}
	return nil, &diag.List{Text: text, Items: []diag.Diagnostic{{Code: "KQ101", Span: source.Span{End: len(text.Body)},
		Message: "the text is not a function", Hint: "write it as (parameters) { query }"}}}
}

// FunctionText splits a function into its parameters and its body, with their
// parentheses and braces.
func FunctionText(f *bind.Function) (params, body string) {
	text := f.Text.Body[f.Lambda.Pos().Start:]
	end := len(text)
	if statements := f.Lambda.Body; len(statements) > 0 {
		end = min(end, statements[0].Pos().Start-f.Lambda.Pos().Start)
	}
	open := strings.LastIndexByte(text[:end], '{')
	if open < 0 {
		return "()", text
	}
	return strings.TrimSpace(text[:open]), strings.TrimSpace(text[open:])
}
