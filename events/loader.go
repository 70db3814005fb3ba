package events

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
	"unsafe"

	"quarry/events/winevent"
	"quarry/kql/types"
)

// loader turns the records of one file (or archive member) into batches. It
// runs beside the loaders of other files and shares nothing with them that
// changes.
type loader struct {
	ctx    context.Context
	cat    *catalog
	opts   *Options
	base   string // the file's name without folders and extensions
	report *FileReport
	send   func(parcel) error

	shapes  map[string]*shape
	last    *shape
	key     []byte
	cells   []cell
	writers map[string]*writer
	order   []*writer

	events  []event
	rejects []reject
	warned  map[string]int
	form    winevent.Form

	invalidUTF8, duplicateKeys int64
	since                      int // records since the context was looked at
}

// parcel is what travels from a loader to the one goroutine that writes.
type parcel struct {
	batch   batch
	events  []event
	rejects []reject
	begin   *FileReport // a file starts
	end     bool        // it ends
}

// shape is a sequence of member names; records of one source have few.
type shape struct {
	raw   []string // as in the text, escapes included
	names []string // "" for a repeated name, of which the last one counts
	dups  bool

	windows bool // a Windows event by its names
	nested  int  // the member "properties" of a streaming envelope, or -1
	naming  []int
	union   bool // rows of several tables in the columns of all
	actions bool // the action of a row decides between tables that fit alike
	action  int  // the member ActionType, or -1
	fixed   *binding
	byValue map[told]*binding
	all     map[*writer]*binding
}

// told is what a row says about its table: the value of a member, or with
// member -1 its action and the names of what it holds.
type told struct {
	member int
	value  string
}

// binding is how the records of a shape go into one table.
type binding struct {
	w    *writer
	cols []int
}

// maxShapes bounds what is remembered of sources whose member names are data.
const maxShapes = 10000

// maxNameLength bounds a column's name in bytes, as Kusto does in characters.
const maxNameLength = 1024

func (l *loader) init() {
	l.shapes = map[string]*shape{}
	l.writers = map[string]*writer{}
	l.warned = map[string]int{}
}

// object takes one JSON object.
func (l *loader) object(b []byte, fields []field, line, offset int64) error {
	if err := l.tick(); err != nil {
		return err
	}
	if len(fields) == 0 {
		return l.reject(line, offset, "the object is empty", b)
	}
	if !utf8.Valid(b) {
		l.invalidUTF8++
		s := scanner{b: bytes.ToValidUTF8(b, []byte("\uFFFD"))}
		if s.object(0) < 0 { // replacing bytes inside strings keeps JSON JSON
			return l.reject(line, offset, "not valid UTF-8", b)
		}
		b, fields = s.b, s.fields
	}
	text := unsafe.String(&b[0], len(b)) // b itself: what outlives the call is copied
	sh := l.shapeOf(text, fields, nil)
	if sh.dups {
		l.duplicateKeys++
	}
	if sh.windows {
		if done, err := l.windows(b, sh, line, offset); done || err != nil {
			return err
		}
	}
	if sh.nested >= 0 && fields[sh.nested].value.kind == kindObject {
		if table, ok := l.envelopeTable(sh, text, fields); ok {
			return l.unwrap(table, text, fields, sh, line, offset)
		}
	}
	l.cells = l.cells[:0]
	for _, f := range fields {
		l.cells = append(l.cells, cell{kind: f.value.kind, text: text[f.value.from:f.value.to]})
	}
	return l.record(sh, l.cells, text, line, offset)
}

// tick looks at the context now and then.
func (l *loader) tick() error {
	if l.since++; l.since >= 256 {
		l.since = 0
		return l.ctx.Err()
	}
	return nil
}

// shapeOf finds the shape of the members, after names that come first.
func (l *loader) shapeOf(text string, fields []field, first []string) *shape {
	same := func(sh *shape) bool {
		if sh == nil || len(sh.raw) != len(first)+len(fields) || !slices.Equal(sh.raw[:len(first)], first) {
			return false
		}
		for i, f := range fields {
			if sh.raw[len(first)+i] != text[f.key.from:f.key.to] {
				return false
			}
		}
		return true
	}
	if same(l.last) {
		return l.last
	}
	l.key = l.key[:0]
	for _, n := range first {
		l.key = append(append(l.key, n...), '"')
	}
	for _, f := range fields {
		l.key = append(append(l.key, text[f.key.from:f.key.to]...), '"')
	}
	sh, ok := l.shapes[string(l.key)]
	if !ok {
		if len(l.shapes) >= maxShapes {
			clear(l.shapes)
		}
		raw := slices.Clone(first)
		for _, f := range fields {
			raw = append(raw, strings.Clone(text[f.key.from:f.key.to]))
		}
		names := slices.Clone(raw)
		for i, n := range names {
			if strings.IndexByte(n, '\\') >= 0 && i >= len(first) {
				names[i] = unescape(n)
			}
		}
		sh = l.newShape(names)
		sh.raw = raw
		if first == nil && l.opts.Table == "" && (l.asWindows() || l.opts.As == "") {
			sh.windows = l.asWindows() || winevent.LooksLike([]byte(text)) != winevent.NotEvent
		}
		l.shapes[string(l.key)] = sh
	}
	l.last = sh
	return sh
}

