package hunt

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"unicode/utf8"

	"quarry/engine/duckdb"
	"quarry/kql/builtin"
	"quarry/kql/plan"
	"quarry/kql/sqlgen"
	"quarry/kql/types"
)

// A clue is what a row must have for a condition to hold: one of some texts or numbers
// in one of some columns. Rows that lack a clue of a rule are of no interest to it, and
// the clues of all rules are looked for in one pass over each value.
type clue []hint

type hint struct {
	column plan.ID
	builtin.Needles
	decoded bool // the column holds the text as JSON, which may write it with \u
}

// maxHints bounds a clue.
const maxHints = 1000

// cluesOf lists clues that rows meeting the conditions all have.
func cluesOf(conds sqlgen.Conditions) (out []clue) {
	for _, e := range conds {
		out = append(out, clues(e)...)
	}
	return out
}

func clues(e plan.Expr) []clue {
	c, ok := e.(*plan.Call)
	if !ok {
		return nil
	}
	switch c.Row.Relation() {
	case builtin.Conjunction:
		return cluesOf(c.Args)
	case builtin.Disjunction:
		var either clue
		for _, a := range c.Args {
			of := clues(a)
			if len(of) == 0 {
				return nil
			}
			if either = append(either, slices.MaxFunc(of, func(a, b clue) int { return a.rarity() - b.rarity() })...); len(either) > maxHints {
				return nil
			}
		}
		return []clue{either}
	}
	n, ok := c.Row.Needles(plan.Arguments(c))
	if !ok {
		return nil
	}
	t := tracer{Needles: n}
	if !t.trace(c.Args[n.Of], n.Whole, false) {
		return nil
	}
	return []clue{t.found}
}

// tracer finds the columns that the text or number of an expression comes from.
type tracer struct {
	builtin.Needles
	found clue
}

// trace adds the columns that must have a needle for e to have one. whole: e must be
// the needle; decoded: e was, or is, part of a JSON text.
func (t *tracer) trace(e plan.Expr, whole, decoded bool) bool {
	switch e := e.(type) {
	case plan.Const:
		return e.Value == nil || e.T == types.String && !slices.ContainsFunc(t.Texts, func(s string) bool {
			return strings.Contains(strings.ToLower(e.Value.(string)), strings.ToLower(s))
		})
	case plan.ColRef:
		h := hint{column: e.ID, Needles: t.Needles, decoded: decoded}
		h.Whole = whole
		switch {
		case decoded && (e.T == types.String || e.T == types.Dynamic):
			if slices.ContainsFunc(t.Texts, func(s string) bool { return !builtin.Undisguised(s) }) || len(t.Numbers) > 0 {
				return false
			}
		case decoded:
			return false
		case e.T != types.String && !e.T.Integer():
			return false
		}
		t.found = append(t.found, h)
		return true
	case *plan.Call:
		how, of := e.Row.Descent(plan.Arguments(e))
		switch how {
		case builtin.Unrelated:
			return false
		case builtin.Printed:
			return !slices.ContainsFunc(t.Texts, func(s string) bool { return !builtin.NeverPrinted(s) })
		case builtin.Part:
			whole = false
		case builtin.Decoded:
			whole, decoded = false, true
		}
		for _, i := range of {
			if !t.trace(e.Args[i], whole, decoded) {
				return false
			}
		}
		return true
	}
	return false
}

// rarity is high for clues that few rows will have: long texts, and whole values.
func (c clue) rarity() int {
	least := 100
	for _, h := range c {
		n := 20
		for _, s := range h.Texts {
			n = min(n, len(s))
		}
		if h.Whole {
			n += 20
		}
		least = min(least, n)
	}
	return least
}

// detector finds which of many lists of clues the rows of a table have.
type detector struct {
	columns []*clueIndex // by the number of the column; nil where no clue speaks of it
	list    []int        // the list that a clue is of
	needed  []int        // clues of a list

	hits    [][]int32 // clues of the rows of a chunk
	row     uint32
	seen    []uint32 // the last row that had a clue
	counted []uint32 // the last row that had a clue of a list
	have    []int    // clues of that row
}

