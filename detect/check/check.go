package check

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"quarry/detect/coverage"
	"quarry/detect/pool"
	"quarry/detect/rule"
	"quarry/hunt"
	"quarry/kql/types"
)

// Status is whether a rule can work.
type Status string

// The verdicts.
const (
	Runnable      Status = "runnable"       // it compiles, and its tables have rows
	MissingTable  Status = "missing table"  // it reads a table that neither data nor a schema gives
	MissingColumn Status = "missing column" // it names a column that its table does not have
	Needs         Status = "needs"          // it asks for a watchlist, a saved function, external data, ...
	NoRows        Status = "no rows"        // it compiles, and can find nothing: tables are without rows
	Refused       Status = "refused"        // it has an error, or asks for what cannot be done exactly
)

// Statuses lists the verdicts, those of a rule that cannot work first.
func Statuses() []Status {
	return []Status{Refused, MissingTable, MissingColumn, Needs, NoRows, Runnable}
}

// Result is what a check found. docs/schema/check.schema.json describes its JSON.
type Result struct {
	Rules    []*Verdict `json:"rules"`
	Tables   []Table    `json:"tables"`   // that rules ask for, those of most rules first
	Coverage []Tactic   `json:"coverage"` // by tactic, in the order of the matrix
	Summary  Summary    `json:"summary"`

	// Written is the coverage of all rules, CanFire that of those that can work here.
	Written, CanFire *coverage.Coverage `json:"-"`
}

// Verdict is what there is to say of one rule.
type Verdict struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Status Status `json:"status"`
	// Reason says why the rule cannot work, or what to know of one that can.
	Reason string `json:"reason,omitempty"`
	// Needs are the things that are missing: "table SigninLogs", "column Acount", ...
	Needs      []string `json:"needs,omitempty"`
	Kind       string   `json:"kind"`
	Severity   string   `json:"severity,omitempty"`
	Tactics    []string `json:"tactics,omitempty"`
	Techniques []string `json:"techniques,omitempty"`
	File       string   `json:"file"`
	Line       int      `json:"line"`
	// Reads are the tables that the query reads, through functions too; nil when it does
	// not compile. "Device*" is every table of that name that is known, none having rows.
	Reads []string `json:"reads"`
	// Empty are those of Reads without rows in the period.
	Empty []string `json:"empty,omitempty"`
	// Declared are the rule's data types.
	Declared []string `json:"declared,omitempty"`
	// DeclaredNotRead and ReadNotDeclared are where the two differ.
	DeclaredNotRead []string `json:"declaredNotRead,omitempty"`
	ReadNotDeclared []string `json:"readNotDeclared,omitempty"`
	// Diagnostics are the errors of the query with their places.
	Diagnostics json.RawMessage `json:"diagnostics,omitempty"`
}

// Table is one table that rules ask for.
type Table struct {
	Name  string `json:"name"`
	Known bool   `json:"known"` // data or a schema gives it
	Rows  int64  `json:"rows"`  // in the period
	First string `json:"first,omitempty"`
	Last  string `json:"last,omitempty"`
	Rules int    `json:"rules"` // that read it, or fail for want of it
}

// Tactic is the coverage of one tactic, twice: of all rules, and of those that can fire.
type Tactic struct {
	Tactic            string `json:"tactic"`
	Rules             int    `json:"rules"`
	RulesCanFire      int    `json:"rulesCanFire"`
	Techniques        int    `json:"techniques"`
	TechniquesCanFire int    `json:"techniquesCanFire"`
	Known             int    `json:"techniquesKnown"` // all that ATT&CK has; 0 outside the enterprise matrix
}

// Summary counts the verdicts.
type Summary struct {
	Rules         int `json:"rules"`
	Runnable      int `json:"runnable"`
	MissingTable  int `json:"missingTable"`
	MissingColumn int `json:"missingColumn"`
	Needs         int `json:"needs"`
	NoRows        int `json:"noRows"`
	Refused       int `json:"refused"`
	// Drift counts the rules that do not declare what they read.
	Drift int `json:"drift"`
	// Data is false when no table has a row, in the period or at all.
	Data         bool     `json:"data"`
	From         string   `json:"from,omitempty"`
	To           string   `json:"to,omitempty"`
	RuleProblems []string `json:"ruleProblems,omitempty"` // files that gave no rule, and why
}

// Options say what to check for.
type Options struct {
	// From and To bound the period in which tables must have rows, both included; the
	// zero time is no bound.
	From, To time.Time
	// Now is what now() means; the zero time is the clock.
	Now time.Time
	// Parallel is the number of rules looked at at once; 0 is the number of processors.
	Parallel int
	// Progress is called after each rule, one call at a time.
	Progress func(done, total int, v *Verdict)
}

