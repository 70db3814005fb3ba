package duckdb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	b "github.com/duckdb/duckdb-go-bindings"

	"quarry/kql/types"
)

// Options say where a database lives and what it may use.
type Options struct {
	Path        string // file; "" keeps the database in memory
	ReadOnly    bool   // open the file without the right to change it
	MemoryLimit int64  // bytes; 0 is half of the machine's memory, at most 16 GiB
	SpillLimit  int64  // bytes of temporary files; 0 is ten times the memory limit
	HoldLimit   int64  // bytes that Go operators of all queries hold at a time; 0 is a quarter of the memory limit
	TempDir     string // where spill files go; "" is a private directory that Close removes
	Threads     int    // 0 is one for each processor
}

const maxDefaultMemory = 16 << 30

// DB is an open database. It is safe for concurrent use.
type DB struct {
	handle      b.Database
	memory      int64 // the limits in bytes
	spill       int64
	holdLimit   int64
	held        atomic.Int64 // by Go operators that run
	threads     int          // 0 is one for each processor
	temp        string
	privateTemp bool
	file        string // the key in openFiles

	mu     sync.Mutex
	idle   []*Conn
	inUse  int
	closed bool

	stops     sync.Map // of connections by their number: *atomic.Bool, see Conn.stop
	functions struct {
		sync.Mutex
		byName map[string]signature
	}
	spool struct { // see spool.go
		sync.Mutex
		catalog string // set once
		lastID  atomic.Int64
	}
}