func (l *loader) newShape(names []string) *shape {
	sh := &shape{nested: -1, action: -1, byValue: map[told]*binding{}, all: map[*writer]*binding{}}
	seen := map[string]int{}
	for i, name := range names {
		if len(name) > maxNameLength {
			name = strings.ToValidUTF8(name[:maxNameLength], "")
		}
		if name == "" {
			name = "Column" + strconv.Itoa(i+1)
		}
		if before, dup := seen[name]; dup {
			sh.names[before], sh.dups = "", true
		}
		seen[name] = i
		sh.names = append(sh.names, name)
	}
	if l.opts.Table != "" {
		return sh
	}
	for _, n := range []string{"$table", "TableName", "Type", "category", "Category"} {
		if i, ok := seen[n]; ok {
			sh.naming = append(sh.naming, i)
		}
	}
	if i, ok := seen["properties"]; ok && len(sh.naming) > 0 {
		sh.nested = i
	}
	if i, ok := seen["ActionType"]; ok {
		sh.action = i
	}
	return sh
}

// record routes a record and adds it to its table.
func (l *loader) record(sh *shape, cells []cell, text string, line, offset int64) error {
	b, err := l.route(sh, cells)
	if err != nil {
		return err
	}
	return l.add(b, cells, text, line, offset)
}

func (l *loader) add(b *binding, cells []cell, text string, line, offset int64) error {
	column, why, err := b.w.row(b.cols, cells)
	if why != "" {
		return l.keepReject(newReject(line, offset, b.w.table, column, why, text))
	}
	l.report.Tables[b.w.table]++
	return err
}

// route finds the table of a record. The order is: the table the user forces,
// the table the record names, the table the file is named after, the known
// table whose columns fit, a table of the file's own.
func (l *loader) route(sh *shape, cells []cell) (*binding, error) {
	for _, i := range sh.naming {
		if i >= len(cells) || !cells[i].isString() {
			continue
		}
		value := cells[i].str()
		b, seen := sh.byValue[told{i, value}]
		if !seen {
			if table, ok := l.cat.byValue(sh.names[i], value, sh.names); ok {
				var err error
				if b, err = l.bind(sh, table, sh.names[i] == "$table" || sh.names[i] == "TableName"); err != nil {
					return nil, err
				}
			}
			if len(sh.byValue) < 1000 {
				sh.byValue[told{i, strings.Clone(value)}] = b
			}
		}
		if b != nil {
			return b, nil
		}
	}
	if sh.fixed == nil && !sh.union && !sh.actions {
		if err := l.fix(sh, cells); err != nil {
			return nil, err
		}
	}
	switch {
	case sh.union:
		return l.routeUnion(sh, cells)
	case sh.actions:
		return l.routeAction(sh, cells)
	}
	return sh.fixed, nil
}

func (l *loader) routeAction(sh *shape, cells []cell) (*binding, error) {
	action := ""
	if sh.action < len(cells) {
		action = cells[sh.action].str()
	}
	if b := sh.byValue[told{-1, action}]; b != nil {
		return b, nil
	}
	table, _ := l.cat.byColumns(sh.names, action)
	b, err := l.bind(sh, table, false)
	if err == nil && len(sh.byValue) < 1000 {
		sh.byValue[told{-1, strings.Clone(action)}] = b
	}
	return b, err
}

// fix decides where the records of a shape go that do not say so themselves.
func (l *loader) fix(sh *shape, cells []cell) error {
	table := l.opts.Table
	ok := table != ""
	if ok {
		if own, known := l.cat.set.Resolve(table); known {
			table = own
		}
	}
	if !ok {
		table, ok = l.cat.byFile(l.base, sh.names)
	}
	action := ""
	if sh.action >= 0 && sh.action < len(cells) {
		action = cells[sh.action].str()
	}
	if !ok {
		switch table, ok = l.cat.byColumns(sh.names, action); {
		case sh.action < 0:
		case ok:
			sh.actions = true
			return nil
		case l.looksLikeUnion(sh, cells):
			sh.union = true
			return nil
		}
	}
	if !ok {
		table = l.cat.own(l.base)
	}
	var err error
	sh.fixed, err = l.bind(sh, table, false)
	return err
}

// declare makes the table of a file whose columns are known before its rows, so
// that a file without rows has one too, unless the rows are to tell the table.
func (l *loader) declare(sh *shape) error {
	if l.opts.Table == "" {
		_, named := l.cat.byFile(l.base, sh.names)
		if len(sh.naming) > 0 || sh.action >= 0 && !named {
			return nil
		}
	}
	return l.fix(sh, nil)
}

