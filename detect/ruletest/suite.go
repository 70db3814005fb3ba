package ruletest

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"quarry/detect/rule"
)

// Suite is rules with their tests.
type Suite struct {
	Rules []*RuleTests
}

// RuleTests is a rule and its tests, or a file that could not be read.
type RuleTests struct {
	Rule     *rule.Rule // nil for a file that holds none
	Name     string
	Short    string // the name of its file without extension; with the rule's where it holds several
	File     string
	Line     int
	Tests    []*Test
	Problems []rule.Problem // of the rule's file and of its test files
}

// Untested counts the rules with a query and without tests.
func (s *Suite) Untested() int {
	n := 0
	for _, r := range s.Rules {
		if r.Rule != nil && r.Rule.Runnable() && len(r.Tests) == 0 && len(r.Problems) == 0 {
			n++
		}
	}
	return n
}

// Load reads the rules of paths, as rule.Load does, and the tests beside and inside
// them. A path may also be a test file; then only its tests count. A file that cannot
// be read is an entry with Problems, and so is a test file without a rule. The pack is
// what was read, for its functions.
func Load(ctx context.Context, paths ...string) (*Suite, *rule.Pack, error) {
	var rulePaths []string
	only := map[string]bool{} // test files named by themselves
	named := len(paths) > 0
	for _, p := range paths {
		if !IsSidecar(p) {
			named = false
			rulePaths = append(rulePaths, p)
			continue
		}
		if _, err := os.Stat(p); err != nil {
			return nil, nil, err
		}
		only[clean(p)] = true
		rulePaths = append(rulePaths, beside(p)...)
	}
	pack := &rule.Pack{}
	if len(rulePaths) > 0 {
		var err error
		if pack, err = rule.Load(ctx, rulePaths...); err != nil {
			return nil, nil, err
		}
	}
	b := &builder{read: readAnywhere, claimed: map[string]bool{}, only: only, named: named}
	suite := b.build(pack)
	for _, p := range paths {
		if err := b.orphans(ctx, p, suite); err != nil {
			return nil, nil, err
		}
	}
	return suite, pack, nil
}

// LoadFS is Load for every rule of a file system; name stands before the paths.
func LoadFS(ctx context.Context, fsys fs.FS, name string) (*Suite, *rule.Pack, error) {
	pack, err := rule.LoadFS(ctx, fsys, name)
	if err != nil {
		return nil, nil, err
	}
	b := &builder{claimed: map[string]bool{}, read: func(file string) ([]byte, error) {
		return fs.ReadFile(fsys, strings.TrimPrefix(file, name+"/"))
	}}
	return b.build(pack), pack, nil
}

func clean(p string) string { return filepath.ToSlash(filepath.Clean(p)) }

var ruleExtensions = []string{".yaml", ".yml", ".kql", ".csl", ".kusto", ".md", ".json", ".txt"}

// beside lists the rule files that a test file may belong to.
func beside(testFile string) []string {
	stem := strings.TrimSuffix(strings.TrimSuffix(testFile, filepath.Ext(testFile)), filepath.Ext(strings.TrimSuffix(testFile, filepath.Ext(testFile))))
	var out []string
	for _, ext := range ruleExtensions {
		if _, err := os.Stat(stem + ext); err == nil {
			out = append(out, stem+ext)
		}
	}
	return out
}

// readAnywhere reads a file, or a member of an archive ("pack.zip!dir/file").
func readAnywhere(name string) ([]byte, error) {
	if archive, member, ok := strings.Cut(name, "!"); ok && strings.EqualFold(filepath.Ext(archive), ".zip") {
		return readMember(archive, member)
	}
	return os.ReadFile(name)
}

// readMember reads a member of a zip archive.
func readMember(archive, member string) ([]byte, error) {
	z, err := zip.OpenReader(archive)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	f, err := z.Open(member)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxFile+1))
}

// builder puts rules and tests together.
type builder struct {
	read    func(name string) ([]byte, error)
	claimed map[string]bool // test files that belong to a rule
	only    map[string]bool // if set, the test files that count
	named   bool            // nothing but test files was asked for
}

