package ruletest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"

	"quarry/detect"
	"quarry/detect/rule"
	"quarry/kql/diag"
	"quarry/kql/types"
)

// Case is one test of a rule.
type Case struct {
	Name   string                      `yaml:"name"`
	Now    time.Time                   `yaml:"now"`
	Set    map[string]any              `yaml:"set"`
	Expect string                      `yaml:"expect"` // fires or quiet
	Rows   *int                        `yaml:"rows"`   // exact number of rows, nil for any
	Tables map[string][]map[string]any `yaml:"tables"`
}

// Sidecar is the name of the test file of a rule file.
func Sidecar(ruleFile string) string {
	for _, ext := range []string{".yaml", ".yml", ".kql", ".csl", ".kusto", ".md"} {
		if base, ok := strings.CutSuffix(ruleFile, ext); ok {
			return base + ".test.yaml"
		}
	}
	return ruleFile + ".test.yaml"
}

const maxFile = 4 << 20

// Read reads a test file. Unknown keys are errors, so that a misspelt "expect"
// does not pass by testing nothing.
func Read(name string, data []byte) (cases []Case, err error) {
	defer func() {
		if p := recover(); p != nil {
			cases, err = nil, fmt.Errorf("%s: not readable as YAML: %v", name, p)
		}
	}()
	if len(data) > maxFile {
		return nil, fmt.Errorf("%s: larger than %d bytes", name, maxFile)
	}
	for _, t := range lexer.Tokenize(string(data)) {
		if t.Type == token.AliasType {
			// A few nested aliases unfold into more rows than memory holds.
			return nil, fmt.Errorf("%s:%d:%d: aliases have no place in a test file; write the rows out", name, t.Position.Line, t.Position.Column)
		}
	}
	var file struct {
		Tests []Case `yaml:"tests"`
	}
	if err := yaml.UnmarshalWithOptions(data, &file, yaml.DisallowUnknownField()); err != nil {
		var at yaml.Error
		if errors.As(err, &at) && at.GetToken() != nil {
			return nil, fmt.Errorf("%s:%d:%d: %s", name, at.GetToken().Position.Line, at.GetToken().Position.Column, at.GetMessage())
		}
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(file.Tests) == 0 {
		return nil, fmt.Errorf("%s: no tests", name)
	}
	for i, c := range file.Tests {
		where := fmt.Sprintf("%s: test %d (%s)", name, i+1, c.Name)
		switch {
		case c.Name == "":
			return nil, fmt.Errorf("%s has no name", where)
		case c.Expect != "fires" && c.Expect != "quiet":
			return nil, fmt.Errorf("%s: expect is %q, not fires or quiet", where, c.Expect)
		case c.Rows != nil && (*c.Rows > 0) != (c.Expect == "fires"):
			return nil, fmt.Errorf("%s: rows is %d, but it expects %s", where, *c.Rows, c.Expect)
		}
	}
	return file.Tests, nil
}

// Bench makes tables and runs queries over them.
type Bench interface {
	// Schema is the columns of a known table.
	Schema(table string) (types.Schema, bool)
	// Load replaces all tables by the given ones.
	Load(ctx context.Context, tables map[string]*types.Rows) error
	// Runner runs queries over the loaded tables at the given clock.
	Runner(now time.Time) detect.Runner
}

// Run runs the case. The error says what is not as expected, or what is wrong
// with the case; nil is a pass.
func (c *Case) Run(ctx context.Context, r *rule.Rule, b Bench) error {
	tables := map[string]*types.Rows{}
	for name, rows := range c.Tables {
		schema, ok := b.Schema(name)
		if !ok {
			return fmt.Errorf("the test gives rows for %q, which is no known table", name)
		}
		t, err := typed(schema, rows)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		tables[name] = t
	}
	set := map[string]string{}
	for k, v := range c.Set {
		set[k] = fmt.Sprint(v)
	}
	text, err := r.WithSettings(set)
	if err != nil {
		return err
	}
	if err := b.Load(ctx, tables); err != nil {
		return err
	}
	rows, err := b.Runner(c.Now).Run(ctx, text)
	if err != nil {
		var list *diag.List
		if errors.As(err, &list) {
			return errors.New(list.Caret())
		}
		return err
	}
	n := len(rows.Values)
	switch {
	case c.Expect == "fires" && n == 0:
		return errors.New("the rule stays quiet and should fire")
	case c.Expect == "quiet" && n > 0:
		return fmt.Errorf("the rule fires with %d rows and should stay quiet: %s", n, sample(rows))
	case c.Rows != nil && *c.Rows != n:
		return fmt.Errorf("the rule finds %d rows, not %d: %s", n, *c.Rows, sample(rows))
	}
	return nil
}

// typed turns a test's rows into the table's columns; columns it leaves out are
// null, or empty text. TimeGenerated and Timestamp stand in for each other, as every
// row of a real table has both.
func typed(schema types.Schema, rows []map[string]any) (*types.Rows, error) {
	out := &types.Rows{Schema: schema}
	var names []string
	for _, c := range schema {
		names = append(names, c.Name)
	}
	for i, row := range rows {
		values := make([]types.Value, len(schema))
		for j, c := range schema {
			if c.Type == types.String {
				values[j] = ""
			}
		}
		keys := make([]string, 0, len(row))
		for k := range row {
			keys = append(keys, k)
		}
		sort.Strings(keys)
		for _, k := range keys {
			j := schema.Index(k)
			if j < 0 {
				hint := ""
				if near := diag.Nearest(k, names); near != "" {
					hint = fmt.Sprintf(", did you mean %q?", near)
				}
				return nil, fmt.Errorf("row %d: no column %q%s", i+1, k, hint)
			}
			v, err := value(schema[j].Type, row[k])
			if err != nil {
				return nil, fmt.Errorf("row %d: %s: %w", i+1, k, err)
			}
			values[j] = v
		}
		a, b := schema.Index("Timestamp"), schema.Index("TimeGenerated")
		if a >= 0 && b >= 0 {
			if values[a] == nil {
				values[a] = values[b]
			} else if values[b] == nil {
				values[b] = values[a]
			}
		}
		out.Values = append(out.Values, values)
	}
	return out, nil
}

func value(t types.Type, v any) (types.Value, error) {
	if v == nil {
		if t == types.String {
			return "", nil
		}
		return nil, nil
	}
	if t == types.Dynamic {
		if s, ok := v.(string); ok && (strings.HasPrefix(s, "{") || strings.HasPrefix(s, "[")) {
			d, ok := types.ParseDyn(s)
			if !ok {
				return nil, fmt.Errorf("%q is not JSON", s)
			}
			return d.Value(), nil
		}
		data, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		d, _ := types.ParseDyn(string(data))
		return d.Value(), nil
	}
	s := fmt.Sprint(v)
	if at, ok := v.(time.Time); ok {
		s = at.UTC().Format(time.RFC3339Nano)
	}
	bad := fmt.Errorf("%q is not a %s", s, t)
	switch t {
	case types.Bool:
		b, err := strconv.ParseBool(strings.ToLower(s))
		if err != nil {
			return nil, bad
		}
		return b, nil
	case types.Int, types.Long:
		n, err := strconv.ParseInt(s, 0, 64)
		if err != nil {
			return nil, bad
		}
		return n, nil
	case types.Real:
		f, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return nil, bad
		}
		return f, nil
	case types.Datetime:
		n, ok := types.ParseDatetime(s)
		if !ok {
			return nil, bad
		}
		return n, nil
	case types.Timespan:
		n, ok := types.ParseTimespan(s)
		if !ok {
			return nil, bad
		}
		return n, nil
	case types.Guid:
		return strings.ToLower(s), nil
	}
	return s, nil
}

// sample is the first row that a rule found, without its empty columns.
func sample(rows *types.Rows) string {
	var parts []string
	for i, c := range rows.Schema {
		if s := detect.Text(c.Type, rows.Values[0][i]); s != "" {
			parts = append(parts, c.Name+"="+s)
		}
	}
	return strings.Join(parts, ", ")
}