// looksLikeUnion reports rows of several Defender tables in the columns of all:
// the values that are there fit one table though the names do not.
func (l *loader) looksLikeUnion(sh *shape, cells []cell) bool {
	_, names, action := l.filled(sh, cells)
	_, ok := l.cat.byColumns(names, action)
	return ok
}

// filled lists the columns of a row that hold something, and its action.
func (l *loader) filled(sh *shape, cells []cell) (held []int, names []string, action string) {
	for i, c := range cells {
		if i < len(sh.names) && sh.names[i] != "" && c.kind+kind(c.typ) != kindNull && c.kind+kind(c.typ) != 0 && (c.text != "" || c.val != nil) {
			held = append(held, i)
			names = append(names, withoutTypeSuffix(sh.names[i]))
		}
	}
	if sh.action >= 0 && sh.action < len(cells) {
		action = cells[sh.action].str()
	}
	return held, names, action
}

func (l *loader) routeUnion(sh *shape, cells []cell) (*binding, error) {
	held, names, action := l.filled(sh, cells)
	key := told{-1, action + "\x00" + strings.Join(names, "\x00")}
	b, seen := sh.byValue[key]
	if seen {
		return b, nil
	}
	table, ok := l.cat.byColumns(names, action)
	if !ok {
		if table, ok = l.cat.byColumns(sh.names, action); !ok {
			table = l.cat.own(l.base)
		}
	}
	// Only what this row holds is bound, so that the columns of the other tables
	// of the union do not become columns of this one.
	part := *sh
	part.all = map[*writer]*binding{}
	part.names = make([]string, len(sh.names))
	for _, i := range held {
		part.names[i] = sh.names[i]
	}
	b, err := l.bind(&part, table, false)
	if err == nil && len(sh.byValue) < 1000 {
		sh.byValue[key] = b
	}
	return b, err
}

// bind maps a shape's members to a table's columns. naming tells that the
// member that named the table is no column of it.
func (l *loader) bind(sh *shape, table string, naming bool) (*binding, error) {
	table = strings.Clone(table) // it may stand in the record
	w := l.writers[table]
	if w == nil {
		own, known := l.cat.known(table)
		w = newWriter(own, known, l.cat.spare, func(b batch) error { return l.send(parcel{batch: b}) })
		l.writers[table] = w
		l.order = append(l.order, w)
	}
	if b := sh.all[w]; b != nil {
		return b, nil
	}
	names := sh.names
	if naming {
		names = slices.Clone(names)
		for _, i := range sh.naming {
			if n := names[i]; n == "$table" || n == "TableName" && w.schema[:w.known].Index(n) < 0 {
				names[i] = ""
			}
		}
	}
	before := len(w.schema)
	cols, err := w.columns(names, sh.union)
	if err != nil {
		return nil, err
	}
	if w.known > 0 {
		for _, c := range w.schema[before:] {
			l.report.Extra[table] = append(l.report.Extra[table], c.Name)
		}
	}
	b := &binding{w, cols}
	sh.all[w] = b
	return b, nil
}

func (l *loader) reject(line, offset int64, reason string, raw []byte) error {
	if err := l.ctx.Err(); err != nil {
		return err
	}
	return l.keepReject(newReject(line, offset, "", "", reason, string(raw[:min(len(raw), maxRaw)])))
}

func (l *loader) keepReject(r reject) error {
	l.report.Rejects++
	l.rejects = append(l.rejects, r)
	if len(l.rejects) < 256 {
		return nil
	}
	return l.sendRejects()
}

func (l *loader) sendRejects() error {
	if len(l.rejects) == 0 {
		return nil
	}
	p := parcel{rejects: l.rejects}
	l.rejects = nil
	return l.send(p)
}

// maxWarnings bounds the different warnings about one file.
const maxWarnings = 50

// warn notes something about the file that the user should know; a repeated
// warning is counted.
func (l *loader) warn(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if l.warned[text]++; l.warned[text] == 1 && len(l.report.Warnings) < maxWarnings {
		l.report.Warnings = append(l.report.Warnings, text)
	}
}

// finish sends what is left and completes the report.
func (l *loader) finish() error {
	for _, w := range l.order {
		if err := w.emit(); err != nil {
			return err
		}
		if !w.sent { // columns without rows: the table exists all the same
			if err := w.flush(batch{w.table, types.NewBlock(w.schema)}); err != nil {
				return err
			}
		}
		if w.differs > 0 {
			l.warn("%d rows of %s have a Timestamp that differs from TimeGenerated; both are kept", w.differs, w.table)
		}
	}
	if err := l.sendEvents(); err != nil {
		return err
	}
	if l.invalidUTF8 > 0 {
		l.warn("%d records were not valid UTF-8; the bad bytes became U+FFFD", l.invalidUTF8)
	}
	if l.duplicateKeys > 0 {
		l.warn("%d records have a member twice; the last one counts", l.duplicateKeys)
	}
	for i, text := range l.report.Warnings {
		if n := l.warned[text]; n > 1 {
			l.report.Warnings[i] = fmt.Sprintf("%s (%d times)", text, n)
		}
	}
	return l.sendRejects()
}
