package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"quarry/detect/rule"
	"quarry/workspace"
)

func (a *app) rulesExportCommand(paths *[]string) *cobra.Command {
	var format, out string
	cmd := &cobra.Command{
		Use:   "export --format FORMAT [flags] [PATH...]",
		Short: "Write rules in another product's format",
		Long: `Write rules in another product's format and tell each field that it cannot say.

yaml is Sentinel's repository, arm a template that deploys to a workspace, xdr the
JSON of Defender custom detections, kql the query alone. Without PATH, Quarry's own
rules are written.`,
		Example: "  quarry rules export --format arm -o rules.json packs/\n  quarry rules export --format xdr -o detections/ packs/",
		RunE: func(cmd *cobra.Command, args []string) error {
			write, ok := exporters[format]
			if !ok {
				return usagef("unknown format %q; known are arm, kql, xdr and yaml", format)
			}
			pack, err := loadRules(cmd.Context(), append(slices.Clone(*paths), args...))
			if err != nil {
				return err
			}
			return a.export(pack, write, out)
		},
	}
	cmd.Flags().StringVar(&format, "format", "", "write `FORMAT`: yaml, arm, xdr or kql")
	cmd.Flags().StringVarP(&out, "output", "o", "", "write to the file `PATH`, or one file for each rule into the folder PATH (with a / at its end, or there already)")
	return cmd
}

// exporter writes rules in one format: all in one file, or one.
type exporter struct {
	ext       string
	functions bool // whether the format has functions
	all       func([]*rule.Rule, []*rule.Function) ([]byte, []rule.Notes, []error)
}

var exporters = map[string]exporter{
	"yaml": {".yaml", true, joinYAML},
	"arm":  {".json", true, rule.Template},
	"xdr":  {".json", false, writeXDR},
	"kql":  {".kql", false, writeKQL},
}

func joinYAML(rules []*rule.Rule, functions []*rule.Function) (data []byte, notes []rule.Notes, errs []error) {
	var texts [][]byte
	for _, r := range rules {
		text, n, err := r.YAML()
		notes, errs, texts = append(notes, n), append(errs, err), append(texts, text)
	}
	for _, f := range functions {
		text, err := f.YAML()
		errs, texts = append(errs, err), append(texts, text)
	}
	if len(texts) == 1 {
		return texts[0], notes, errs
	}
	for _, text := range texts {
		text = bytes.TrimPrefix(text, []byte("\ufeff"))
		if len(data) > 0 && !bytes.HasPrefix(text, []byte("---")) {
			data = append(data, "---\n"...)
		}
		if data = append(data, text...); len(text) > 0 && text[len(text)-1] != '\n' {
			data = append(data, '\n')
		}
	}
	return data, notes, errs
}

func writeXDR(rules []*rule.Rule, _ []*rule.Function) ([]byte, []rule.Notes, []error) {
	if len(rules) != 1 {
		return rule.XDRList(rules)
	}
	data, notes, err := rules[0].XDR()
	return data, []rule.Notes{notes}, []error{err}
}

func writeKQL(rules []*rule.Rule, _ []*rule.Function) (data []byte, notes []rule.Notes, errs []error) {
	if len(rules) > 1 {
		return nil, nil, []error{usagef("a .kql file holds one query and there are %d; name a folder with -o", len(rules))}
	}
	for _, r := range rules {
		text, n, err := r.KQL()
		data, notes, errs = append(data, text...), append(notes, n), append(errs, err)
	}
	return data, notes, errs
}

func (a *app) export(pack *rule.Pack, write exporter, out string) error {
	t := exportTelling{app: a, problems: pack.Problems, failed: pack.Failed()}
	functions := pack.Functions
	if !write.functions && len(functions) > 0 {
		t.note("%s left out: the format has only rules", plural(int64(len(functions)), "function is", "functions are"))
		functions = nil
	}
	if !isFolder(out) {
		data, notes, errs := write.all(pack.Rules, functions)
		if len(errs) == 1 {
			if usage, ok := errs[0].(*usageError); ok {
				return usage
			}
		}
		for i, r := range pack.Rules {
			t.rule(r, notes[i], errs[i])
		}
		err := a.toOutput(out, func(w io.Writer) error { _, err := w.Write(data); return err })
		return t.end(err)
	}
	names := ruleFiles(pack.Rules, functions)
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	file := func(i int, data []byte) error {
		return workspace.WriteFile(filepath.Join(out, names[i]+write.ext), func(f *os.File) error { _, err := f.Write(data); return err })
	}
	for i, r := range pack.Rules {
		data, notes, errs := write.all([]*rule.Rule{r}, nil)
		if t.rule(r, notes[0], firstError(errs)); firstError(errs) == nil {
			if err := file(i, data); err != nil {
				return err
			}
		}
	}
	for i, f := range functions {
		data, _, errs := write.all(nil, []*rule.Function{f})
		if err := firstError(errs); err != nil {
			return err
		}
		if err := file(len(pack.Rules)+i, data); err != nil {
			return err
		}
	}
	return t.end(nil)
}

func firstError(errs []error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// isFolder reports whether an output is a folder: it is one already, or it is
// written as one.
func isFolder(out string) bool {
	if out == "" || out == "-" {
		return false
	}
	info, err := os.Stat(out)
	return err == nil && info.IsDir() || err != nil && (strings.HasSuffix(out, "/") || strings.HasSuffix(out, string(filepath.Separator)) || filepath.Ext(out) == "")
}

// exportTelling tells a person what became of the rules.
type exportTelling struct {
	app      *app
	problems []rule.Problem
	failed   int // rules and files that are not in the output
	aside    []string
}

func (t *exportTelling) note(format string, args ...any) {
	fmt.Fprintf(t.app.stderr, "note: "+format+"\n", args...)
}

func (t *exportTelling) rule(r *rule.Rule, n rule.Notes, err error) {
	if err != nil {
		t.failed++
		fmt.Fprintf(t.app.stderr, "left out: %s: %v\n", r.File, err)
		return
	}
	for _, l := range n.Lost {
		fmt.Fprintf(t.app.stderr, "dropped: %s: %s: %s\n", r.File, l.Field, l.Why)
	}
	for _, l := range n.Added {
		fmt.Fprintf(t.app.stderr, "added: %s: %s: %s\n", r.File, l.Field, l.Why)
	}
	t.aside = append(t.aside, n.Aside...)
}

// end tells the rest; the status is 1 when something is not in the output.
func (t *exportTelling) end(err error) error {
	var notes []string
	for _, p := range t.problems {
		if p.Warning {
			notes = append(notes, p.Error())
		} else {
			fmt.Fprintf(t.app.stderr, "left out: %s\n", p.Error())
		}
	}
	t.app.tellAll(notes)
	if slices.Sort(t.aside); len(t.aside) > 0 {
		t.note("the template keeps %s in its metadata, which the service does not read", strings.Join(slices.Compact(t.aside), ", "))
	}
	if err == nil && t.failed > 0 {
		return findings
	}
	return err
}