func newDetector(columns int, lists [][]clue) *detector {
	d := &detector{columns: make([]*clueIndex, columns), needed: make([]int, len(lists)), counted: make([]uint32, len(lists)), have: make([]int, len(lists)),
		hits: make([][]int32, duckdb.ChunkRows)}
	for i, list := range lists {
		d.needed[i] = len(list)
		for _, c := range list {
			id := int32(len(d.list))
			d.list = append(d.list, i)
			for _, h := range c {
				x := d.columns[h.column-1]
				if x == nil {
					x = &clueIndex{whole: map[string][]int32{}, numbers: map[int64][]int32{}, parts: map[string][]int32{}}
					d.columns[h.column-1] = x
				}
				x.add(id, h)
			}
		}
	}
	d.seen = make([]uint32, len(d.list))
	for _, x := range d.columns {
		if x != nil {
			x.finish()
		}
	}
	return d
}

// chunk tells which rows of a chunk have all clues of which list. The columns read are
// those that clues speak of, in their order.
func (d *detector) chunk(rows *duckdb.Rows, n int, found func(row, list int)) {
	for i := range n {
		d.hits[i] = d.hits[i][:0]
	}
	at := 0
	for _, x := range d.columns {
		if x == nil {
			continue
		}
		x.last, x.found = "", nil // the texts of the chunk before are gone
		if rows.Schema()[at].Type.Integer() {
			for i, v := range rows.Longs(at) {
				if ids := x.numbers[v]; ids != nil && !rows.Null(at, i) {
					d.hits[i] = append(d.hits[i], ids...)
				}
			}
		} else {
			for i := range n {
				d.hits[i] = append(d.hits[i], x.find(rows.Text(at, i))...)
			}
		}
		at++
	}
	for i, ids := range d.hits[:n] {
		d.complete(ids, func(list int) { found(i, list) })
	}
}

// complete calls found for each list whose clues are all among those of a row.
func (d *detector) complete(ids []int32, found func(list int)) {
	if d.row++; d.row == 0 { // after four billion rows the marks of old ones would count
		clear(d.seen)
		clear(d.counted)
		d.row = 1
	}
	for _, id := range ids {
		if d.seen[id] == d.row {
			continue
		}
		d.seen[id] = d.row
		list := d.list[id]
		if d.counted[list] != d.row {
			d.counted[list], d.have[list] = d.row, 0
		}
		if d.have[list]++; d.have[list] == d.needed[list] {
			found(list)
		}
	}
}

// clueIndex finds the clues of one column in a value. Texts in it are filed under four
// of their bytes.
type clueIndex struct {
	whole   map[string][]int32
	numbers map[int64][]int32
	parts   map[string][]int32 // until finish
	any     []int32            // all clues, which a text with letters like those of ASCII may have
	hidden  []int32            // clues that JSON may have written with \u

	grams  [1 << 11]uint64 // a bit for each hash of a gram
	byGram map[uint32][]part4
	short  []needle // of less than four bytes

	last  string // the value before, and what was found in it: logs repeat themselves
	found []int32
	lower []byte
}

type needle struct {
	text  []byte
	clues []int32
}

type part4 struct {
	needle
	at int // where in the text the four bytes lie
}

func (x *clueIndex) add(id int32, n hint) {
	for _, v := range n.Numbers {
		x.numbers[v] = append(x.numbers[v], id)
	}
	of := x.parts
	if n.Whole {
		of = x.whole
	}
	for _, s := range n.Texts {
		s = strings.ToLower(s)
		of[s] = append(of[s], id)
	}
	x.any = append(x.any, id)
	if n.decoded {
		x.hidden = append(x.hidden, id)
	}
}

func gram(s string) uint32 {
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}

