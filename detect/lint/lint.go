package lint

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"quarry/detect/pool"
	"quarry/detect/rule"
	"quarry/hunt"
	"quarry/kql"
	"quarry/kql/bind"
	"quarry/kql/types"
)

// Severity says how much a finding matters. A higher one matters more.
type Severity uint8

const (
	Note    Severity = iota // a matter of style, or of speed
	Warning                 // likely a mistake
	Error                   // Sentinel, Defender or the language refuse it
)

func (s Severity) String() string { return [...]string{"note", "warning", "error"}[s] }

// ParseSeverity reads a severity's name.
func ParseSeverity(s string) (Severity, bool) {
	i := slices.Index([]string{"note", "warning", "error"}, s)
	return Severity(max(i, 0)), i >= 0
}

// Finding is one thing that is wrong, at its place.
type Finding struct {
	Code     string // QL021, or KQ204 for an error of the query
	Severity Severity
	Message  string // one sentence without a final period
	Hint     string // what to do, or ""
	Rule     string // the rule's id, or ""
	File     string // as the user named it; "pack.zip!dir/rule.yaml" in an archive
	// Line and Column are 1-based; columns count characters. End is where the value
	// ends, on the same line; 0 when only the line is known.
	Line, Column, EndColumn int
	// Source is the text of the line; "" for one of thousands of characters.
	Source string
	// Fingerprint tells the finding from others whatever line it moves to.
	Fingerprint string
	// Fix is the edit that mends it; nil when none is sure.
	Fix  *Edit
	near string // what stands at the place, where Source is empty
	// Suppressed says why the finding does not count; nil when it does.
	Suppressed *Suppression
}

// Suppression is why a finding does not count.
type Suppression struct {
	Baseline bool   // else a comment in the file
	Reason   string // of the comment
}

// Compiler compiles queries; the session of Open is one.
type Compiler interface {
	Compile(ctx context.Context, r hunt.Request) (*kql.Compiled, error)
	Schema(table string) (types.Schema, bool)
	Functions() map[string]*bind.Function
}

// Pack is the files to check.
type Pack struct {
	*rule.Pack
	Files []*rule.File
}

// Load reads rule files, directories and archives as rule.Load does.
func Load(ctx context.Context, paths ...string) (*Pack, error) {
	p := &Pack{}
	var err error
	p.Pack, err = rule.LoadFiles(ctx, func(f *rule.File) { p.Files = append(p.Files, f) }, paths...)
	return p, err
}

// Options say how to check.
type Options struct {
	// Compiler knows the tables and functions that queries may name. Nil leaves out
	// what needs them: names, types and the columns of results.
	Compiler Compiler
	// Parallel is the number of files checked at once; 0 is one for each processor.
	Parallel int
}

// Report is what Check found, in the order of the files, lines and columns.
type Report struct {
	Findings []Finding
	Files    int
	Rules    int
}

// Check checks every file. The error is for a cancelled context alone.
func Check(ctx context.Context, p *Pack, o Options) (*Report, error) {
	if o.Parallel <= 0 {
		o.Parallel = runtime.GOMAXPROCS(0)
	}
	ids := usedIDs(p)
	found := make([][]Finding, len(p.Files))
	pool.Each(ctx, len(p.Files), o.Parallel, func(i int) {
		f := &file{File: p.Files[i], ctx: ctx, compiler: o.Compiler, ids: ids}
		found[i] = f.check()
	})
	r := &Report{Files: len(p.Files), Rules: len(p.Rules)}
	for _, x := range p.Problems { // of paths that never became a file
		if !slices.ContainsFunc(p.Files, func(f *rule.File) bool { return f.Name == x.File }) {
			r.Findings = append(r.Findings, problem(x))
		}
	}
	for _, list := range found {
		r.Findings = append(r.Findings, list...)
	}
	r.finish()
	return r, ctx.Err()
}

// problem is a loader's problem as a finding.
func problem(p rule.Problem) Finding {
	c := "QL001"
	if p.Warning {
		c = "QL002"
	}
	return Finding{Code: c, Severity: find(c).Severity, Message: p.Message, Hint: p.Hint, File: p.File, Line: max(p.Line, 1), Column: max(p.Column, 1)}
}

// finish brings the findings into their order and names them.
func (r *Report) finish() {
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		if c := strings.Compare(a.File, b.File); c != 0 {
			return c
		}
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		if a.Column != b.Column {
			return a.Column - b.Column
		}
		return strings.Compare(a.Code+a.Message, b.Code+b.Message)
	})
	r.Findings = slices.CompactFunc(r.Findings, func(a, b Finding) bool {
		return a.File == b.File && a.Line == b.Line && a.Column == b.Column && a.Code == b.Code && a.Message == b.Message
	})
	seen := map[string]int{}
	for i := range r.Findings {
		f := &r.Findings[i]
		key := f.identity()
		f.Fingerprint = fingerprint(key, seen[key])
		seen[key]++
	}
}

// Counts are the numbers of findings that count, by severity.
func (r *Report) Counts() (errors, warnings, notes int) {
	for _, f := range r.Findings {
		switch {
		case f.Suppressed != nil:
		case f.Severity == Error:
			errors++
		case f.Severity == Warning:
			warnings++
		default:
			notes++
		}
	}
	return errors, warnings, notes
}

// Keep drops the findings below a severity and returns how many of them count.
func (r *Report) Keep(least Severity) (dropped int) {
	r.Findings = slices.DeleteFunc(r.Findings, func(f Finding) bool {
		if f.Severity >= least {
			return false
		}
		if f.Suppressed == nil {
			dropped++
		}
		return true
	})
	return dropped
}

// usedIDs lists where each id is used, for the pack as a whole.
func usedIDs(p *Pack) map[string][]string {
	ids := map[string][]string{}
	for _, f := range p.Files {
		for _, d := range f.Documents {
			n := idNode(d)
			if id := strings.ToLower(strings.TrimSpace(n.Text())); id != "" {
				line, _ := n.Place()
				ids[id] = append(ids[id], fmt.Sprintf("%s:%d", f.Name, line))
			}
		}
	}
	return ids
}
