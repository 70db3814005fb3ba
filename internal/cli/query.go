package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"quarry/events"
	"quarry/hunt"
	"quarry/kql/source"
	"quarry/workspace"
)

func (a *app) queryCommand() *cobra.Command {
	var d dataFlags
	var format, file, output string
	cmd := &cobra.Command{
		Use:   "query [flags] 'KQL' | -f FILE",
		Short: "Ask a question in KQL of files",
		Long: `Ask a question in KQL of files.

The query may begin with the name of a file, which is loaded and stands for its
table. Without a query, statements are read from standard input; each ends with
a ";" or an empty line.`,
		Example: `  quarry query 'events.ndjson | where EventID == 4688 | count'
  quarry query --data logs/ -f rule.kql --format csv -o rows.csv`,
		RunE: func(cmd *cobra.Command, args []string) error {
			write, err := writerOf(format)
			if err != nil {
				return err
			}
			q := &querier{app: a, flags: &d, format: format, write: write, output: output}
			switch {
			case len(args) > 1:
				return usagef("one query is run at a time, but %d are given; put it in quotes", len(args))
			case len(args) == 1 && file != "":
				return usagef("a query and -f %s are given; give one of them", file)
			case len(args) == 1:
				return q.once(cmd.Context(), source.New("", args[0], 0))
			case file != "":
				text, err := a.readFile(file)
				if err != nil {
					return err
				}
				return q.once(cmd.Context(), source.New(file, text, 0))
			}
			return q.interactive(cmd.Context())
		},
	}
	d.add(cmd)
	f := cmd.Flags()
	f.StringVar(&format, "format", "table", "print the rows as `FORMAT`: table, json, csv or parquet")
	f.StringVarP(&file, "file", "f", "", "read the query from `FILE`, \"-\" being standard input")
	f.StringVarP(&output, "output", "o", "", "write to `FILE`, which is there as a whole or not at all")
	return cmd
}

func (a *app) readFile(name string) (string, error) {
	if name == "-" {
		text, err := io.ReadAll(a.stdin)
		return string(text), err
	}
	text, err := os.ReadFile(name)
	return strings.TrimPrefix(string(text), "\ufeff"), err
}

// querier runs the queries of one command.
type querier struct {
	*app
	flags  *dataFlags
	format string
	write  rowWriter
	output string
	space  *workspace.Workspace
	tables map[string]string // of files that queries began with
}

// once runs the one query of a command line.
func (q *querier) once(ctx context.Context, text *source.Text) (err error) {
	if q.space, err = q.open(ctx, q.flags); err != nil {
		return err
	}
	defer q.space.Close()
	return q.run(ctx, text)
}

func (q *querier) run(ctx context.Context, text *source.Text) error {
	text, err := q.withFile(ctx, text)
	if err != nil {
		return err
	}
	answer, err := q.space.Query(ctx, hunt.Request{Text: text, Now: q.flags.now})
	if err != nil {
		return err
	}
	defer answer.Close()
	if w := answer.Compiled.Warnings; w != nil {
		fmt.Fprint(q.stderr, w.Caret())
	}
	if q.format == "parquet" {
		return q.parquet(ctx, answer)
	}
	return q.toOutput(q.output, func(w io.Writer) error {
		for first := true; ; first = false {
			res, err := answer.Next(ctx)
			if err != nil || res == nil {
				return err
			}
			if !first {
				fmt.Fprintln(w)
			}
			err = q.write(w, res)
			res.Close()
			if err != nil {
				return err
			}
		}
	})
}

// parquet writes the one table of an answer.
func (q *querier) parquet(ctx context.Context, answer *hunt.Answer) error {
	if n := len(answer.Compiled.Results); n > 1 {
		return fmt.Errorf("the query gives %d tables and a Parquet file holds one", n)
	}
	res, err := answer.Next(ctx)
	if err != nil {
		return err
	}
	defer res.Close()
	if q.output != "" && q.output != "-" {
		return q.space.WriteParquet(ctx, res, q.output)
	}
	if isTerminal(q.stdout) {
		return usagef("a Parquet file is nothing for a terminal; name a file with -o FILE")
	}
	dir, err := os.MkdirTemp("", "quarry-parquet-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "rows.parquet")
	if err := q.space.WriteParquet(ctx, res, name); err != nil {
		return err
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(q.stdout, f)
	return err
}

// leadingFile finds a path at the start of a query: in quotes, or up to a blank or a
// pipe if it has a dot or a slash, as no table's name does.
var leadingFile = regexp.MustCompile(`^\s*(?:"([^"]+)"|'([^']+)'|([^\s|'"()\[\]=;]*[./*][^\s|'"()\[\]=;]*))\s*(?:\||$)`)

// withFile loads the file that a query begins with and puts its table's name in its place.
func (q *querier) withFile(ctx context.Context, text *source.Text) (*source.Text, error) {
	at := leadingFile.FindStringSubmatchIndex(text.Body)
	if at == nil {
		return text, nil
	}
	start, end, path := 0, 0, ""
	for g := 1; g <= 3; g++ {
		if at[2*g] >= 0 {
			start, end = at[2*g], at[2*g+1]
			path = text.Body[start:end]
			if g < 3 {
				start, end = start-1, end+1
			}
		}
	}
	if strings.HasPrefix(path, ".") && !strings.ContainsAny(path, "/\\") {
		return text, nil // ".show tables" is a command
	}
	table, ok := q.tables[path]
	if !ok {
		if matches, _ := filepath.Glob(path); matches == nil {
			if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
				return nil, fmt.Errorf("the query begins with the file %s, and there is no such file", path)
			}
		}
		report, err := q.load(ctx, q.space, []string{path}, events.Options{})
		if err != nil {
			return nil, err
		}
		var names []string
		for name, rows := range report.Tables {
			if rows > 0 && name != events.RejectsTable {
				names = append(names, name)
			}
		}
		if len(names) != 1 {
			return nil, severalTables(path, names)
		}
		table = names[0]
		if q.tables == nil {
			q.tables = map[string]string{}
		}
		q.tables[path] = table
	}
	return source.New(text.Name, text.Body[:start]+bracketed(table)+text.Body[end:], text.LineBase), nil
}

func severalTables(path string, names []string) error {
	if len(names) == 0 {
		return fmt.Errorf("%s has no rows", path)
	}
	slices.Sort(names)
	return fmt.Errorf("%s has rows of %d tables (%s); name the one you mean: quarry query --data %s '%s | ...'",
		path, len(names), strings.Join(names, ", "), path, names[0])
}
