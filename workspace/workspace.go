package workspace

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"quarry/events"
	"quarry/events/schema"
	"quarry/hunt"
	"quarry/kql/bind"
	"quarry/kql/source"
	"quarry/kql/types"
)

// The files of a workspace directory.
const (
	databaseFile = "quarry.duckdb"
	schemaFile   = "schemas.csv"
)

// Options say what a workspace is made of. All are optional.
type Options struct {
	// Dir keeps the tables; "" keeps them in memory.
	Dir string
	// MustExist refuses a Dir that holds no workspace yet.
	MustExist bool
	// Schemas are CSV files "table,column,type" of tables to know beside the core ones.
	Schemas []string
	// External is a CSV file "url,file": local copies that stand for external data.
	External string
	// ExternalHosts are asked for external data that has no copy, each "host" or
	// "host:port". None is asked otherwise.
	ExternalHosts []string
	// Functions are saved functions by name.
	Functions map[string]*bind.Function
	// GeoIP is a MaxMind database of cities or countries.
	GeoIP string
	// Watchlists are the files of watchlists by alias; see ReadWatchlist.
	Watchlists map[string]string
	// FileProfiles is a file of what is known of files; see ReadFileProfiles.
	FileProfiles string
}

// Workspace is a set of tables, open.
type Workspace struct {
	*hunt.Session
	Schemas *schema.Set
	dir     string
	places  *places  // nil without a GeoIP database
	fetched *fetcher // nil when no host is allowed
}

// Close gives everything back; files of a workspace are complete afterwards.
func (w *Workspace) Close() error {
	err := errors.Join(w.Session.Close(), w.fetched.Close())
	if w.places != nil {
		err = errors.Join(err, w.places.db.Close())
	}
	return err
}

// Open opens or creates a workspace.
func Open(ctx context.Context, o Options) (*Workspace, error) {
	w := &Workspace{dir: o.Dir}
	config := hunt.Config{Resources: &hunt.Resources{Functions: o.Functions}}
	if o.Dir != "" {
		config.Path = filepath.Join(o.Dir, databaseFile)
		if _, err := os.Stat(config.Path); o.MustExist && errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s is not a workspace; \"quarry ingest --workspace %[1]s FILE...\" makes one", o.Dir)
		}
		if err := os.MkdirAll(o.Dir, 0o700); err != nil {
			return nil, err
		}
	}
	var err error
	if w.Schemas, err = LoadSchemas(o.Dir, o.Schemas); err != nil {
		return nil, err
	}
	config.Resources.Schemas = w.Schemas
	if err := w.external(o, config.Resources); err != nil {
		return nil, err
	}
	if err := w.enrich(ctx, o, config.Resources); err != nil {
		return nil, err
	}
	if w.Session, err = hunt.Open(ctx, config); err != nil {
		if w.places != nil {
			w.places.db.Close()
		}
		return nil, err
	}
	return w, nil
}

// external prepares where externaldata comes from.
func (w *Workspace) external(o Options, r *hunt.Resources) (err error) {
	if o.External == "" && len(o.ExternalHosts) == 0 {
		return nil
	}
	copies := &Copies{loaded: map[string]*bind.Table{}}
	if o.External != "" {
		if copies, err = ReadCopies(o.External); err != nil {
			return err
		}
	}
	if len(o.ExternalHosts) > 0 {
		if copies.fetch, err = newFetcher(o.ExternalHosts); err != nil {
			return err
		}
		w.fetched = copies.fetch
	}
	r.External = copies
	return nil
}

// enrich reads what queries may ask about the world outside the evidence.
func (w *Workspace) enrich(ctx context.Context, o Options, r *hunt.Resources) (err error) {
	r.Watchlists = map[string]*types.Rows{}
	for alias, file := range o.Watchlists {
		if r.Watchlists[alias], err = ReadWatchlist(ctx, file); err != nil {
			return err
		}
	}
	if o.FileProfiles != "" {
		if r.FileProfiles, err = ReadFileProfiles(ctx, o.FileProfiles); err != nil {
			return err
		}
	}
	if o.GeoIP != "" { // last: what comes after would have to close it
		if w.places, err = openPlaces(o.GeoIP); err != nil {
			return err
		}
		r.Geo = w.places
	}
	return nil
}

