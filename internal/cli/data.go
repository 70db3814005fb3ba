package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"quarry/events"
	"quarry/workspace"
)

// dataFlags say what tables a command works on.
type dataFlags struct {
	data      []string
	workspace string
	schemas   []string
	external  string
	hosts     []string // that may be asked for external data
	now       time.Time
	enrich    enrichFlags
}

func (d *dataFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVar(&d.data, "data", nil, "load `PATH`: a file, a folder, a pattern, or \"-\" for standard input (table standard_input); may be repeated")
	d.addWorkspace(cmd)
	f.StringArrayVar(&d.schemas, "schema", nil, "know the tables of `FILE`, a CSV of table,column,type; may be repeated")
	d.addExternal(cmd)
	f.Var(timeFlag{&d.now}, "now", "what now() answers, instead of the clock")
	d.enrich.add(cmd)
}

func (d *dataFlags) addWorkspace(cmd *cobra.Command) {
	cmd.Flags().StringVar(&d.workspace, "workspace", "", "work on the tables that folder `DIR` keeps, not only in memory")
}

func (d *dataFlags) addExternal(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&d.external, "external-data", "", "read externaldata from the copies that `FILE`, a CSV of url,file, names")
	f.StringArrayVar(&d.hosts, "external-host", nil, "fetch externaldata that has no local copy from `HOST` (host or host:port), and from no other; may be repeated")
}

// open opens the tables and loads the data.
func (a *app) open(ctx context.Context, d *dataFlags) (*workspace.Workspace, error) {
	w, problems, err := openSpace(ctx, d, nil)
	for i, p := range problems {
		if i == maxTold {
			fmt.Fprintf(a.stderr, "note: and %d more\n", len(problems)-i)
			break
		}
		fmt.Fprintf(a.stderr, "note: %s\n", p.Error())
	}
	if err != nil || len(d.data) == 0 {
		return w, err
	}
	if _, err := a.load(ctx, w, d.data, events.Options{}); err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}

// load reads files into the tables and tells what a person should know about it. What
// cannot be read is an error; the rest is loaded.
func (a *app) load(ctx context.Context, w *workspace.Workspace, paths []string, o events.Options) (events.Report, error) {
	report, err := a.read(ctx, w, paths, o)
	a.tell(report, report.Notes)
	return report, err
}

const maxTold = 20

// tell prints the remarks of a load, and the given notes about it, to standard error.
func (a *app) tell(r events.Report, notes []string) {
	var remarks []string
	for _, f := range r.Files {
		for _, warning := range f.Warnings {
			remarks = append(remarks, f.Path+": "+warning)
		}
		if f.Skipped != "" {
			remarks = append(remarks, f.Path+" was passed over: "+f.Skipped)
		}
	}
	remarks = append(remarks, notes...)
	if r.Rejects > 0 {
		remarks = append(remarks, fmt.Sprintf("%s not loaded; the table %s tells which and why", plural(r.Rejects, "record was", "records were"), events.RejectsTable))
	}
	a.tellAll(remarks)
}

// tellAll prints notes to standard error, at most maxTold of them.
func (a *app) tellAll(notes []string) {
	for i, text := range notes {
		if i == maxTold {
			fmt.Fprintf(a.stderr, "note: and %d more\n", len(notes)-i)
			break
		}
		fmt.Fprintf(a.stderr, "note: %s\n", text)
	}
}

func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// unreadable reports whether an error is only about files that could not be read.
func unreadable(err error) bool {
	var e *events.LoadError
	return errors.As(err, &e)
}