func (b *builder) build(pack *rule.Pack) *Suite {
	s := &Suite{}
	byFile := map[string][]*RuleTests{}
	var files []string
	for _, r := range pack.Rules {
		rt := &RuleTests{Rule: r, Name: r.Name, Short: shortName(r.File), File: r.File, Line: r.Line}
		if byFile[r.File] == nil {
			files = append(files, r.File)
		}
		byFile[r.File] = append(byFile[r.File], rt)
		s.Rules = append(s.Rules, rt)
		if b.named {
			continue
		}
		own, err := Of(r)
		rt.take(own, err)
	}
	for _, f := range files {
		b.sidecars(f, byFile[f])
		for _, r := range byFile[f] {
			if len(byFile[f]) > 1 {
				r.Short += ": " + r.Name
			}
		}
	}
	if b.named {
		s.Rules = slices.DeleteFunc(s.Rules, func(r *RuleTests) bool { return len(r.Tests) == 0 && len(r.Problems) == 0 })
	}
	for _, p := range pack.Problems {
		if !p.Warning && !s.gives(p.File) {
			s.Rules = append(s.Rules, &RuleTests{Name: shortName(p.File), Short: shortName(p.File), File: p.File, Line: max(1, p.Line), Problems: []rule.Problem{p}})
		}
	}
	slices.SortStableFunc(s.Rules, func(a, b *RuleTests) int { return strings.Compare(a.File, b.File) })
	return s
}

// gives reports whether a file is one that tests read rows or lists from: in a folder of
// rules it looks like a rule that cannot be read.
func (s *Suite) gives(file string) bool {
	file = clean(file)
	for _, r := range s.Rules {
		for _, t := range r.Tests {
			for _, name := range t.files() {
				if name = clean(filepath.Join(filepath.Dir(t.file.Name), name)); name == file || strings.HasPrefix(file, name+"/") {
					return true
				}
			}
		}
	}
	return false
}

// files lists the names of files that a test gives.
func (t *Test) files() []string {
	out := slices.Clone(t.functions)
	for _, g := range t.tables {
		for _, n := range g.rows {
			out = append(out, n.Text())
		}
	}
	for _, e := range t.events {
		out = append(out, e.path)
	}
	for _, w := range t.watchlists {
		out = append(out, w.value.Text())
	}
	for _, f := range t.external {
		out = append(out, f)
	}
	return slices.DeleteFunc(out, func(name string) bool { return name == "" })
}

func shortName(file string) string {
	base := path.Base(strings.ReplaceAll(filepath.ToSlash(file), "!", "/"))
	return strings.TrimSuffix(base, path.Ext(base))
}

// take adds the tests of a file, or says why there are none.
func (r *RuleTests) take(f *File, err error) {
	var list Problems
	switch {
	case errors.As(err, &list):
		r.Problems = append(r.Problems, list...)
	case f != nil:
		r.Tests = append(r.Tests, f.Tests...)
	}
}

// sidecars reads the test file beside a rule file.
func (b *builder) sidecars(ruleFile string, rules []*RuleTests) {
	side := Sidecar(ruleFile)
	for _, name := range []string{side, strings.TrimSuffix(side, "yaml") + "yml"} {
		if b.named && !b.only[clean(name)] {
			continue
		}
		data, err := b.read(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		b.claimed[clean(name)] = true
		if err != nil {
			rules[0].Problems = append(rules[0].Problems, rule.Problem{File: name, Message: err.Error()})
			continue
		}
		f, err := Read(name, data)
		if err != nil {
			rules[0].take(nil, err)
			continue
		}
		for _, t := range f.Tests {
			b.assign(t, rules)
		}
	}
}

// assign gives a test to the rule that it names; a file's only rule need not be named.
func (b *builder) assign(t *Test, rules []*RuleTests) {
	if t.Rule == "" && len(rules) == 1 {
		rules[0].Tests = append(rules[0].Tests, t)
		return
	}
	for _, r := range rules {
		if t.Rule != "" && (strings.EqualFold(t.Rule, r.Rule.ID) || t.Rule == r.Rule.Name) {
			r.Tests = append(r.Tests, t)
			return
		}
	}
	line, column := t.at.Place()
	p := rule.Problem{File: t.file.Name, Line: line, Column: column, Message: fmt.Sprintf("the rule file has no rule %q", t.Rule)}
	if t.Rule == "" {
		p.Message = fmt.Sprintf("the rule file has %d rules, and the test %q does not say which it is for", len(rules), t.Name)
	}
	p.Hint = fmt.Sprintf("add rule: with an id or a name, such as %q", rules[0].Rule.Name)
	rules[0].Problems = append(rules[0].Problems, p)
}

// orphans finds test files below a path that belong to no rule.
func (b *builder) orphans(ctx context.Context, root string, s *Suite) error {
	return filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return nil // the rules' problems say it
		case d.IsDir() && p != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules"):
			return fs.SkipDir
		case d.IsDir() || !IsSidecar(p) || b.claimed[clean(p)]:
			return nil
		}
		b.claimed[clean(p)] = true
		s.Rules = append(s.Rules, &RuleTests{Name: shortName(p), Short: shortName(p), File: filepath.ToSlash(p), Line: 1,
			Problems: []rule.Problem{{File: filepath.ToSlash(p), Message: "there is no rule beside this test file", Hint: "it is called NAME.test.yaml where the rule's file is NAME.yaml, NAME.kql or NAME.md"}}})
		return nil
	})
}