// settings are the options of a query that keep it to the period.
func (o *Options) settings() map[string]string {
	out := map[string]string{}
	if !o.From.IsZero() {
		out["query_datetimescope_from"] = types.FormatDatetime(types.FromTime(o.From))
	}
	if !o.To.IsZero() {
		out["query_datetimescope_to"] = types.FormatDatetime(types.FromTime(o.To))
	}
	return out
}

// checker is one check.
type checker struct {
	session *hunt.Session
	options Options
	tables  map[string]Table // that have data, by name
}

// Run looks at every rule and never stops for one of them. The verdicts stand in the
// order of the rules. The error is for tables that cannot be counted and for a
// cancelled context.
func Run(ctx context.Context, rules []*rule.Rule, s *hunt.Session, o Options) (*Result, error) {
	c := &checker{session: s, options: o}
	if err := c.count(ctx); err != nil {
		return nil, err
	}
	parallel := cmp.Or(o.Parallel, runtime.GOMAXPROCS(0))
	out := &Result{Rules: make([]*Verdict, len(rules))}
	var (
		mu   sync.Mutex
		done int
	)
	pool.Each(ctx, len(rules), parallel, func(i int) {
		v := c.verdict(ctx, rules[i])
		mu.Lock()
		defer mu.Unlock()
		out.Rules[i] = v
		done++
		if o.Progress != nil {
			o.Progress(done, len(rules), v)
		}
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	out.sum(o, c)
	return out, nil
}

// sum fills what follows from the verdicts.
func (r *Result) sum(o Options, c *checker) {
	s := &r.Summary
	s.Rules = len(r.Rules)
	var written, fires []coverage.Claim
	asked := map[string]int{}
	for _, v := range r.Rules {
		claim := coverage.Claim{Rule: v.Name, Tactics: v.Tactics, Techniques: v.Techniques}
		written = append(written, claim)
		switch v.Status {
		case Runnable:
			s.Runnable++
			fires = append(fires, claim)
		case MissingTable:
			s.MissingTable++
		case MissingColumn:
			s.MissingColumn++
		case Needs:
			s.Needs++
		case NoRows:
			s.NoRows++
		case Refused:
			s.Refused++
		}
		if len(v.DeclaredNotRead)+len(v.ReadNotDeclared) > 0 {
			s.Drift++
		}
		for _, t := range v.Reads {
			asked[t]++
		}
		for _, n := range v.Needs {
			if t, ok := strings.CutPrefix(n, needsTable); ok && !slices.Contains(v.Reads, t) {
				asked[t]++
			}
		}
	}
	r.Tables = make([]Table, 0, len(asked))
	for name, n := range asked {
		t, stored := c.tables[name]
		_, known := c.session.Schema(name)
		t.Name, t.Rules, t.Known = name, n, stored || known || strings.Contains(name, "*")
		r.Tables = append(r.Tables, t)
	}
	slices.SortFunc(r.Tables, func(a, b Table) int { return cmp.Or(b.Rules-a.Rules, strings.Compare(a.Name, b.Name)) })
	for _, t := range c.tables {
		s.Data = s.Data || t.Rows > 0
	}
	if !o.From.IsZero() {
		s.From = types.FormatDatetime(types.FromTime(o.From))
	}
	if !o.To.IsZero() {
		s.To = types.FormatDatetime(types.FromTime(o.To))
	}
	r.Written, r.CanFire = coverage.Of(written), coverage.Of(fires)
	can := map[string]coverage.Tactic{}
	for _, t := range r.CanFire.Tactics {
		can[t.Name] = t
	}
	r.Coverage = []Tactic{}
	for _, t := range r.Written.Tactics {
		r.Coverage = append(r.Coverage, Tactic{Tactic: t.Name, Rules: t.Rules, RulesCanFire: can[t.Name].Rules,
			Techniques: t.Techniques, TechniquesCanFire: can[t.Name].Techniques, Known: t.Known})
	}
}

// Layers are the coverage as two layers of the ATT&CK Navigator, coloured alike.
func (r *Result) Layers() []*coverage.Layer {
	most := r.Written.Most()
	of := fmt.Sprintf("A score is a number of rules. Quarry checked %d rules; %d can fire on the data at hand.", r.Summary.Rules, r.Summary.Runnable)
	return []*coverage.Layer{
		r.Written.Layer("Rules as written", "What all rules say that they detect. "+of, most),
		r.CanFire.Layer("Rules that can fire", "What the rules that can work on the data at hand say that they detect. "+of, most),
	}
}
