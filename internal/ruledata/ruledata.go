package ruledata

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"quarry/kql/source"
	"quarry/kql/syntax"
	"quarry/kql/types"
	"quarry/workspace"
)

// Rule is a public detection.
type Rule struct {
	ID, Source, Path, KQL string
}

// Set is a list of rules and what they ask for.
type Set struct {
	Rules []Rule
	// Readers counts, by table, the rules that read it.
	Readers map[string]int
	// words are the strings that rules compare a column with, by the column's name.
	words   map[string][]word
	shapes  map[string]*shape // what rules look up in dynamic columns, by the column's name
	named   map[string]bool   // the names that rules write; other columns stay empty
	schemas map[string]types.Schema
}

// shape is what rules expect of a dynamic value: an array, or these properties.
type shape struct {
	array bool
	keys  map[string]*shape
}

func (s *shape) key(name string) *shape {
	if s.keys == nil {
		s.keys = map[string]*shape{}
	}
	if s.keys[name] == nil {
		s.keys[name] = &shape{}
	}
	return s.keys[name]
}

// word is a string that a rule looks for: alone, or inside a longer text.
type word struct {
	text   string
	inside bool
}

// Read reads a file of rules, JSON by line with a member "kql", and finds out which of
// the tables that schemas (a CSV of table,column,type) knows they read.
func Read(rules, schemas string) (*Set, error) {
	s := &Set{Readers: map[string]int{}, words: map[string][]word{}, shapes: map[string]*shape{}, named: map[string]bool{}, schemas: map[string]types.Schema{}}
	f, err := os.Open(rules)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	in := bufio.NewScanner(f)
	in.Buffer(nil, 1<<24)
	for in.Scan() {
		var r Rule
		if err := json.Unmarshal(in.Bytes(), &r); err != nil {
			return nil, fmt.Errorf("%s: %w", rules, err)
		}
		s.Rules = append(s.Rules, r)
	}
	if err := in.Err(); err != nil {
		return nil, err
	}
	known, err := workspace.LoadSchemas("", []string{schemas})
	if err != nil {
		return nil, err
	}
	for _, r := range s.Rules {
		script, errs := syntax.Parse(source.New(r.ID, r.KQL, 0))
		if errs != nil {
			continue
		}
		s.collectWords(script)
		for t := range tables(script, known.Table) {
			s.Readers[t]++
			s.schemas[t], _ = known.Table(t)
		}
	}
	for name, words := range s.words {
		slices.SortFunc(words, func(a, b word) int { return strings.Compare(a.text, b.text) })
		s.words[name] = slices.Compact(words)
	}
	return s, nil
}

// tables are the names at the head of a pipe, or in a union or join, that are tables.
func tables(script *syntax.Script, known func(string) (types.Schema, bool)) map[string]bool {
	out := map[string]bool{}
	at := func(e syntax.Expr) {
		if p, ok := e.(*syntax.Paren); ok {
			e = p.X
		}
		if n, ok := e.(*syntax.Name); ok {
			if _, ok := known(n.Text); ok {
				out[n.Text] = true
			}
		}
	}
	syntax.Walk(script, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Pipe:
			if n.Source != nil {
				at(n.Source)
			}
		case *syntax.Query:
			at(n.X)
		case *syntax.Let:
			at(n.Value)
		case *syntax.Union:
			for _, x := range n.Tables {
				at(x)
			}
		case *syntax.Join:
			at(n.Right)
		}
		return true
	})
	return out
}

// collectWords notes what a rule compares columns with.
func (s *Set) collectWords(script *syntax.Script) {
	note := func(x, to syntax.Expr, op string) {
		name := columnOf(x)
		lit, ok := to.(*syntax.Literal)
		if !ok || name == "" {
			return
		}
		if text, ok := lit.Value.(string); ok && lit.Type == types.String && text != "" && len(text) < 400 && op != "matches regex" {
			inside := strings.Contains(op, "has") || strings.Contains(op, "contains")
			s.words[name] = append(s.words[name], word{text, inside})
		}
	}
	lists := map[string]syntax.Expr{}
	syntax.Walk(script, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Name:
			s.named[n.Text] = true
		case *syntax.Let:
			lists[n.Name.Text] = n.Value
		case *syntax.Binary:
			note(n.L, n.R, n.Op)
			note(n.R, n.L, n.Op)
		case *syntax.In:
			for _, x := range n.List {
				if ref, ok := x.(*syntax.Name); ok && lists[ref.Text] != nil {
					x = lists[ref.Text]
				}
				for _, text := range texts(x) {
					note(n.X, text, n.Op)
				}
			}
		case *syntax.Path, *syntax.Index:
			s.shapeOf(n.(syntax.Expr))
		case *syntax.MvExpand:
			for _, x := range n.Items {
				s.expanded(x)
			}
		case *syntax.MvApply:
			for _, x := range n.Items {
				s.expanded(x)
			}
		}
		return true
	})
}

