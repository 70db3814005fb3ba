package events

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"quarry/events/defender"
	"quarry/events/schema"
	"quarry/kql/types"
)

// Sink receives the rows of a load, from one goroutine at a time.
type Sink interface {
	// Table declares a table, or changes the declaration of one: columns may
	// have been appended (null, or "", for earlier rows), and columns of
	// inferred type may have become wider (earlier values as by Widen). Columns
	// never change their place.
	Table(name string, schema types.Schema) error
	// Append adds rows in the columns of the table's last declaration. The
	// block's memory is used again after the call.
	Append(table string, rows *types.Block) error
}

// Options say how to load.
type Options struct {
	// Table takes the rows of all files, if it is set. Windows events are rows
	// as they are then, not mapped.
	Table string
	// As says what the files hold, if their content shall not tell: one of Sources.
	As string
	// Schemas are the known tables; nil is the core set.
	Schemas *schema.Set
	// NoMerge, NoDerive and ClockOffset (in ticks) are as in defender.Options.
	NoMerge, NoDerive bool
	ClockOffset       *int64
	// MaxLine bounds one record, in bytes; 0 is 64 MiB.
	MaxLine int
	// Progress is called about ten times a second and at the end, by the
	// goroutine of Load.
	Progress func(Progress)
}

const (
	defaultMaxLine = 64 << 20
	workers        = 2 // files read at the same time
	ahead          = 8 // parcels a file's reader may be ahead of the writer
	progressEvery  = 100 * time.Millisecond
)

// Load reads files, folders, patterns, archives and standard input ("-") into
// the sink. What goes where is told in doc.go. Bad records go to RejectsTable
// and are counted; a file that cannot be read does not keep the others from
// being loaded.
//
// The error is a *LoadError if everything readable was loaded but some path was
// not readable, the sink's error if that failed, or the context's. The report is
// filled in as far as the load came.
func Load(ctx context.Context, paths []string, opts Options, sink Sink) (Report, error) {
	report := Report{Tables: map[string]int64{}}
	if err := opts.complete(); err != nil {
		return report, err
	}
	var files []file
	files, report.Errors, report.Notes = expand(paths)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	cat := newCatalog(opts.Schemas)
	w := &writing{ctx: ctx, opts: &opts, report: &report, tables: newTables(sink, cat, &report)}
	defer w.close()
	for _, f := range files {
		w.total += f.size
		w.endless = w.endless || f.stream
	}
	lanes := make([]chan parcel, len(files))
	for i := range lanes {
		lanes[i] = make(chan parcel, ahead)
	}
	// The readers take the files in order and the writer wants them in order,
	// so the file that the writer waits for always has a reader.
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(workers, len(files)) {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(files) || ctx.Err() != nil {
					return
				}
				j := job{ctx: ctx, cat: cat, opts: &opts, file: files[i], read: &w.done, send: func(p parcel) error {
					select {
					case lanes[i] <- p:
						return nil
					case <-ctx.Done():
						return ctx.Err()
					}
				}}
				if err := j.run(); err != nil {
					cancel(err)
				}
				close(lanes[i])
			}
		})
	}
	err := w.run(ctx, files, lanes)
	if err != nil {
		cancel(err)
	}
	wg.Wait()
	if err == nil {
		err = w.finish()
	}
	if err == nil && len(report.Errors) > 0 {
		err = &LoadError{report.Errors}
	}
	return report, err
}

func (o *Options) complete() error {
	if o.Schemas == nil {
		set, err := schema.Core()
		if err != nil {
			return err
		}
		o.Schemas = set
	}
	if o.MaxLine <= 0 {
		o.MaxLine = defaultMaxLine
	}
	o.MaxLine = min(o.MaxLine, 1<<30) // offsets inside a record are 32 bits
	if _, ok := forced(o.As); !ok && o.As != "" {
		return fmt.Errorf("unknown source %q; known are %s", o.As, strings.Join(Sources(), ", "))
	}
	if o.Table != "" && !isIdentifier(o.Table) {
		return fmt.Errorf("%q is not a table name: letters, digits and _ only, no digit first", o.Table)
	}
	return nil
}

// writing is the one goroutine that hands rows on, file after file.
type writing struct {
	opts   *Options
	report *Report
	tables *tables
	ctx    context.Context

	mapper  *defender.Mapper
	mapping bool // the current file has brought Windows events
	since   int

	current  *FileReport
	rejected types.Block
	done     atomic.Int64
	total    int64
	endless  bool // some file has no known end
	progress time.Time
}

