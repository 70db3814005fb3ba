package rule

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"
	"unicode/utf8"
)

// Pack is what a set of rule files holds, in the order of the files' names.
type Pack struct {
	Rules     []*Rule
	Functions []*Function
	Problems  []Problem
	Files     int // files that were read as rules
	Skipped   int // files whose name no rule format uses
}

// Failed counts the problems that cost a rule.
func (p *Pack) Failed() int {
	n := 0
	for _, x := range p.Problems {
		if !x.Warning {
			n++
		}
	}
	return n
}

// Bounds on what a file may hold. A page of the whole public catalogue is some
// 30 MB; a rule file is some kilobytes.
const (
	maxText    = 8 << 20 // YAML, JSON, KQL
	maxPage    = 256 << 20
	maxArchive = 2 << 30 // unpacked bytes of one archive
	maxFiles   = 200_000
)

// Load reads rule files, directories with all that is below them, and zip
// archives. A file that cannot be read becomes a Problem; the error is for a path
// that does not exist and for a cancelled context.
func Load(ctx context.Context, paths ...string) (*Pack, error) {
	return LoadFiles(ctx, nil, paths...)
}

// LoadFiles is Load for tools that look at the files too: visit, if there is one, is
// called after each rule file.
func LoadFiles(ctx context.Context, visit func(*File), paths ...string) (*Pack, error) {
	l := &loader{ctx: ctx, out: &Pack{}, visit: visit}
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			return nil, fmt.Errorf("rules: %w", err)
		}
		if info.IsDir() {
			if isBareRepository(p) {
				l.problem(p, "a bare git repository has no files", "give a checkout of it: git clone "+p+" DIR")
				continue
			}
			err = l.dir(os.DirFS(p), p)
		} else {
			err = l.named(p, info.Size())
		}
		if err != nil {
			return nil, err
		}
	}
	l.out.dropDuplicates()
	l.out.tellCycles()
	return l.out, nil
}

// LoadFS reads every rule file of fsys; name stands before the paths in problems.
func LoadFS(ctx context.Context, fsys fs.FS, name string) (*Pack, error) {
	l := &loader{ctx: ctx, out: &Pack{}}
	if err := l.dir(fsys, name); err != nil {
		return nil, err
	}
	l.out.dropDuplicates()
	l.out.tellCycles()
	return l.out, nil
}

// Merge adds the rules, functions and problems of other packs and reports the
// rules that both have; the first one stays.
func (p *Pack) Merge(others ...*Pack) {
	for _, o := range others {
		p.add(o)
	}
	p.dropDuplicates()
}

func (p *Pack) add(o *Pack) {
	p.Rules = append(p.Rules, o.Rules...)
	p.Functions = append(p.Functions, o.Functions...)
	p.Problems = append(p.Problems, o.Problems...)
	p.Files += o.Files
	p.Skipped += o.Skipped
}

// isBareRepository recognises a folder that holds only git's objects.
func isBareRepository(dir string) bool {
	for _, name := range []string{"HEAD", "objects", "refs"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return false
		}
	}
	return true
}

type loader struct {
	ctx   context.Context
	out   *Pack
	files int
	visit func(*File)
}

func (l *loader) named(name string, size int64) error {
	if strings.EqualFold(filepath.Ext(name), ".zip") {
		f, err := os.Open(name)
		if err != nil {
			return fmt.Errorf("rules: %w", err)
		}
		defer f.Close()
		return l.zip(f, size, name)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("rules: %w", err)
	}
	if !l.file(name, filepath.Base(name), data) {
		l.problem(name, "not a rule file by its name", "rules are .yaml, .yml, .md, .json, .kql, .csl, .kusto or .txt files, directories of them, or .zip archives")
	}
	return nil
}

func (l *loader) problem(file, message, hint string) {
	l.out.Problems = append(l.out.Problems, Problem{File: file, Message: message, Hint: hint})
}

// dir reads the files below the root of fsys, sorted by path.
func (l *loader) dir(fsys fs.FS, base string) error {
	return fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		if e := l.ctx.Err(); e != nil {
			return e
		}
		shown := path.Join(filepath.ToSlash(base), p)
		if err != nil {
			l.problem(shown, err.Error(), "")
			return nil
		}
		if d.IsDir() {
			if name := d.Name(); p != "." && (strings.HasPrefix(name, ".") || name == "node_modules") {
				return fs.SkipDir
			}
			return nil
		}
		format := formatOf(p)
		if format == "" {
			l.out.Skipped++
			return nil
		}
		if l.files++; l.files > maxFiles {
			return fmt.Errorf("rules: %s has more than %d files", base, maxFiles)
		}
		info, err := d.Info()
		if err == nil && info.Size() > limit(format) {
			err = tooLarge(info.Size(), limit(format))
		}
		var data []byte
		if err == nil {
			data, err = fs.ReadFile(fsys, p)
		}
		if err != nil {
			l.problem(shown, err.Error(), "")
			return nil
		}
		if format == "zip" {
			return l.zip(bytes.NewReader(data), int64(len(data)), shown)
		}
		l.file(shown, p, data)
		return nil
	})
}

