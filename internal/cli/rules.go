package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"quarry/content"
	"quarry/detect/rule"
	"quarry/kql/diag"
	"quarry/kql/types"
)

// ownRules are the rules that the program carries with it.
func ownRules(ctx context.Context) (*rule.Pack, error) {
	return rule.LoadFS(ctx, content.Rules, "quarry")
}

func (a *app) rulesCommand() *cobra.Command {
	var paths []string
	cmd := &cobra.Command{
		Use:   "rules",
		Short: "List, show, compare, import and export detection rules",
		Args:  cobra.ArbitraryArgs,
		RunE:  subcommands,
	}
	cmd.PersistentFlags().StringArrayVar(&paths, "rules", nil, "read the rules of `PATH`, a file, a folder or a zip archive, instead of Quarry's own; may be repeated")
	cmd.AddCommand(a.rulesListCommand(&paths), a.rulesShowCommand(&paths), a.rulesExportCommand(&paths), a.rulesImportCommand(), a.rulesSimilarCommand(&paths))
	return cmd
}

// subcommands is what a command does that only has commands below it.
func subcommands(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	return unknownCommand(cmd, args[0])
}

func (a *app) rulesListCommand(paths *[]string) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "list [flags]",
		Short: "List rules",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			pack, err := loadRules(cmd.Context(), *paths)
			if err != nil {
				return err
			}
			return a.toOutput("", func(w io.Writer) error {
				switch format {
				case "json":
					return writeRulesJSON(w, pack)
				case "table":
					return writeRulesTable(w, pack)
				}
				return usagef("unknown format %q; known are table and json", format)
			})
		},
	}
	cmd.Flags().StringVar(&format, "format", "table", "print the list as `FORMAT`: table or json")
	return cmd
}

// shortID is what a person calls a rule: its file's name without folder and extension,
// or its id if the file holds several.
func shortID(pack *rule.Pack, r *rule.Rule) string {
	base := fileBase(r)
	for _, other := range pack.Rules {
		if other != r && fileBase(other) == base {
			return r.ID
		}
	}
	return base
}

func fileBase(r *rule.Rule) string {
	name := filepath.Base(strings.ReplaceAll(r.File, "!", "/"))
	return strings.TrimSuffix(name, filepath.Ext(name))
}

func writeRulesTable(w io.Writer, pack *rule.Pack) error {
	width := widthOf(w)
	schema := types.Schema{{Name: "Rule", Type: types.String}, {Name: "Severity", Type: types.String}, {Name: "Name", Type: types.String}, {Name: "Techniques", Type: types.String}}
	if width > 0 && width < 120 {
		schema = schema[:3]
	}
	var cells [][]string
	for _, r := range pack.Rules {
		row := []string{printable(shortID(pack, r), types.String), r.Severity, printable(r.Name, types.String), strings.Join(r.Techniques, " ")}
		if width > 0 && width < 120 {
			row[0], row[2] = snip(row[0], 30), snip(row[2], max(20, width-44))
		}
		cells = append(cells, row[:len(schema)])
	}
	_, err := io.WriteString(w, renderTable(schema, cells, width))
	return err
}

type ruleJSON struct {
	ID         string            `json:"id"`
	Name       string            `json:"name"`
	Kind       string            `json:"kind"`
	Severity   string            `json:"severity,omitempty"`
	Tactics    []string          `json:"tactics,omitempty"`
	Techniques []string          `json:"techniques,omitempty"`
	DataTypes  []string          `json:"dataTypes,omitempty"`
	Settings   map[string]string `json:"settings,omitempty"`
	File       string            `json:"file"`
	Line       int               `json:"line"`
}

func writeRulesJSON(w io.Writer, pack *rule.Pack) error {
	out := make([]ruleJSON, 0, len(pack.Rules))
	for _, r := range pack.Rules {
		j := ruleJSON{r.ID, r.Name, string(r.Kind), r.Severity, r.Tactics, r.Techniques, r.DataTypes(), nil, r.File, r.Line}
		for _, k := range r.Knobs() {
			if j.Settings == nil {
				j.Settings = map[string]string{}
			}
			j.Settings[k.Name] = k.Value
		}
		out = append(out, j)
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(out)
}

func (a *app) rulesShowCommand(paths *[]string) *cobra.Command {
	return &cobra.Command{
		Use:   "show [flags] ID",
		Short: "Show a rule and its knobs",
		Long:  "Show a rule and its knobs. ID is the rule's id, its name, or the name of its file.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("name one rule; \"quarry rules list\" lists them")
			}
			pack, err := loadRules(cmd.Context(), *paths)
			if err != nil {
				return err
			}
			r, err := findRule(pack, args[0])
			if err != nil {
				return err
			}
			return a.toOutput("", func(w io.Writer) error { return showRule(w, r) })
		},
	}
}

func findRule(pack *rule.Pack, name string) (*rule.Rule, error) {
	var known []string
	for _, r := range pack.Rules {
		base := fileBase(r)
		if strings.EqualFold(r.ID, name) || strings.EqualFold(r.Name, name) || strings.EqualFold(base, name) || r.File == name {
			return r, nil
		}
		known = append(known, r.ID, r.Name, base)
	}
	if near := diag.Nearest(name, known); near != "" {
		return nil, fmt.Errorf("there is no rule %q; did you mean %q?", name, near)
	}
	return nil, fmt.Errorf("there is no rule %q; \"quarry rules list\" lists them", name)
}

func showRule(out io.Writer, r *rule.Rule) error {
	w := bufio.NewWriter(out)
	line := func(label, text string) {
		if text = strings.TrimSpace(text); text != "" {
			fmt.Fprintf(w, "%-12s %s\n", label, printable(text, types.String))
		}
	}
	line("name", r.Name)
	line("id", r.ID)
	line("kind", string(r.Kind))
	line("severity", r.Severity)
	line("tactics", strings.Join(r.Tactics, ", "))
	line("techniques", strings.Join(r.Techniques, ", "))
	line("tables", strings.Join(r.DataTypes(), ", "))
	line("file", fmt.Sprintf("%s:%d", r.File, r.Line))
	line("url", r.URL)
	if r.Description != "" {
		fmt.Fprintf(w, "\n%s\n", printableLines(r.Description))
	}
	if knobs := r.Knobs(); len(knobs) > 0 {
		fmt.Fprintf(w, "\nknobs (quarry hunt --set NAME=VALUE)\n")
		for _, k := range knobs {
			fmt.Fprintf(w, "  %s = %s  (%s)\n", k.Name, k.Value, k.Type)
		}
	}
	fmt.Fprintf(w, "\n%s\n", printableLines(r.Query))
	return w.Flush()
}

// printableLines is printable for text of several lines.
func printableLines(s string) string {
	lines := strings.Split(strings.TrimSpace(strings.ReplaceAll(s, "\t", "    ")), "\n")
	for i, l := range lines {
		lines[i] = printable(strings.TrimRight(l, " \r"), types.String)
	}
	return strings.Join(lines, "\n")
}
