package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"quarry/simulate"
	"quarry/workspace"
)

func (a *app) simulateCommand() *cobra.Command {
	o := simulate.Options{Length: 24 * time.Hour}
	var dir string
	cmd := &cobra.Command{
		Use:   "simulate [flags] -o DIR",
		Short: "Make logs with planted attacks and the truth about them",
		Long: `Make logs with planted attacks and the truth about them. The same flags give the
same bytes. DIR/events has the rows of the Defender tables, a file for each;
DIR/truth.json says what was planted and what a detection should find.`,
		Example: "  quarry simulate --events 100000 --devices 50 --seed 1 --plant smb-copy-exec -o demo\n  quarry hunt demo/events",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if dir == "" {
				return usagef("name the folder to write to with -o DIR")
			}
			if o.Start.IsZero() {
				o.Start = simulate.DefaultStart
			}
			if err := o.Check(); err != nil {
				return usagef("%v", err)
			}
			return a.simulate(cmd, o, dir)
		},
	}
	f := cmd.Flags()
	f.IntVar(&o.Events, "events", 10_000, "make `N` rows in all")
	f.IntVar(&o.Devices, "devices", 10, "of `N` devices")
	f.Uint64Var(&o.Seed, "seed", 1, "another `N` gives other rows")
	f.StringVar(&o.Plant, "plant", "", "plant the attack `SCENARIO`: "+strings.Join(simulate.Scenarios(), ", "))
	f.Var(timeFlag{&o.Start}, "start", "when the rows begin (default 2026-01-05)")
	f.DurationVar(&o.Length, "length", o.Length, "the time that the rows are spread over")
	f.StringVarP(&dir, "output", "o", "", "write to folder `DIR`")
	return cmd
}

// simulate writes into a folder beside dir and puts it in place when it is complete.
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
	type file struct {
		f *os.File
		w *bufio.Writer
	}
	files := map[string]file{}
	defer func() {
		for _, f := range files {
			f.f.Close()
		}
	}()
	bar := a.progress("simulate", "rows")
	var line []byte
	n := 0
	truth, err := simulate.Generate(o, func(r *simulate.Row) error {
		if n++; n%4096 == 0 {
			if err := cmd.Context().Err(); err != nil {
				return err
			}
			bar.set(int64(n), int64(o.Events), "")
		}
		f, ok := files[r.Table]
		if !ok {
			h, err := os.Create(filepath.Join(partial, r.Table+".ndjson"))
			if err != nil {
				return err
			}
			f = file{h, bufio.NewWriterSize(h, 256<<10)}
			files[r.Table] = f
		}
		line = append(r.AppendJSON(line[:0]), '\n')
		_, err := f.w.Write(line)
		return err
	})
	bar.close()
	if err != nil {
		return err
	}
	var errs []error
	for _, f := range files {
		errs = append(errs, f.w.Flush())
	}
	if err := errors.Join(errs...); err != nil {
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
	return err
}
