package cli

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"quarry/kql/source"
	"quarry/kql/syntax"
	"quarry/workspace"
)

func (a *app) fmtCommand() *cobra.Command {
	var write, list bool
	cmd := &cobra.Command{
		Use:     "fmt [flags] [FILE...]",
		Short:   "Format KQL",
		Long:    "Format KQL: one operator a line. Without a file, standard input is formatted.",
		Example: "  quarry fmt -w queries/*.kql",
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				if write || list {
					return usagef("-w and -l need a file")
				}
				args = []string{"-"}
			}
			changed := false
			for _, name := range args {
				body, err := a.readFile(name)
				if err != nil {
					return err
				}
				shown := name
				if name == "-" {
					shown = ""
				}
				out, err := syntax.Format(source.New(shown, body, 0))
				if err != nil {
					return err
				}
				switch {
				case !write && !list:
					if _, err := io.WriteString(a.stdout, out); err != nil {
						return err
					}
				case out != body:
					changed = true
					if list {
						fmt.Fprintln(a.stdout, name)
					}
					if write {
						if err := workspace.WriteFile(name, func(f *os.File) error { _, err := f.WriteString(out); return err }); err != nil {
							return err
						}
					}
				}
			}
			if list && changed && !write {
				return findings
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.BoolVarP(&write, "write", "w", false, "write the files instead of printing them")
	f.BoolVarP(&list, "list", "l", false, "list the files that are not formatted; the exit status is 1 if there is one")
	return cmd
}
