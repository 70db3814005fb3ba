package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"quarry/simulate"
	"quarry/workspace"
)

func (a *app) simulateCommand() *cobra.Command {
	o := simulate.DefaultOptions()
	var dir string
	cmd := &cobra.Command{
		Use:   "simulate [flags] -o DIR",
		Short: "Make logs with planted attacks and the truth about them",
		Long: `Make logs with planted attacks and the truth about them. The same flags give the
same bytes, on any machine. DIR/events has the rows, a file for each table: those
of the Defender tables, sign-ins, audit logs, e-mail and more. DIR/truth.json says
what was planted, in which rows, and which rules should find it.

One file server, fs01, has a large share of the rows (--hot-share); people work
from Monday to Friday. The tables can be chosen, with their weights:
--tables DeviceFileEvents=2,DeviceLogonEvents makes two rows of the one for each
of the other.

Scenarios to plant are ` + strings.Join(simulate.Scenarios(), ",\n") + `.`,
		Example: "  quarry simulate --events 100000 --devices 50 --seed 1 --plant all -o demo\n  quarry hunt demo/events",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if dir == "" {
				return usagef("name the folder to write to with -o DIR")
			}
			if err := o.Check(); err != nil {
				return usagef("%v", err)
			}
			return a.simulate(cmd, o, dir)
		},
	}
	f := cmd.Flags()
	f.IntVar(&o.Events, "events", o.Events, "make `N` rows in all")
	f.IntVar(&o.Devices, "devices", o.Devices, "of `N` devices")
	f.Uint64Var(&o.Seed, "seed", o.Seed, "another `N` gives other rows")
	f.StringVar(&o.Plant, "plant", "", "plant the attacks of `SCENARIOS`, separated by commas, or \"all\"")
	f.StringVar(&o.Tables, "tables", "", "make rows only of `TABLES`, NAME or NAME=WEIGHT, separated by commas")
	f.Float64Var(&o.HotShare, "hot-share", o.HotShare, "the `PART` of the rows that one file server has, 0 to 0.9")
	f.StringVar((*string)(&o.Format), "format", string(o.Format), "write `FORMAT`: ndjson or parquet")
	f.Var(timeFlag{&o.Start}, "start", "when the rows begin")
	f.DurationVar(&o.Length, "length", o.Length, "the time that the rows are spread over")
	f.StringVarP(&dir, "output", "o", "", "write to folder `DIR`")
	return cmd
}

// simulate writes into a folder beside dir/events and puts it in place when it is
// complete.
func (a *app) simulate(cmd *cobra.Command, o simulate.Options, dir string) (err error) {
	events := filepath.Join(dir, "events")
	if _, err := os.Stat(events); err == nil {
		return fmt.Errorf("%s exists already; name another folder or remove it", events)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	partial, err := os.MkdirTemp(dir, ".events-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(partial)
	if err := os.Chmod(partial, 0o755); err != nil {
		return err
	}
	bar := a.progress("simulate", "rows")
	create := func(table string) (io.WriteCloser, error) {
		f, err := os.Create(filepath.Join(partial, table+"."+string(o.Format)))
		return &bufferedFile{f, bufio.NewWriterSize(f, 256<<10)}, err
	}
	truth, err := simulate.Generate(cmd.Context(), o, create, func(rows int) { bar.set(int64(rows), int64(o.Events)) })
	bar.close()
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(truth, "", "  ")
	if err != nil {
		return err
	}
	err = workspace.WriteFile(filepath.Join(dir, "truth.json"), func(f *os.File) error { _, err := f.Write(append(text, '\n')); return err })
	if err != nil {
		return err
	}
	if err := os.Rename(partial, events); err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "%s in %s, the truth in %s\n", plural(int64(o.Events), "row", "rows"), events, filepath.Join(dir, "truth.json"))
	if err != nil || len(truth.Plants) == 0 {
		return err
	}
	found := 0
	for _, p := range truth.Plants {
		if p.Expect == "fires" {
			found++
		}
	}
	_, err = fmt.Fprintf(a.stdout, "planted: %s to be found, %s\n", plural(int64(found), "chain", "chains"), plural(int64(len(truth.Plants)-found), "near miss", "near misses"))
	return err
}

// bufferedFile writes in large pieces.
type bufferedFile struct {
	f *os.File
	*bufio.Writer
}

func (b *bufferedFile) Close() error { return errors.Join(b.Flush(), b.f.Close()) }
