package cli

import (
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"quarry/hunt"
	"quarry/kql/diag"
	"quarry/kql/plan"
	"quarry/kql/source"
	"quarry/kql/syntax"
)

func (a *app) explainCommand() *cobra.Command {
	var d dataFlags
	var stage, file string
	var rows bool
	cmd := &cobra.Command{
		Use:   "explain [flags] 'KQL' | -f FILE",
		Short: "Show what the compiler makes of a query, or where its rows go",
		Long: `Show what the compiler makes of a query: its syntax tree (ast), what it means
(plan), or what the engine is asked (sql).

With --rows the query runs, and the rows left after each of its steps are shown.
Conditions of a filter that lost rows follow it, each with the number of rows it
holds for. The query may be the name of one of Quarry's own rules; -f takes a
rule file too.`,
		Example: `  quarry explain --stage sql 'DeviceProcessEvents | where FileName has "psexec"'
  quarry explain --rows --data logs/ smb-copy-then-run
  quarry explain --rows --data logs/ -f rule.yaml`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if rows {
				if cmd.Flags().Changed("stage") {
					return usagef("--rows runs the query and --stage does not; give one of them")
				}
				return a.explainRows(cmd.Context(), &d, args, file)
			}
			var text *source.Text
			switch {
			case len(args) == 1 && file == "":
				text = source.New("", args[0], 0)
			case len(args) == 0 && file != "":
				body, err := a.readFile(file)
				if err != nil {
					return err
				}
				text = source.New(file, body, 0)
			default:
				return usagef("give one query, or -f FILE")
			}
			switch stage {
			case "ast":
				script, errs := syntax.Parse(text)
				if errs != nil {
					return errs
				}
				return a.toOutput("", func(w io.Writer) error {
					_, err := io.WriteString(w, tree(script))
					return err
				})
			case "plan", "sql":
				return a.explainQuery(cmd, &d, text, stage)
			}
			return usagef("unknown stage %q; known are ast, plan and sql", stage)
		},
	}
	d.add(cmd)
	f := cmd.Flags()
	f.StringVar(&stage, "stage", "plan", "show the `STAGE` ast, plan or sql")
	f.BoolVar(&rows, "rows", false, "run the query and show the rows left after each step")
	f.StringVarP(&file, "file", "f", "", "read the query from `FILE`, \"-\" being standard input")
	return cmd
}

func (a *app) explainQuery(cmd *cobra.Command, d *dataFlags, text *source.Text, stage string) error {
	q := &querier{app: a, flags: d}
	var err error
	if q.space, err = a.open(cmd.Context(), d); err != nil {
		return err
	}
	defer q.space.Close()
	if text, err = q.withFile(cmd.Context(), text); err != nil {
		return err
	}
	c, err := q.space.Compile(cmd.Context(), hunt.Request{Text: text, Now: d.now})
	if err != nil {
		return err
	}
	return a.toOutput("", func(w io.Writer) error {
		if stage == "plan" {
			_, err := io.WriteString(w, plan.Print(c.Results[0].Root))
			return err
		}
		for _, r := range c.Results {
			for _, s := range r.Program.Steps {
				fmt.Fprintf(w, "-- %s: %s, run in Go over\n", s.Placeholder, s.Name)
				for _, in := range s.Inputs {
					fmt.Fprintf(w, "%s;\n", in.SQL)
				}
			}
			if _, err := fmt.Fprintf(w, "%s;\n", r.Program.SQL); err != nil {
				return err
			}
		}
		return nil
	})
}

// tree prints a syntax tree: a node a line, with the names and literals in it, and what
// it is made of below it.
func tree(n syntax.Node) string {
	var b strings.Builder
	branch(&b, reflect.ValueOf(n), "", 0)
	return b.String()
}

// hidden are the fields that say where something stands, not what it is.
var hidden = []reflect.Type{reflect.TypeFor[[]diag.Diagnostic](), reflect.TypeFor[source.Span]()}

func branch(b *strings.Builder, v reflect.Value, label string, depth int) {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		if v.IsNil() {
			return
		}
		v = v.Elem()
	}
	indent := strings.Repeat("  ", depth)
	if label != "" {
		label += ": "
	}
	switch {
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			branch(b, v.Index(i), strings.TrimSuffix(label, ": "), depth)
		}
	case v.Kind() != reflect.Struct:
		if !v.IsZero() {
			fmt.Fprintf(b, "%s%s%v\n", indent, label, v.Interface())
		}
	default:
		name := v.Type().Name()
		fields := leaves(v)
		fmt.Fprintf(b, "%s%s%s%s\n", indent, label, name, fields)
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if !f.IsExported() || f.Anonymous || isLeaf(v.Field(i)) || slices.Contains(hidden, f.Type) {
				continue
			}
			branch(b, v.Field(i), f.Name, depth+1)
		}
	}
}

// leaves are the fields of a node that are values, in one line.
func leaves(v reflect.Value) string {
	var out strings.Builder
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if !f.IsExported() || f.Anonymous || !isLeaf(v.Field(i)) || v.Field(i).IsZero() {
			continue
		}
		x := v.Field(i).Interface()
		if s, ok := x.(string); ok {
			fmt.Fprintf(&out, " %s=%q", f.Name, s)
		} else {
			fmt.Fprintf(&out, " %s=%v", f.Name, x)
		}
	}
	return out.String()
}

func isLeaf(v reflect.Value) bool {
	if v.Kind() == reflect.Interface && !v.IsNil() {
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Struct, reflect.Interface, reflect.Map:
		return false
	}
	return true
}