func gramBit(g uint32) (word uint32, bit uint64) {
	h := g * 0x9E3779B1 >> 15
	return h >> 6, 1 << (h & 63)
}

// finish files the texts under the four bytes that the fewest of them have.
func (x *clueIndex) finish() {
	common := map[uint32]int{}
	for s := range x.parts {
		for i := range len(s) - 3 {
			common[gram(s[i:])]++
		}
	}
	x.byGram = map[uint32][]part4{}
	for s, ids := range x.parts {
		n := needle{[]byte(s), ids}
		if len(s) < 4 {
			x.short = append(x.short, n)
			continue
		}
		best := 0
		for i := range len(s) - 3 {
			if common[gram(s[i:])] < common[gram(s[best:])] {
				best = i
			}
		}
		g := gram(s[best:])
		x.byGram[g] = append(x.byGram[g], part4{n, best})
		word, bit := gramBit(g)
		x.grams[word] |= bit
	}
	x.parts = nil
}

// lowerASCII takes the letters A to Z to lower case, eight bytes at a time, and reports
// whether all bytes are ASCII.
func lowerASCII(b []byte) bool {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	seen := uint64(0)
	for len(b) >= 8 {
		w := binary.LittleEndian.Uint64(b)
		low := w &^ high // so that no sum reaches the next byte
		letters := (low + (0x80-'A')*ones) &^ (low + (0x7F-'Z')*ones) &^ w & high
		binary.LittleEndian.PutUint64(b, w|letters>>2)
		seen |= w
		b = b[8:]
	}
	for i, c := range b {
		seen |= uint64(c)
		if c-'A' < 26 {
			b[i] = c | 0x20
		}
	}
	return seen&high == 0
}

// likeASCII reports letters beyond ASCII that some mapping of case takes to one in it:
// the Kelvin sign is a k in lower case, a dotless i an I in upper case. All others are
// made of bytes that no needle has.
func likeASCII(r rune) bool {
	return r >= utf8.RuneSelf && (strings.ContainsRune("\u00DF\u0130\u0131\u0149\u017F\u01F0\u1E96\u1E97\u1E98\u1E99\u1E9A\u1E9E\u212A", r) || r >= '\uFB00' && r <= '\uFB06')
}

// hides reports a letter written as \u and its number, which a path such as C:\\users has
// not. Within JSON in JSON the backslash may be doubled.
func hides(json string) bool {
	for {
		_, rest, found := strings.Cut(json, `\u`)
		if !found {
			return false
		}
		if len(rest) >= 4 && !strings.ContainsFunc(rest[:4], func(r rune) bool { return !strings.ContainsRune("0123456789abcdefABCDEF", r) }) {
			return true
		}
		json = rest
	}
}

// find lists the clues in a text; the list holds until the next call.
func (x *clueIndex) find(s string) []int32 {
	if s != x.last {
		x.last, x.found = s, x.search(s, x.found[:0])
	}
	return x.found
}

func (x *clueIndex) search(s string, found []int32) []int32 {
	b := append(x.lower[:0], s...)
	x.lower = b
	ascii := lowerASCII(b)
	if !ascii && strings.IndexFunc(s, likeASCII) >= 0 {
		return append(found, x.any...)
	}
	if len(x.hidden) > 0 && hides(s) {
		found = append(found, x.hidden...)
	}
	if len(x.whole) > 0 {
		found = append(found, x.whole[string(b)]...)
	}
	for i := 0; i+4 <= len(b); i++ {
		g := binary.LittleEndian.Uint32(b[i:])
		if word, bit := gramBit(g); x.grams[word]&bit == 0 {
			continue
		}
		for _, p := range x.byGram[g] {
			if start := i - p.at; start >= 0 && bytes.HasPrefix(b[start:], p.text) {
				found = append(found, p.clues...)
			}
		}
	}
	for _, n := range x.short {
		if bytes.Contains(b, n.text) {
			found = append(found, n.clues...)
		}
	}
	return found
}
