package cli

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"quarry/detect/rule"
	"quarry/workspace"
)

func (a *app) rulesImportCommand() *cobra.Command {
	var to string
	var force bool
	cmd := &cobra.Command{
		Use:   "import SRC... --to DIR",
		Short: "Turn rules of any form into Sentinel YAML files",
		Long: `Turn rules of any form into Sentinel YAML, one file for each rule and parser.

SRC is a file, a folder (such as a checkout of a repository) or a zip archive of
Sentinel YAML, ARM templates, Defender custom detections, Markdown, catalogue
pages or KQL. Each field that YAML cannot say is told.`,
		Example: "  quarry rules import Azure-Sentinel.zip --to packs/sentinel\n  quarry rules import exported.json --to packs/mine",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("name what to import: a file, a folder or a zip archive")
			}
			if to == "" {
				return usagef("name the folder to write to with --to")
			}
			pack, err := loadImport(cmd, args)
			if err != nil {
				return err
			}
			return a.importRules(pack, to, force)
		},
	}
	cmd.Flags().StringVar(&to, "to", "", "write the files into the folder `DIR`")
	cmd.Flags().BoolVar(&force, "force", false, "replace files that are there already")
	return cmd
}

// loadImport is loadRules for sources that may hold only parsers.
func loadImport(cmd *cobra.Command, paths []string) (*rule.Pack, error) {
	pack, err := rule.Load(cmd.Context(), paths...)
	if err == nil && len(pack.Rules)+len(pack.Functions) == 0 {
		return loadRules(cmd.Context(), paths) // which says what is wrong
	}
	return pack, err
}

func (a *app) importRules(pack *rule.Pack, to string, force bool) error {
	t := exportTelling{app: a, problems: pack.Problems, failed: pack.Failed()}
	type file struct {
		name string
		data []byte
	}
	var files []file
	names := ruleFiles(pack.Rules, pack.Functions)
	for i, r := range pack.Rules {
		data, notes, err := r.YAML()
		if t.rule(r, notes, err); err == nil {
			files = append(files, file{filepath.Join(to, names[i]+".yaml"), data})
		}
	}
	for i, f := range pack.Functions {
		data, err := f.YAML()
		if err != nil {
			return err
		}
		files = append(files, file{filepath.Join(to, names[len(pack.Rules)+i]+".yaml"), data})
	}
	// All files are looked at before the first one is written.
	written := files[:0:0]
	for _, f := range files {
		old, err := os.ReadFile(f.name)
		switch {
		case errors.Is(err, os.ErrNotExist):
			written = append(written, f)
		case err != nil:
			return err
		case bytes.Equal(old, f.data):
		case force:
			written = append(written, f)
		default:
			return fmt.Errorf("%s is there already and says something else; nothing was written (--force replaces it)", f.name)
		}
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	for _, f := range written {
		if err := workspace.WriteFile(f.name, func(w *os.File) error { _, err := w.Write(f.data); return err }); err != nil {
			return err
		}
	}
	t.note("%s in %s, %d of them new or changed", plural(int64(len(files)), "file", "files"), to, len(written))
	return t.end(nil)
}
