package schema

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"

	"quarry/kql/types"
)

//go:embed tables.txt
var coreText string

// Set is a set of table schemas. Names are matched exactly first, then without
// regard to case. A Set may be read from several goroutines, but not while
// Import or Add runs.
type Set struct {
	tables map[string]types.Schema
	lower  map[string]string // lower-case name -> name
}

// New returns an empty set.
func New() *Set {
	return &Set{tables: map[string]types.Schema{}, lower: map[string]string{}}
}

// Core returns a new set with the tables that Quarry knows by itself.
func Core() (*Set, error) {
	s := New()
	if err := s.parse(coreText); err != nil {
		return nil, fmt.Errorf("core schemas: %w", err)
	}
	return s, nil
}

// parse reads the form of tables.txt: "Table: column:type, ..." with
// continuation lines that start with white space, and "#" comment lines.
func (s *Set) parse(text string) error {
	name := ""
	for n, line := range strings.Split(text, "\n") {
		rest := line
		switch {
		case strings.TrimSpace(line) == "" || line[0] == '#':
			continue
		case line[0] != ' ' && line[0] != '\t':
			var ok bool
			if name, rest, ok = strings.Cut(line, ":"); !ok {
				return fmt.Errorf("line %d: no colon after the table's name", n+1)
			}
			if _, dup := s.Table(name); dup {
				return fmt.Errorf("line %d: table %s is listed twice", n+1, name)
			}
			s.Add(name, nil)
		case name == "":
			return fmt.Errorf("line %d: columns before any table", n+1)
		}
		cols := s.tables[name]
		for item := range strings.SplitSeq(rest, ",") {
			if item = strings.TrimSpace(item); item == "" {
				continue
			}
			col, typ, _ := strings.Cut(item, ":")
			t, ok := types.Parse(typ)
			if !ok {
				return fmt.Errorf("line %d: column %s of %s has the unknown type %q", n+1, col, name, typ)
			}
			if cols.Index(col) >= 0 {
				return fmt.Errorf("line %d: column %s of %s is listed twice", n+1, col, name)
			}
			cols = append(cols, types.Column{Name: col, Type: t})
		}
		s.tables[name] = cols
	}
	return nil
}

// Add puts a table into the set, in place of one of the same name in any case.
func (s *Set) Add(name string, cols types.Schema) {
	low := strings.ToLower(name)
	if old, ok := s.lower[low]; ok {
		delete(s.tables, old)
	}
	s.lower[low] = name
	s.tables[name] = cols
}

// Resolve returns the set's own spelling of a table name.
func (s *Set) Resolve(name string) (string, bool) {
	if _, ok := s.tables[name]; ok {
		return name, true
	}
	own, ok := s.lower[strings.ToLower(name)]
	return own, ok
}

// Table returns the columns of a table. The caller must not change them.
func (s *Set) Table(name string) (types.Schema, bool) {
	own, ok := s.Resolve(name)
	return s.tables[own], ok
}

// Names lists the tables in alphabetical order.
func (s *Set) Names() []string {
	names := make([]string, 0, len(s.tables))
	for n := range s.tables {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// Nearest returns the table whose name differs least from the given one, for a
// "did you mean" hint, or "" when none is near (more than a third of the
// letters would have to change).
func (s *Set) Nearest(name string) string {
	best, least := "", len(name)/3+1
	want := strings.ToLower(name)
	for _, n := range s.Names() {
		if d := distance(want, strings.ToLower(n), least); d < least {
			best, least = n, d
		}
	}
	return best
}

// distance is the Levenshtein distance, or limit when it is not below limit.
func distance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diag, least := row[0], i+1
		row[0] = i + 1
		for j := range len(b) {
			cost := diag
			if a[i] != b[j] {
				cost++
			}
			diag = row[j+1]
			row[j+1] = min(cost, row[j]+1, diag+1)
			least = min(least, row[j+1])
		}
		if least >= limit {
			return limit
		}
	}
	return min(row[len(b)], limit)
}

// maxImportErrors bounds how many bad lines one Import reports.
const maxImportErrors = 20

// Import reads CSV lines "table,column,type"; a first line with exactly these
// words is a header. A table that occurs in the file replaces the one of that
// name in the set. On any bad line nothing is imported, and the error names
// each by file (the given name) and line.
func (s *Set) Import(r io.Reader, name string) error {
	in := csv.NewReader(r)
	in.FieldsPerRecord = -1
	in.ReuseRecord = true
	fresh := New()
	var order []string
	var bad ImportError
	report := func(line int, format string, args ...any) {
		bad = append(bad, fmt.Sprintf("%s:%d: ", name, line)+fmt.Sprintf(format, args...))
	}
	for first := true; len(bad) < maxImportErrors; first = false {
		rec, err := in.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			if pe, ok := err.(*csv.ParseError); ok {
				report(pe.Line, "%v", pe.Err)
				break
			}
			return fmt.Errorf("%s: %w", name, err)
		}
		line, _ := in.FieldPos(0)
		if len(rec) != 3 {
			report(line, "%d fields; a line is table,column,type", len(rec))
			continue
		}
		for i := range rec {
			rec[i] = strings.TrimSpace(strings.TrimPrefix(rec[i], "\ufeff"))
		}
		if first && strings.EqualFold(rec[0], "table") && strings.EqualFold(rec[1], "column") && strings.EqualFold(rec[2], "type") {
			continue
		}
		table, col := strings.Clone(rec[0]), strings.Clone(rec[1])
		typ, ok := types.Parse(rec[2])
		switch {
		case table == "" || col == "":
			report(line, "the table or the column has no name")
			continue
		case !ok:
			report(line, "unknown type %q of %s.%s; types are bool, int, long, real, decimal, string, datetime, timespan, guid, dynamic", rec[2], table, col)
			continue
		}
		cols, seen := fresh.tables[table]
		if !seen {
			if other, clash := fresh.Resolve(table); clash {
				report(line, "table %s differs from %s above only in case", table, other)
				continue
			}
			order = append(order, table)
			fresh.lower[strings.ToLower(table)] = table
		}
		if cols.Index(col) >= 0 {
			report(line, "column %s.%s is listed twice", table, col)
			continue
		}
		fresh.tables[table] = append(cols, types.Column{Name: col, Type: typ})
	}
	if bad != nil {
		return bad
	}
	for _, t := range order {
		s.Add(t, fresh.tables[t])
	}
	return nil
}

// ImportError lists the bad lines of an imported schema file.
type ImportError []string

func (e ImportError) Error() string { return strings.Join(e, "\n") }

// WriteCSV writes the named tables, or all of them, in the form Import reads.
func (s *Set) WriteCSV(w io.Writer, tables ...string) error {
	if len(tables) == 0 {
		tables = s.Names()
	}
	out := csv.NewWriter(w)
	if err := out.Write([]string{"table", "column", "type"}); err != nil {
		return err
	}
	for _, name := range tables {
		own, ok := s.Resolve(name)
		if !ok {
			return s.Unknown(name)
		}
		for _, c := range s.tables[own] {
			if err := out.Write([]string{own, c.Name, c.Type.String()}); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}

// Unknown is the error for a table that the set does not have.
func (s *Set) Unknown(name string) error {
	if near := s.Nearest(name); near != "" {
		return fmt.Errorf("unknown table %q; did you mean %q?", name, near)
	}
	return fmt.Errorf("unknown table %q", name)
}
