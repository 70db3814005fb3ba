package workspace

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"quarry/events"
	"quarry/simulate"
)

type lineFile struct {
	f *os.File
	*bufio.Writer
}

func (l *lineFile) Close() error { return errors.Join(l.Flush(), l.f.Close()) }

// BenchmarkIngest brings simulated rows into a workspace on disk: those of one wide
// table, and those of many.
func BenchmarkIngest(b *testing.B) {
	for _, c := range []struct{ name, tables string }{{"wide", "DeviceProcessEvents"}, {"mix", ""}} {
		b.Run(c.name, func(b *testing.B) {
			dir := b.TempDir()
			o := simulate.DefaultOptions()
			o.Events, o.Devices, o.Tables = 50_000, 50, c.tables
			_, err := simulate.Generate(context.Background(), o, func(table string) (io.WriteCloser, error) {
				f, err := os.Create(filepath.Join(dir, table+".ndjson"))
				return &lineFile{f, bufio.NewWriter(f)}, err
			}, nil)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				w := open(b, Options{Dir: b.TempDir()})
				if _, err := w.Load(context.Background(), []string{dir}, events.Options{}); err != nil {
					b.Fatal(err)
				}
				if err := w.Close(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(o.Events)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
