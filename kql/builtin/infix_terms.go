package builtin

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"quarry/kql/types"
)

// termSet finds any of many terms in a text in one pass, whatever the case. Each
// needle is filed under the first run of letters and digits in it: where the text
// has that run, the rest of the needle is compared.
type termSet struct {
	byTerm map[string][]termNeedle
	signs  [][]byte // needles without a letter or digit: plain substrings
	all    bool     // an empty needle is in every text
	// lengths has bit n set where a run of n bytes (64: or more) starts with that byte;
	// most runs of a text are passed over by it.
	lengths [256]uint64
}

type termNeedle struct {
	lead, rest []byte // around the first run
	right      bool   // the needle must end where a run ends
}

func newTermSet(needles []string) *termSet {
	t := &termSet{byTerm: map[string][]termNeedle{}}
	for _, n := range needles {
		n = strings.ToLower(n)
		start := strings.IndexFunc(n, inTerm)
		switch {
		case n == "":
			t.all = true
			continue
		case start < 0:
			t.signs = append(t.signs, []byte(n))
			continue
		}
		end := start + termLength([]byte(n[start:]))
		run := n[start:end]
		_, right := edges(n, false, true)
		t.byTerm[run] = append(t.byTerm[run], termNeedle{[]byte(n[:start]), []byte(n[end:]), right})
		t.lengths[run[0]] |= 1 << min(len(run), 63)
	}
	return t
}

// termLength is how many bytes of letters and digits b starts with.
func termLength(b []byte) int {
	n := 0
	for n < len(b) {
		if foldedTerm[b[n]] != 0 {
			n++
			continue
		}
		if b[n] < utf8.RuneSelf {
			break
		}
		r, size := utf8.DecodeRune(b[n:])
		if !inTerm(r) {
			break
		}
		n += size
	}
	return n
}

// foldedTerm is the lower case of ASCII letters and digits, 0 for other bytes.
var foldedTerm = func() (table [256]byte) {
	for c := range byte(utf8.RuneSelf) {
		if inTerm(rune(c)) {
			table[c] = c
			if c >= 'A' && c <= 'Z' {
				table[c] |= 0x20
			}
		}
	}
	return table
}()

// lowered is the lower case of ASCII letters, and every other byte itself.
var lowered = func() (table [256]byte) {
	for c := range table {
		table[c] = byte(c)
	}
	for c := 'A'; c <= 'Z'; c++ {
		table[c] |= 0x20
	}
	return table
}()

// match reports whether s has one of the terms.
func (t *termSet) match(s string) bool {
	if t.all {
		return true
	}
	var room [512]byte
	b := room[:]
	if len(s) > len(b) {
		b = make([]byte, len(s))
	}
	b = b[:len(s)]
	var high byte
	for i := range b {
		c := s[i]
		high |= c
		b[i] = lowered[c]
	}
	if high >= utf8.RuneSelf {
		b = []byte(strings.ToLower(s))
	}
	for i := 0; i < len(b); {
		if c := b[i]; c < utf8.RuneSelf && foldedTerm[c] == 0 {
			i++
			continue
		}
		n := termLength(b[i:])
		if n == 0 {
			_, size := utf8.DecodeRune(b[i:])
			i += size
			continue
		}
		if t.lengths[b[i]]&(1<<min(n, 63)) != 0 {
			for _, c := range t.byTerm[string(b[i:i+n])] {
				if c.at(b, i, i+n) {
					return true
				}
			}
		}
		i += n
	}
	for _, sign := range t.signs {
		if bytes.Contains(b, sign) {
			return true
		}
	}
	return false
}

// at reports whether the needle lies around its first run, found at b[start:end].
func (c *termNeedle) at(b []byte, start, end int) bool {
	if !bytes.HasSuffix(b[:start], c.lead) || !bytes.HasPrefix(b[end:], c.rest) {
		return false
	}
	return !c.right || termLength(b[end+len(c.rest):]) == 0
}

// hasAnyRow is what a has_any of several constants runs: its second argument is their
// JSON array, compiled once.
var hasAnyRow = func() *Row {
	r := &Row{Sig: ".hasany(source: string, needles: string) -> bool",
		Compile: func(needles string) (func(string) bool, error) {
			d, ok := types.ParseDyn(needles)
			if !ok {
				return nil, fmt.Errorf("has_any: its list is no JSON array")
			}
			var list []string
			for _, e := range d.Items() {
				list = append(list, e.Text())
			}
			return newTermSet(list).match, nil
		}}
	r.Go = func(_ *Env, a []types.Value) types.Value {
		match, err := r.Compile(a[1].(string))
		return err == nil && match(a[0].(string))
	}
	r.sig, _ = parseSig(r.Sig)
	return r
}()
