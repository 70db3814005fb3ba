package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"quarry/detect/rule"
	"quarry/detect/similar"
	"quarry/kql/types"
)

func (a *app) rulesSimilarCommand(paths *[]string) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "similar [flags] [PATH...]",
		Short: "Group rules that are one query with other constants",
		Long: `Group rules that are one query with other constants.

Comments, blanks, the names of lets and the order of conditions do not count. Each
group is its first rule, and for every other rule the lines in which it differs.
Without PATH, Quarry's own rules are compared.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if format != "text" && format != "json" {
				return usagef("unknown format %q; known are text and json", format)
			}
			pack, err := loadRules(cmd.Context(), append(slices.Clone(*paths), args...))
			if err != nil {
				return err
			}
			groups, unread := similar.Find(pack.Rules)
			var notes []string
			for _, p := range pack.Problems {
				notes = append(notes, p.Error())
			}
			for _, r := range unread {
				notes = append(notes, fmt.Sprintf("%s:%d: the query of %q does not parse and is compared with nothing", r.File, r.Line, r.Name))
			}
			a.tellAll(notes)
			err = a.toOutput("", func(w io.Writer) error {
				if format == "json" {
					return writeSimilarJSON(w, groups)
				}
				return writeSimilar(w, groups)
			})
			if err == nil && format == "text" {
				fmt.Fprintf(a.stderr, "%s of %s\n", plural(int64(len(groups)), "group", "groups"), plural(int64(len(pack.Rules)), "rule", "rules"))
			}
			return err
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "print the groups as `FORMAT`: text or json")
	return cmd
}

func writeSimilar(w io.Writer, groups []similar.Group) error {
	width := widthOf(w)
	line := func(indent, text string) error {
		text = printable(text, types.String)
		if width > 0 {
			text = snip(text, max(20, width-len(indent)))
		}
		_, err := io.WriteString(w, indent+text+"\n")
		return err
	}
	title := func(r *rule.Rule) string { return fmt.Sprintf("%s  %s:%d", r.Name, r.File, r.Line) }
	for i, g := range groups {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%d rules\n", len(g.Rules))
		if err := line("  ", title(g.Rules[0])); err != nil {
			return err
		}
		for _, d := range g.Others {
			if err := line("  ", title(d.Rule)); err != nil {
				return err
			}
			for _, c := range d.Lines {
				if err := line("    - ", c.From); err != nil {
					return err
				}
				if err := line("    + ", c.To); err != nil {
					return err
				}
			}
			var values []string
			for _, c := range d.Values {
				values = append(values, c.From+" -> "+c.To)
			}
			text := "the same query"
			if !d.Same() {
				text = "constants: " + strings.Join(values, ", ")
			}
			if err := line("    ", text); err != nil {
				return err
			}
		}
	}
	return nil
}

type (
	similarJSON struct {
		Normal string            `json:"normal"`
		Rules  []similarRuleJSON `json:"rules"`
	}
	similarRuleJSON struct {
		ID        string       `json:"id"`
		Name      string       `json:"name"`
		File      string       `json:"file"`
		Line      int          `json:"line"`
		Lines     []changeJSON `json:"lines,omitempty"`
		Constants []changeJSON `json:"constants,omitempty"`
	}
	changeJSON struct {
		Line int    `json:"line,omitempty"`
		From string `json:"from"`
		To   string `json:"to"`
	}
)

func writeSimilarJSON(w io.Writer, groups []similar.Group) error {
	changes := func(list []similar.Change) (out []changeJSON) {
		for _, c := range list {
			out = append(out, changeJSON(c))
		}
		return out
	}
	out := make([]similarJSON, 0, len(groups))
	for _, g := range groups {
		j := similarJSON{Normal: g.Normal}
		for i, r := range g.Rules {
			x := similarRuleJSON{ID: r.ID, Name: r.Name, File: r.File, Line: r.Line}
			if i > 0 {
				x.Lines, x.Constants = changes(g.Others[i-1].Lines), changes(g.Others[i-1].Values)
			}
			j.Rules = append(j.Rules, x)
		}
		out = append(out, j)
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(out)
}
