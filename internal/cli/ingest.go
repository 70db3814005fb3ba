package cli

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"quarry/events"
	"quarry/workspace"
)

func (a *app) ingestCommand() *cobra.Command {
	var dir, table, as string
	var schemas []string
	var read eventFlags
	cmd := &cobra.Command{
		Use:     "ingest --workspace DIR [flags] FILES...",
		Short:   "Load logs into a workspace, to be asked again and again",
		Example: "  quarry ingest --workspace soc logs/\n  quarry query --workspace soc 'DeviceLogonEvents | count'",
		RunE: func(cmd *cobra.Command, args []string) error {
			if dir == "" {
				return usagef("name the workspace with --workspace DIR")
			}
			if len(args) == 0 {
				return usagef("name the files or folders to load")
			}
			o, err := read.options()
			if err != nil {
				return err
			}
			if as != "" && !slices.Contains(events.Sources(), as) {
				return usagef("unknown source %q; known are %s", as, strings.Join(events.Sources(), ", "))
			}
			o.Table, o.As = table, as
			w, err := workspace.Open(cmd.Context(), workspace.Options{Dir: dir, Schemas: schemas})
			if err != nil {
				return err
			}
			defer w.Close()
			makeRoom()
			report, err := a.read(cmd.Context(), w, args, o)
			if err != nil && !unreadable(err) {
				return err
			}
			a.tell(report, report.Notes)
			err2 := a.toOutput("", func(out io.Writer) error {
				for _, name := range slices.Sorted(maps.Keys(report.Tables)) {
					if _, err := fmt.Fprintf(out, "%s\t%d\n", name, report.Tables[name]); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				return err
			}
			return err2
		},
	}
	f := cmd.Flags()
	f.StringVar(&dir, "workspace", "", "the folder `DIR` that keeps the tables")
	f.StringVar(&table, "table", "", "put all rows into table `NAME`")
	f.StringVar(&as, "as", "", "what the files hold, if their content shall not tell: `SOURCE` is "+strings.Join(events.Sources(), ", "))
	f.StringArrayVar(&schemas, "schema", nil, "know the tables of `FILE`, a CSV of table,column,type; may be repeated")
	read.add(cmd)
	return cmd
}
