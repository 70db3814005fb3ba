package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"quarry/workspace"
)

func (a *app) schemaCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "schema", Short: "Show and import table schemas", Args: cobra.ArbitraryArgs, RunE: subcommands}
	cmd.AddCommand(a.schemaShowCommand(), a.schemaImportCommand())
	return cmd
}

func (a *app) schemaShowCommand() *cobra.Command {
	var dir string
	var files []string
	cmd := &cobra.Command{
		Use:   "show [flags] [TABLE]",
		Short: "List the known tables, or the columns of one as CSV",
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("one table is shown at a time")
			}
			set, err := workspace.LoadSchemas(dir, files)
			if err != nil {
				return err
			}
			return a.toOutput("", func(w io.Writer) error {
				if len(args) == 1 {
					return set.WriteCSV(w, args[0])
				}
				_, err := io.WriteString(w, strings.Join(set.Names(), "\n")+"\n")
				return err
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&dir, "workspace", "", "know the tables imported into folder `DIR`")
	f.StringArrayVar(&files, "schema", nil, "know the tables of `FILE`, a CSV of table,column,type; may be repeated")
	return cmd
}

func (a *app) schemaImportCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:     "import [flags] FILE...",
		Short:   "Make the tables of CSV files (table,column,type) known to a workspace",
		Example: "  quarry schema import tables.csv --workspace soc",
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("name a CSV file of table,column,type")
			}
			if dir == "" {
				return usagef("name the workspace with --workspace DIR")
			}
			names, err := workspace.ImportSchemas(dir, args)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.stdout, "%s imported into %s\n", plural(int64(len(names)), "table is", "tables are"), dir)
			return err
		},
	}
	cmd.Flags().StringVar(&dir, "workspace", "", "the folder `DIR` that keeps the schemas")
	return cmd
}