// LoadSchemas is the set of the core tables, those imported into the workspace at dir
// ("" is none), and those of further CSV files.
func LoadSchemas(dir string, files []string) (*schema.Set, error) {
	set, err := schema.Core()
	if err != nil {
		return nil, err
	}
	if dir != "" {
		own := filepath.Join(dir, schemaFile)
		if _, err := os.Stat(own); err == nil {
			files = append([]string{own}, files...)
		}
	}
	for _, name := range files {
		if err := importSchemas(set, name); err != nil {
			return nil, err
		}
	}
	return set, nil
}

func importSchemas(set *schema.Set, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	return set.Import(f, name)
}

// ImportSchemas keeps the schemas of CSV files in a workspace directory and returns
// the names of the tables it now knows beside the core ones.
func ImportSchemas(dir string, files []string) ([]string, error) {
	set := schema.New()
	own := filepath.Join(dir, schemaFile)
	if _, err := os.Stat(own); err == nil {
		files = append([]string{own}, files...)
	}
	for _, name := range files {
		if err := importSchemas(set, name); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	err := WriteFile(own, func(f *os.File) error { return set.WriteCSV(f) })
	return set.Names(), err
}

// Load reads files into the tables. What was readable is loaded even if the error is
// an *events.LoadError.
func (w *Workspace) Load(ctx context.Context, paths []string, o events.Options) (events.Report, error) {
	if o.Schemas == nil {
		o.Schemas = w.Schemas
	}
	sink := newSink(ctx, w.Store())
	// The engine takes rows from one thread; of two, one would wait busily for the other
	// and take the reader's processor. It packs what is left with all of them.
	threads := func(n int) {
		_ = w.Store().DB().SetThreads(context.WithoutCancel(ctx), n) // refused in a database that is locked down
	}
	threads(1)
	report, err := events.Load(ctx, paths, o, sink)
	threads(0)
	var unreadable *events.LoadError
	if err != nil && !errors.As(err, &unreadable) {
		sink.abort()
		return report, err
	}
	return report, errors.Join(sink.close(), err)
}

// Counts is the number of rows of each stored table.
func (w *Workspace) Counts(ctx context.Context) (map[string]int64, error) {
	counts := map[string]int64{}
	for _, t := range w.Store().Tables() {
		n, err := w.Store().Count(ctx, t.Name)
		if err != nil {
			return nil, err
		}
		counts[t.Name] = n
	}
	return counts, nil
}

// Newest is the latest time of an event in the named tables; zero if none has a time.
func (w *Workspace) Newest(ctx context.Context, tables map[string]int64) (time.Time, error) {
	newest := int64(-1)
	for name, n := range tables {
		schema, _ := w.Schema(name)
		for _, column := range []string{"TimeGenerated", "Timestamp"} {
			i := schema.Index(column)
			if n == 0 || i < 0 || schema[i].Type != types.Datetime {
				continue
			}
			rows, _, err := w.All(ctx, hunt.Request{Text: source.New("", fmt.Sprintf("table(%s) | summarize max(%s)", hunt.AppendJSONString(nil, name), column), 0)}, 1)
			if err != nil {
				return time.Time{}, err
			}
			if t, ok := rows.Values[0][0].(int64); ok {
				newest = max(newest, t)
			}
			break
		}
	}
	if newest < 0 {
		return time.Time{}, nil
	}
	return types.ToTime(newest), nil
}

// WriteFile writes a file through a temporary one, so that it is there as a whole or
// not at all.
func WriteFile(path string, write func(*os.File) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.partial")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // which is gone once it has been renamed
	if err := errors.Join(write(f), f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