// texts are the strings of a list: those of dynamic([...]), or the expression itself.
func texts(e syntax.Expr) []syntax.Expr {
	lit, ok := e.(*syntax.Literal)
	if !ok || lit.Type != types.Dynamic {
		return []syntax.Expr{e}
	}
	var list []string
	text, _ := lit.Value.(string)
	if json.Unmarshal([]byte(text), &list) != nil {
		return nil
	}
	out := make([]syntax.Expr, len(list))
	for i, t := range list {
		out[i] = &syntax.Literal{Type: types.String, Value: t}
	}
	return out
}

func (s *Set) expanded(e syntax.Expr) {
	switch x := e.(type) {
	case *syntax.Assign:
		s.expanded(x.X)
	case *syntax.Typed:
		if x.X != nil {
			s.expanded(x.X)
		}
	default:
		if sh := s.shapeOf(e); sh != nil {
			sh.array = true
		}
	}
}

// shapeOf is the shape at the end of a path, which it makes known.
func (s *Set) shapeOf(e syntax.Expr) *shape {
	switch e := e.(type) {
	case *syntax.Name:
		if s.shapes[e.Text] == nil {
			s.shapes[e.Text] = &shape{}
		}
		return s.shapes[e.Text]
	case *syntax.Paren:
		return s.shapeOf(e.X)
	case *syntax.Call:
		if len(e.Args) > 0 {
			return s.shapeOf(e.Args[0])
		}
	case *syntax.Path:
		if of, name := s.shapeOf(e.X), columnOf(e.Name); of != nil && name != "" {
			return of.key(name)
		}
	case *syntax.Index:
		of := s.shapeOf(e.X)
		lit, ok := e.Key.(*syntax.Literal)
		if of == nil || !ok {
			return nil
		}
		if name, ok := lit.Value.(string); ok {
			return of.key(name)
		}
		of.array = true
		return of
	}
	return nil
}

// columnOf is the column that an expression is about: x, tolower(x), tostring(x.y).
func columnOf(e syntax.Expr) string {
	switch e := e.(type) {
	case *syntax.Name:
		return e.Text
	case *syntax.Paren:
		return columnOf(e.X)
	case *syntax.Call:
		if len(e.Args) > 0 {
			return columnOf(e.Args[0])
		}
	case *syntax.Path:
		return columnOf(e.Name)
	case *syntax.Index:
		if lit, ok := e.Key.(*syntax.Literal); ok {
			text, _ := lit.Value.(string)
			return text
		}
	}
	return ""
}

// Names lists the tables by the number of rules that read them, the most read first.
func (s *Set) Names() []string {
	return slices.SortedFunc(maps.Keys(s.Readers), func(a, b string) int {
		if n := s.Readers[b] - s.Readers[a]; n != 0 {
			return n
		}
		return strings.Compare(a, b)
	})
}

// Spread divides events among the tables, in proportion to their readers.
func (s *Set) Spread(events int) map[string]int {
	all := 0
	for _, n := range s.Readers {
		all += n
	}
	out, left := map[string]int{}, events
	names := s.Names()
	for _, name := range names[1:] {
		out[name] = events * s.Readers[name] / all
		left -= out[name]
	}
	out[names[0]] = left
	return out
}

// WriteRules writes each rule as a .kql file of a folder.
func (s *Set) WriteRules(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for i, r := range s.Rules {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%04d-%s.kql", i, r.ID)), []byte(r.KQL), 0o644); err != nil {
			return err
		}
	}
	return nil
}