// Open opens or creates a database. It never loads anything over the network.
func Open(o Options) (*DB, error) {
	db := &DB{temp: o.TempDir, threads: o.Threads}
	makeRoom()
	db.functions.byName = map[string]signature{}
	if o.TempDir == "" {
		// A directory of our own keeps the log data in spill files away from other users.
		dir, err := os.MkdirTemp("", "quarry-spill-")
		if err != nil {
			return nil, &Error{Kind: IO, Message: "cannot create a directory for spill files: " + err.Error()}
		}
		db.temp, db.privateTemp = dir, true
	}
	settings := [][2]string{
		{"autoinstall_known_extensions", "false"},
		{"autoload_known_extensions", "false"},
		{"allow_community_extensions", "false"},
		{"preserve_insertion_order", "true"},
		{"write_buffer_row_group_count", "1"}, // rows are packed while others are read, not all at the end
		// A join hands so many keys of its small side to the scan of the large one as they
		// are; a Bloom filter, used beyond, lets a hundredth of the rows through, which are
		// a few of every vector.
		{"dynamic_or_filter_threshold", "2000"},
		{"temp_directory", db.temp},
	}
	if o.ReadOnly {
		settings = append(settings, [2]string{"access_mode", "READ_ONLY"})
	}
	if o.Threads > 0 {
		settings = append(settings, [2]string{"threads", strconv.Itoa(o.Threads)})
	}
	if err := db.open(o.Path, settings); err != nil {
		return nil, errors.Join(err, db.free())
	}
	if err := db.setLimits(o); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// openFiles are the database files that this process has open. DuckDB's file
// lock holds off other processes only; two handles in one process would destroy
// the file. This is the one state of the package, as it belongs to the process.
var openFiles sync.Map

// claim refuses a file that is open already.
func (db *DB) claim(path string) error {
	if path == "" || path == ":memory:" {
		return nil
	}
	file, err := filepath.Abs(path)
	if err == nil {
		// A file that does not exist yet still has a directory that may be a link.
		if dir, err := filepath.EvalSymlinks(filepath.Dir(file)); err == nil {
			file = filepath.Join(dir, filepath.Base(file))
		}
		if real, err := filepath.EvalSymlinks(file); err == nil {
			file = real
		}
	}
	if _, taken := openFiles.LoadOrStore(file, true); taken {
		return &Error{Kind: IO, Message: fmt.Sprintf("cannot open the database %s: it is open in this process already", path)}
	}
	db.file = file
	return nil
}

func (db *DB) open(path string, settings [][2]string) error {
	if strings.IndexByte(path, 0) >= 0 {
		return &Error{Kind: IO, Message: "a database path must not contain a NUL byte"}
	}
	if err := db.claim(path); err != nil {
		return err
	}
	var config b.Config
	if b.CreateConfig(&config) == b.StateError {
		return internalf("", "cannot create a DuckDB configuration")
	}
	defer b.DestroyConfig(&config)
	for _, s := range settings {
		if b.SetConfig(config, s[0], s[1]) == b.StateError {
			return internalf("", "DuckDB refuses the setting %s = %s", s[0], s[1])
		}
	}
	var message string
	if b.OpenExt(path, &db.handle, config, &message) == b.StateError {
		b.Close(&db.handle)
		e := db.newError(message, "")
		reason := e.Message
		if _, holder, ok := strings.Cut(reason, "Conflicting lock is held in "); ok {
			holder, _, _ = strings.Cut(holder, ". See also")
			reason = "it is in use by " + holder + "; stop that process first"
		}
		e.Message = fmt.Sprintf("cannot open the database %s: %s", path, reason)
		return e
	}
	return nil
}

// setLimits needs the open database: DuckDB knows the machine's memory (and a
// container's share of it), its default limit being 80 % of that.
func (db *DB) setLimits(o Options) error {
	ctx := context.Background()
	c, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Release()
	db.memory, db.spill = o.MemoryLimit, o.SpillLimit
	if db.memory <= 0 {
		rows, err := c.Collect(ctx, "SELECT CAST(current_setting('memory_limit') AS VARCHAR)", types.Schema{{Name: "limit", Type: types.String}})
		if err != nil {
			return err
		}
		db.memory = min(parseBytes(rows.Values[0][0].(string))/8*5, maxDefaultMemory)
	}
	if db.holdLimit = o.HoldLimit; db.holdLimit <= 0 {
		db.holdLimit = db.memory / 4
	}
	if db.spill <= 0 {
		db.spill = 10 * db.memory
	}
	return c.Exec(ctx, fmt.Sprintf("SET memory_limit = '%dB'; SET max_temp_directory_size = '%dB'; SET GLOBAL TimeZone = 'UTC'", db.memory, db.spill))
}

// parseBytes reads what DuckDB prints for a size, "18.8 GiB". What cannot be
// read counts as 4 GiB, a limit that every supported machine bears.
func parseBytes(s string) int64 {
	number, unit, _ := strings.Cut(s, " ")
	f, err := strconv.ParseFloat(number, 64)
	shift := map[string]int{"bytes": 0, "KiB": 10, "MiB": 20, "GiB": 30, "TiB": 40, "PiB": 50}
	n, known := shift[unit]
	if err != nil || !known || f <= 0 {
		return 4 << 30
	}
	return int64(f * float64(int64(1)<<n))
}

// MemoryLimit is the limit in force, in bytes.
func (db *DB) MemoryLimit() int64 { return db.memory }

// Held is what Go operators hold now, in bytes.
func (db *DB) Held() int64 { return db.held.Load() }

// SetThreads sets the number of threads that all queries together use; 0 is what Options
// asked for. Queries that run take it up at their next step.
func (db *DB) SetThreads(ctx context.Context, n int) error {
	if n <= 0 {
		n = db.threads
	}
	if n <= 0 {
		return db.Exec(ctx, "RESET threads")
	}
	return db.Exec(ctx, fmt.Sprintf("SET threads = %d", n))
}

// LockDown takes away, for good, the right of SQL to read and write files and
// to change settings. The database file, spill files and the directories named
// stay reachable; Parquet export needs its target directory among them.
func (db *DB) LockDown(ctx context.Context, directories ...string) error {
	if err := db.attachSpool(ctx); err != nil {
		return err
	}
	quoted := make([]string, len(directories))
	for i, d := range directories {
		quoted[i] = QuoteString(d)
	}
	return db.Exec(ctx, fmt.Sprintf("SET allowed_directories = [%s]; SET enable_external_access = false; SET lock_configuration = true",
		strings.Join(quoted, ", ")))
}

// Exec runs statements on a connection of its own.
func (db *DB) Exec(ctx context.Context, sql string) error {
	c, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Release()
	return c.Exec(ctx, sql)
}

// Conn takes a connection from the pool. The caller releases it.
func (db *DB) Conn(ctx context.Context) (*Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.closed {
		return nil, &Error{Message: "the database is closed"}
	}
	if n := len(db.idle); n > 0 {
		c := db.idle[n-1]
		db.idle = db.idle[:n-1]
		db.inUse++
		c.released = false
		return c, nil
	}
	c := &Conn{db: db}
	if b.Connect(db.handle, &c.handle) == b.StateError {
		return nil, &Error{Message: "DuckDB refuses a new connection"}
	}
	c.id = connectionID(c.handle)
	db.stops.Store(c.id, &c.stop)
	db.inUse++
	return c, nil
}

// release puts c back. The last connection of a closed database ends it.
func (db *DB) release(c *Conn) {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.inUse--
	if !db.closed && len(db.idle) < 2*runtime.GOMAXPROCS(0) {
		db.idle = append(db.idle, c)
		return
	}
	db.disconnect(c)
	if db.closed && db.inUse == 0 {
		db.free()
	}
}

func (db *DB) disconnect(c *Conn) {
	db.stops.Delete(c.id)
	b.Disconnect(&c.handle)
}

// stopOf is set when what runs on a connection has to end.
func (db *DB) stopOf(connection uint64) *atomic.Bool {
	if stop, ok := db.stops.Load(connection); ok {
		return stop.(*atomic.Bool)
	}
	return new(atomic.Bool)
}

// Close writes what is pending and closes the database. Connections that are
// still in use keep it open until they are released, but their spill files go at
// once: the process may end before its queries do, and log data must not stay behind.
// A query that has to spill after that fails.
func (db *DB) Close() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.closed {
		return nil
	}
	db.closed = true
	for _, c := range db.idle {
		db.disconnect(c)
	}
	db.idle = nil
	if db.inUse > 0 {
		if db.privateTemp {
			_ = os.RemoveAll(db.temp) // free tries again and tells
		}
		return nil
	}
	return db.free()
}

// free closes the database and gives up what it holds outside.
func (db *DB) free() error {
	b.Close(&db.handle)
	if db.file != "" {
		openFiles.Delete(db.file)
	}
	if !db.privateTemp {
		return nil
	}
	return os.RemoveAll(db.temp)
}
