package ruletest

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"quarry/detect/rule"
	"quarry/hunt"
	"quarry/kql/types"
)

// Edit replaces one value of a test file by what the rule really gives.
type Edit struct {
	File   string
	Line   int // of the value, 1-based
	Column int // in characters, 1-based
	Old    string
	New    string
	Test   string

	quoted bool
}

// update lists the edits that make the expectations of a test true which are numbers or
// values of rows. It adds no expectation and takes none away: a test that expects fires
// and is quiet, or the other way round, stays as it is and fails.
func (t *Test) update(a *attempt) []Edit {
	if a.alert.Triggered != (t.Expect == Fires) {
		return nil
	}
	var out []Edit
	put := func(n *rule.Node, text string) {
		line, column := n.Place()
		out = append(out, Edit{File: t.file.Name, Line: line, Column: column, Old: n.Text(), New: text, Test: t.Name, quoted: n.Quoted()})
	}
	t.Rows.update(len(a.rows.Values), put)
	if t.Expect == Fires {
		t.Alerts.update(len(a.alert.Alerts), put)
		t.updateRows(a.rows, put)
	}
	return out
}

// update moves the bound that a number is beyond.
func (x *Amount) update(n int, put func(*rule.Node, string)) {
	if x == nil || x.holds(n) {
		return
	}
	at := x.max
	if n < x.Min {
		at = x.min
	}
	if at != nil { // a list says its number by its entries
		put(at, strconv.Itoa(n))
	}
}

// updateRows gives the expected rows that no row is like the values of the row that is
// nearest. It is done only where every expected row gets one of its own.
func (t *Test) updateRows(rows *types.Rows, put func(*rule.Node, string)) {
	match := assign(len(t.Like), len(rows.Values), func(i, j int) bool { return len(differences(rows, j, t.Like[i].cells)) == 0 })
	for i, j := range match {
		if j >= 0 {
			continue
		}
		if len(rows.Values) < len(t.Like) {
			return
		}
		best, least := -1, len(t.Like[i].cells)+1
		for k := range rows.Values {
			if n := len(differences(rows, k, t.Like[i].cells)); n < least && !slices.Contains(match, k) {
				best, least = k, n
			}
		}
		if best < 0 {
			return
		}
		match[i] = best
		for _, c := range t.Like[i].cells {
			k := rows.Schema.Index(c.column)
			if k < 0 || !c.value.IsText() {
				continue
			}
			typ, have := rows.Schema[k].Type, rows.Values[best][k]
			if want, ok := value(typ, c.value); !ok || !same(typ, have, want) {
				put(c.value, hunt.FormatValue(have, typ))
			}
		}
	}
}

// Apply makes edits in a file's text. Everything else of the text stays as it is,
// comments and layout included. It refuses, without a change, what it cannot place: a
// value that spans lines, or one that several tests share through an alias.
func Apply(data []byte, edits []Edit) ([]byte, error) {
	text := string(data)
	lines := strings.SplitAfter(text, "\n")
	edits = slices.Clone(edits)
	sort.SliceStable(edits, func(i, j int) bool {
		return edits[i].Line > edits[j].Line || edits[i].Line == edits[j].Line && edits[i].Column > edits[j].Column
	})
	for i, e := range edits {
		if i > 0 && edits[i-1].Line == e.Line && edits[i-1].Column == e.Column {
			return nil, fmt.Errorf("%s:%d:%d: the value is shared by several tests; write it out in each", e.File, e.Line, e.Column)
		}
		if e.Line < 1 || e.Line > len(lines) {
			return nil, fmt.Errorf("%s: line %d is not there any more", e.File, e.Line)
		}
		line, err := e.in(lines[e.Line-1])
		if err != nil {
			return nil, fmt.Errorf("%s:%d:%d: %w", e.File, e.Line, e.Column, err)
		}
		lines[e.Line-1] = line
	}
	return []byte(strings.Join(lines, "")), nil
}

var errPlace = errors.New("the value cannot be replaced in place; write it in one line")

// in makes the edit in its line.
func (e Edit) in(line string) (string, error) {
	runes := []rune(line)
	if e.Column < 1 || e.Column > len(runes) {
		return "", errPlace
	}
	before, rest := string(runes[:e.Column-1]), string(runes[e.Column-1:])
	var old string
	switch {
	case strings.HasPrefix(rest, "'"):
		end := 1
		for end < len(rest) {
			if rest[end] == '\'' {
				if !strings.HasPrefix(rest[end:], "''") {
					break
				}
				end++
			}
			end++
		}
		if end >= len(rest) {
			return "", errPlace
		}
		old = rest[:end+1]
	case strings.HasPrefix(rest, `"`):
		end := 1
		for end < len(rest) && rest[end] != '"' {
			if rest[end] == '\\' {
				end++
			}
			end++
		}
		if end >= len(rest) {
			return "", errPlace
		}
		old = rest[:end+1]
	case !e.quoted && e.Old != "" && strings.HasPrefix(rest, e.Old):
		old = e.Old
	default:
		return "", errPlace
	}
	return before + e.written() + rest[len(old):], nil
}

// written is the new value as YAML.
func (e Edit) written() string {
	if !e.quoted && plain(e.New) {
		return e.New
	}
	if strings.IndexFunc(e.New, func(r rune) bool { return r < ' ' || r == 0x7f }) >= 0 {
		return string(hunt.AppendJSONString(nil, e.New)) // JSON's text is one of YAML's
	}
	return "'" + strings.ReplaceAll(e.New, "'", "''") + "'"
}

// plain reports whether YAML reads a text as itself without quotes.
func plain(s string) bool {
	if s == "" || strings.TrimSpace(s) != s {
		return false
	}
	for _, r := range s {
		if r != '_' && r != '.' && r != '-' && r != ':' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			return false
		}
	}
	switch strings.ToLower(s) {
	case "null", "true", "false", "yes", "no", "on", "off":
		return false
	}
	return s[0] != '-' && s[0] != ':' && s[0] != '.' && !strings.HasSuffix(s, ":") || numeric(s)
}

func numeric(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil
}
