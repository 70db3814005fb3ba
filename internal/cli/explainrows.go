package cli

import (
	"context"
	"io"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"

	"quarry/detect/rule"
	"quarry/hunt"
	"quarry/hunt/steps"
	"quarry/kql/source"
)

// explainRows shows the rows left after each step of a query or a rule.
func (a *app) explainRows(ctx context.Context, d *dataFlags, args []string, file string) error {
	query, err := a.queryOrRule(ctx, args, file)
	if err != nil {
		return err
	}
	q := &querier{app: a, flags: d}
	if q.space, err = a.open(ctx, d); err != nil {
		return err
	}
	defer q.space.Close()
	if query, err = q.withFile(ctx, query); err != nil {
		return err
	}
	request := hunt.Request{Text: query, Now: d.now}
	if _, err := q.space.Compile(ctx, request); err != nil {
		return err
	}
	x, err := steps.New(query)
	if err != nil {
		return err
	}
	if err := x.Measure(ctx, q.space.Session, request, true); err != nil {
		return err
	}
	loss := x.FirstLoss()
	return a.toOutput("", func(w io.Writer) error {
		out := x.Print(widthOf(w), loss)
		if loss != nil {
			out += "\n" + folded(printableLines(loss.Explain()), widthOf(w)) + "\n"
		}
		_, err := io.WriteString(w, out)
		return err
	})
}

// folded breaks a sentence into lines of at most width columns; 0 is no bound.
func folded(s string, width int) string {
	if width == 0 {
		return s
	}
	lines := strings.Split(text.WrapSoft(s, width), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimSpace(l)
	}
	return strings.Join(lines, "\n")
}

var bareWord = regexp.MustCompile(`^[\w-]+$`)

// queryOrRule is the query of the command line, of a file or of a rule.
func (a *app) queryOrRule(ctx context.Context, args []string, file string) (*source.Text, error) {
	switch {
	case len(args) == 1 && file == "":
		if bareWord.MatchString(args[0]) {
			pack, err := ownRules(ctx)
			if err != nil {
				return nil, err
			}
			if r, err := findRule(pack, args[0]); err == nil {
				return r.Text(), nil
			}
		}
		return source.New("", args[0], 0), nil
	case len(args) == 0 && file != "":
		switch strings.ToLower(filepath.Ext(file)) {
		case ".yaml", ".yml", ".json", ".md":
			pack, err := rule.Load(ctx, file)
			if err != nil {
				return nil, err
			}
			if len(pack.Rules) != 1 {
				if len(pack.Problems) > 0 {
					return nil, pack.Problems[0]
				}
				return nil, usagef("%s holds %s; give the query of the one you mean", file, plural(int64(len(pack.Rules)), "rule", "rules"))
			}
			return pack.Rules[0].Text(), nil
		}
		body, err := a.readFile(file)
		return source.New(file, body, 0), err
	}
	return nil, usagef("give one query or rule, or -f FILE")
}