func (w *writing) run(ctx context.Context, files []file, lanes []chan parcel) error {
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	for i, lane := range lanes {
		w.tell(files[i].path, true)
		for open := true; open; {
			var p parcel
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-tick.C:
				w.tell(files[i].path, false)
				continue
			case p, open = <-lane:
			}
			if !open {
				break
			}
			if err := w.parcel(p); err != nil {
				return err
			}
			w.tell(files[i].path, false)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return nil
}

// tell calls Progress if it is time.
func (w *writing) tell(path string, now bool) {
	if w.opts.Progress == nil || !now && time.Since(w.progress) < progressEvery {
		return
	}
	w.progress = time.Now()
	total := w.total
	if w.endless {
		total = 0
	}
	w.opts.Progress(Progress{File: path, Done: w.done.Load(), Total: total, Rows: w.report.Rows})
}

func (w *writing) parcel(p parcel) error {
	switch {
	case p.begin != nil:
		w.current = p.begin
		w.mapping = false
	case p.end:
		return w.endFile()
	case p.events != nil:
		return w.events(p)
	case p.rejects != nil:
		for _, r := range p.rejects {
			if err := w.reject(r); err != nil {
				return err
			}
		}
	default:
		err := w.tables.append(p.batch, func(column, why string) error {
			return w.reject(reject{table: p.batch.table, column: column, reason: why})
		})
		w.tables.cat.spare.put(p.batch.rows)
		return err
	}
	return nil
}

func (w *writing) reject(r reject) error {
	if w.report.Rejects == 0 {
		w.rejected.Reset(RejectsSchema())
		if err := w.tables.sink.Table(RejectsTable, w.rejected.Schema); err != nil {
			return err
		}
	}
	w.report.Rejects++
	w.report.Tables[RejectsTable]++
	if err := w.rejected.Append(r.row(w.current.Path)); err != nil || w.rejected.Len() < batchRows {
		return err
	}
	return w.sendRejected()
}

func (w *writing) sendRejected() error {
	if w.rejected.Len() == 0 {
		return nil
	}
	err := w.tables.sink.Append(RejectsTable, &w.rejected)
	w.rejected.Reset(w.rejected.Schema)
	return err
}

// events hands Windows events to the mapper.
func (w *writing) events(p parcel) error {
	if w.mapper == nil {
		w.mapper = defender.New(defender.Options{
			NoMerge: w.opts.NoMerge, NoDerive: w.opts.NoDerive, ClockOffset: w.opts.ClockOffset,
		}, w.mapped)
	}
	if !w.mapping {
		w.mapping = true
		form := p.events[0].form.String()
		if form == "" {
			form = formatEVTX.String()
		}
		w.mapper.BeginFile(w.current.Path, form)
	}
	for i := range p.events {
		add := w.mapper.Add
		if p.events[i].row {
			add = w.mapper.AddRow
		}
		if err := add(&p.events[i].Event); err != nil {
			return err
		}
	}
	return nil
}

// mapped takes a row that the mapper made.
func (w *writing) mapped(t *defender.Table, row []types.Value) error {
	if w.since++; w.since%256 == 0 {
		if err := w.ctx.Err(); err != nil {
			return context.Cause(w.ctx)
		}
		w.tell("", false)
	}
	return w.tables.appendRow(t.Name, t.Columns, row, func(column, why string) error {
		return w.reject(reject{table: t.Name, column: column, reason: why})
	})
}

func (w *writing) endFile() error {
	if w.mapping {
		if err := w.mapper.EndFile(); err != nil {
			return err
		}
	}
	f := w.current
	for _, n := range f.Tables {
		f.Rows += n
	}
	w.report.Events += f.Events
	w.report.Bytes += f.Bytes
	w.report.Files = append(w.report.Files, *f)
	if f.Err != nil {
		w.report.Errors = append(w.report.Errors, &FileError{f.Path, f.Err})
	}
	return nil
}

// finish maps the collected Windows events and settles what is open.
func (w *writing) finish() error {
	if w.mapper != nil {
		w.current = &FileReport{Path: "(rows made of Windows events)"}
		m := w.mapper
		w.mapper = nil
		rep, err := m.Finish()
		if err != nil {
			return errors.Join(err, m.Close())
		}
		w.notes(rep)
	}
	if err := w.tables.finish(); err != nil {
		return err
	}
	if err := w.sendRejected(); err != nil {
		return err
	}
	w.tell("", true)
	return nil
}

func (w *writing) notes(rep defender.Report) {
	for _, f := range rep.Files {
		if n := f.Notice(); n != "" {
			w.report.Notes = append(w.report.Notes, n)
		}
	}
	if n := rep.TotalMerged(); n > 0 {
		kinds := make([]string, 0, len(rep.Merged))
		for k, c := range rep.Merged {
			kinds = append(kinds, fmt.Sprintf("%s %d", k, c))
		}
		sort.Strings(kinds)
		w.report.Notes = append(w.report.Notes, fmt.Sprintf("%d records told a fact that another row already has and were merged into it (%s)", n, strings.Join(kinds, ", ")))
	}
	if rep.Derived > 0 {
		w.report.Notes = append(w.report.Notes, fmt.Sprintf("%d rows were derived from share auditing (events 5140 and 5145)", rep.Derived))
	}
	w.report.Mapping = &rep
}

func (w *writing) close() {
	if w.mapper != nil {
		w.mapper.Close()
	}
}