func (l *loader) zip(r io.ReaderAt, size int64, name string) error {
	z, err := zip.NewReader(r, size)
	if err != nil {
		l.problem(name, "not a readable zip archive: "+err.Error(), "")
		return nil
	}
	sort.SliceStable(z.File, func(i, j int) bool { return z.File[i].Name < z.File[j].Name })
	left := int64(maxArchive)
	for _, f := range z.File {
		if err := l.ctx.Err(); err != nil {
			return err
		}
		format := formatOf(f.Name)
		if f.FileInfo().IsDir() {
			continue
		}
		if format == "" || format == "zip" {
			l.out.Skipped++
			continue
		}
		shown := name + "!" + f.Name
		if l.files++; l.files > maxFiles || left <= 0 {
			l.problem(name, fmt.Sprintf("the archive has more than %d files or %d bytes; the rest is left out", maxFiles, int64(maxArchive)), "")
			return nil
		}
		data, err := readZipped(f, min(limit(format), left))
		if err != nil {
			l.problem(shown, err.Error(), "")
			continue
		}
		left -= int64(len(data))
		l.file(shown, f.Name, data)
	}
	return nil
}

// readZipped trusts what it reads, not the size that the archive states.
func readZipped(f *zip.File, limit int64) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = tooLarge(int64(len(data)), limit)
	}
	return data, err
}

func tooLarge(size, limit int64) error {
	return fmt.Errorf("the file is too large for a rule file (%d bytes or more, at most %d)", size, limit)
}

func limit(format string) int64 {
	switch format {
	case "md":
		return maxPage
	case "zip":
		return maxArchive
	}
	return maxText
}

// formatOf tells a file's format by its name; "" is no rule file. Test sidecars
// (NAME.test.yaml) belong to the test runner.
func formatOf(name string) string {
	lower := strings.ToLower(name)
	base := path.Base(lower)
	if strings.HasSuffix(lower, ".test.yaml") || strings.HasSuffix(lower, ".test.yml") || strings.HasPrefix(base, ".") {
		return ""
	}
	switch path.Ext(lower) {
	case ".yaml", ".yml":
		return "yaml"
	case ".md", ".markdown":
		return "md"
	case ".json":
		return "json"
	case ".kql", ".csl", ".kusto":
		return "kql"
	case ".txt":
		return "txt"
	case ".zip":
		return "zip"
	}
	return ""
}

// file reads one file's rules; false when its name is no rule file's.
func (l *loader) file(shown, rel string, data []byte) bool {
	format := formatOf(rel)
	if format == "" {
		return false
	}
	f := &File{Name: shown}
	f.read(filepath.ToSlash(rel), format, data)
	l.out.add(&f.Pack)
	if l.visit != nil {
		l.visit(f)
	}
	return true
}

func (f *File) read(rel, format string, data []byte) {
	r := &reader{file: f.Name, rel: rel, out: &f.Pack}
	f.Files = 1
	if int64(len(data)) > limit(format) {
		r.failed(tooLarge(int64(len(data)), limit(format)))
		return
	}
	written := data
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !utf8.Valid(data) {
		r.problem(nil, "the file is not UTF-8 text", "save it as UTF-8", false)
		return
	}
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	f.Text = string(data)
	switch format {
	case "yaml":
		docs, err := parseYAML(data)
		r.failed(err)
		texts := documentTexts(string(written), docs)
		for i, d := range docs {
			r.document(d, texts[i])
		}
	case "json":
		doc, err := parseJSON(data)
		r.failed(err)
		if err == nil {
			r.export(doc)
		}
	case "md":
		switch line, deep := quotedTooDeep(data); {
		case isPage(data):
			r.page(string(data))
		case len(data) > maxText:
			r.failed(tooLarge(int64(len(data)), maxText))
		case deep:
			r.problem(&Node{line: line, col: 1}, fmt.Sprintf("the text is quoted more than %d levels deep", maxDepth), "", false)
		default:
			r.markdown(data)
		}
	case "kql", "txt":
		r.bare(string(data), format == "kql")
	}
	for _, rule := range f.Rules {
		rule.Path = rel
	}
	f.Documents = r.docs
}

func (r *reader) failed(err error) {
	if err == nil {
		return
	}
	p := Problem{File: r.file, Message: err.Error()}
	var te *treeError
	if errors.As(err, &te) {
		p.Line, p.Column = te.line, te.col
	}
	r.out.Problems = append(r.out.Problems, p)
}

// dropDuplicates keeps the first rule of each id and says what it left out.
func (p *Pack) dropDuplicates() {
	seen := make(map[string]*Rule, len(p.Rules))
	kept := p.Rules[:0:0]
	for _, r := range p.Rules {
		key := strings.ToLower(r.ID)
		old, dup := seen[key]
		if !dup {
			seen[key] = r
			kept = append(kept, r)
			continue
		}
		if old == r {
			continue
		}
		same := "with the same query"
		if strings.TrimSpace(old.Query) != strings.TrimSpace(r.Query) {
			same = "with another query"
		}
		line, col := first(r.doc.get("id"), &Node{line: r.Line}).Place()
		p.Problems = append(p.Problems, Problem{File: r.File, Line: line, Column: col, Warning: true,
			Message: fmt.Sprintf("the id %s of %q is already used by %q in %s:%d, %s; the first is kept", r.ID, r.Name, old.Name, old.File, old.Line, same),
			Hint:    "give each rule an id of its own"})
	}
	p.Rules = kept
}
