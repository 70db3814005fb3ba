package hunt

import (
	"bytes"
	"context"
	"encoding/binary"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"quarry/engine/duckdb"
)

// clueCode is the SQL function that gives the code of a text: clueCode(text, key of the index).
const clueCode = "quarry_clues"

// indexes are the clue indexes in use, which the engine asks itself: it gives them the texts
// as they lie in a table, and those of a dictionary once.
type indexes struct {
	mu    sync.Mutex
	last  int64
	byKey map[int64]*clueIndex
}

// register makes clueCode known to the engine; once is enough.
func (x *indexes) register(ctx context.Context, db *duckdb.DB) error {
	return db.RegisterTextCode(ctx, duckdb.TextCode{Name: clueCode, Codes: func(key int64, texts duckdb.Texts, codes []int64) {
		x.mu.Lock()
		index := x.byKey[key]
		x.mu.Unlock()
		index.encode(texts, codes)
	}})
}

// add gives an index its key, until drop is called.
func (x *indexes) add(index *clueIndex) (key int64, drop func()) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.last++
	key = x.last
	if x.byKey == nil {
		x.byKey = map[int64]*clueIndex{}
	}
	x.byKey[key] = index
	return key, func() {
		x.mu.Lock()
		defer x.mu.Unlock()
		delete(x.byKey, key)
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

	mu    sync.Mutex // for what follows
	lower []byte
	found []int32
	key   []byte
	sets  [][]int32        // of clues found, by code less one
	codes map[string]int64 // of sets
}

type needle struct {
	text  []byte
	clues []int32
}

type part4 struct {
	needle
	at int // where in the text the four bytes lie
}

func newClueIndex() *clueIndex {
	return &clueIndex{whole: map[string][]int32{}, numbers: map[int64][]int32{}, parts: map[string][]int32{}, codes: map[string]int64{}}
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

// maxCodes bounds the codes of a column.
const maxCodes = 1 << 16

// encode finds the clues in texts. The code of a text is that of the set of its clues, 0 for
// none. Where there are too many sets, a text gets all clues: it may have them.
func (x *clueIndex) encode(texts duckdb.Texts, codes []int64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	last, code := "", int64(0)
	for i := range codes {
		if s := texts.At(i); s != last { // logs repeat themselves
			last, code = s, x.code(s)
		}
		codes[i] = code
	}
}

func (x *clueIndex) code(s string) int64 {
	x.found = x.search(s, x.found[:0])
	if len(x.found) == 0 {
		return 0
	}
	code, ok := x.codeOf(x.found)
	if !ok && len(x.sets) >= maxCodes {
		x.found = append(x.found[:0], x.any...)
		code, ok = x.codeOf(x.found)
	}
	if !ok {
		x.sets = append(x.sets, slices.Clone(x.found))
		code = int64(len(x.sets))
		x.codes[string(x.key)] = code
	}
	return code
}

// codeOf is the code of a set, if it has one, and leaves its key in x.
func (x *clueIndex) codeOf(set []int32) (code int64, ok bool) {
	x.key = x.key[:0]
	for _, id := range set {
		x.key = binary.LittleEndian.AppendUint32(x.key, uint32(id))
	}
	code, ok = x.codes[string(x.key)]
	return code, ok
}

// decode adds the clues of each code to those of its row.
func (x *clueIndex) decode(codes []int64, hits [][]int32) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for i, code := range codes {
		if code != 0 {
			hits[i] = append(hits[i], x.sets[code-1]...)
		}
	}
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
