package kqt

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"quarry/kql/source"
	"quarry/kql/syntax"
	"quarry/kql/types"
)

// Case is one case.
type Case struct {
	Name  string
	File  string
	Line  int
	KQL   string
	Now   int64 // ticks; 0 leaves the clock alone
	Given []Table
	Rows  *types.Rows // what must come out, or nil
	Diag  string      // "KQ204 1:12", or ""
}

// Table is a given table.
type Table struct {
	Name string
	Rows types.Rows
}

// Load reads every .kqt file below dir.
func Load(dir string) ([]Case, error) {
	var cases []Case
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".kqt" {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		cs, err := Parse(path, string(data))
		cases = append(cases, cs...)
		return err
	})
	return cases, err
}

type block struct {
	word string
	text string
	line int
}

// Parse reads the cases of one file.
func Parse(file, text string) ([]Case, error) {
	var blocks []block
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimRight(line, " \t\r")
		if line == "" || line[0] == '#' {
			continue
		}
		if line[0] == ' ' || line[0] == '\t' || line[0] == '|' {
			if len(blocks) == 0 {
				return nil, fmt.Errorf("%s:%d: text before the first case", file, i+1)
			}
			blocks[len(blocks)-1].text += "\n" + strings.TrimLeft(line, " \t")
			continue
		}
		word, rest, _ := strings.Cut(line, " ")
		blocks = append(blocks, block{word, strings.TrimSpace(rest), i + 1})
	}
	var cases []Case
	for _, b := range blocks {
		if b.word == "case" {
			name, _, _ := strings.Cut(b.text, "#")
			cases = append(cases, Case{Name: strings.TrimSpace(name), File: file, Line: b.line})
			continue
		}
		if len(cases) == 0 {
			return nil, fmt.Errorf("%s:%d: %s before the first case", file, b.line, b.word)
		}
		if err := cases[len(cases)-1].add(b); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, b.line, err)
		}
	}
	for _, c := range cases {
		if c.KQL == "" || (c.Rows == nil) == (c.Diag == "") {
			return nil, fmt.Errorf("%s:%d: case %s needs kql and one of rows and diag", file, c.Line, c.Name)
		}
	}
	return cases, nil
}

func (c *Case) add(b block) error {
	switch b.word {
	case "kql":
		c.KQL = b.text
	case "now":
		t, ok := types.ParseDatetime(b.text)
		if !ok {
			return fmt.Errorf("now %q is not a datetime", b.text)
		}
		c.Now = t
	case "given":
		name, rest, _ := strings.Cut(b.text, " ")
		rows, err := parseRows(rest)
		if err != nil {
			return err
		}
		c.Given = append(c.Given, Table{name, *rows})
	case "rows":
		rows, err := parseRows(b.text)
		if err != nil {
			return err
		}
		c.Rows = rows
	case "diag":
		c.Diag = b.text
	default:
		return fmt.Errorf("unknown block %q", b.word)
	}
	return nil
}

// parseRows reads "a:long b:string | 1 "x" | 2 "y"".
func parseRows(text string) (*types.Rows, error) {
	parts := split(text, '|')
	out := &types.Rows{}
	for _, f := range cells(parts[0]) {
		i := strings.LastIndexByte(f, ':')
		if i < 0 {
			return nil, fmt.Errorf("column %q has no type", f)
		}
		t, ok := types.Parse(f[i+1:])
		if !ok {
			return nil, fmt.Errorf("column %q: unknown type", f)
		}
		out.Schema = append(out.Schema, types.Column{Name: f[:i], Type: t})
	}
	for _, p := range parts[1:] {
		fs := cells(p)
		if len(fs) == 0 && len(out.Schema) > 0 {
			continue
		}
		if len(fs) != len(out.Schema) {
			return nil, fmt.Errorf("row %q has %d cells for %d columns", strings.TrimSpace(p), len(fs), len(out.Schema))
		}
		row := make([]types.Value, len(fs))
		for i, f := range fs {
			v, err := value(f, out.Schema[i].Type)
			if err != nil {
				return nil, err
			}
			row[i] = v
		}
		out.Values = append(out.Values, row)
	}
	return out, nil
}

// value reads a cell as a KQL literal of the column's type.
func value(cell string, t types.Type) (types.Value, error) {
	if cell == "null" {
		if t == types.String {
			return "", nil
		}
		return nil, nil
	}
	switch t {
	case types.Datetime:
		if v, ok := types.ParseDatetime(cell); ok {
			return v, nil
		}
	case types.Timespan:
		if v, ok := types.ParseTimespan(cell); ok {
			return v, nil
		}
	case types.Dynamic:
		if d, ok := types.ParseDyn(cell); ok {
			return d.Value(), nil
		}
	}
	text := cell
	if t != types.String && !strings.Contains(cell, "(") {
		text = t.String() + "(" + cell + ")"
	}
	script, errs := syntax.Parse(source.New("", "print "+text, 0))
	if errs != nil {
		return nil, fmt.Errorf("cell %q: %w", cell, errs)
	}
	q, ok := script.Statements[0].(*syntax.Query)
	if ok {
		if p, ok := q.X.(*syntax.Pipe); ok && len(p.Ops) == 1 {
			if pr, ok := p.Ops[0].(*syntax.PrintOp); ok {
				if l, ok := pr.Items[0].(*syntax.Literal); ok && (l.Type == t || l.Type.Numeric() && t.Numeric()) {
					if n, ok := l.Value.(int64); ok && t == types.Real {
						return float64(n), nil
					}
					return l.Value, nil
				}
			}
		}
	}
	return nil, fmt.Errorf("cell %q is not a %s", cell, t)
}

// split cuts at sep outside quotes and brackets.
func split(text string, sep byte) []string {
	var out []string
	start, depth := 0, 0
	var quote byte
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quote != 0:
			if c == '\\' {
				i++
			} else if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '(' || c == '[' || c == '{':
			depth++
		case c == ')' || c == ']' || c == '}':
			depth--
		case c == sep && depth == 0:
			out = append(out, text[start:i])
			start = i + 1
		}
	}
	return append(out, text[start:])
}

func cells(text string) []string {
	text = strings.NewReplacer("\n", " ", "\t", " ").Replace(text)
	var out []string
	for _, f := range split(text, ' ') {
		if f = strings.TrimSpace(f); f != "" {
			out = append(out, f)
		}
	}
	return out
}
