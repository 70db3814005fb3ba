package ruletest

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	"quarry/detect/rule"
	"quarry/kql/types"
)

// File is the tests of one file: a sidecar, or a rule's own.
type File struct {
	Name  string // as problems call it
	Tests []*Test
	// Schemas are the columns of tables that only these tests know.
	Schemas map[string]types.Schema

	data []byte // of a sidecar, for Update
}

// Test is one case of a rule. What a key means is told in docs/testing.md.
type Test struct {
	Name   string
	Rule   string // the id or name of the rule, where a file holds several
	Now    time.Time
	Set    map[string]string
	Expect string // Fires or Quiet
	Breaks *Claim // of a quiet test
	Rows   *Amount
	Like   []RowLike // rows that must be among the result's
	Alerts *Amount
	Raised []AlertLike // alerts that must be among those raised
	// Entities must be among those of the alerts.
	Entities   []EntityLike
	NearMisses []*NearMiss

	schemas    map[string]types.Schema // beside those of the file
	tables     []given
	events     []slice
	watchlists []list
	external   map[string]string
	functions  []string

	file *File
	at   *rule.Node
}

// The two things that a test can expect.
const (
	Fires = "fires"
	Quiet = "quiet"
)

// NearMiss is the test it stands in with something changed, so that the rule must stay
// quiet.
type NearMiss struct {
	Name    string
	Breaks  *Claim
	Now     time.Time
	Set     map[string]string
	Changes []Change

	at *rule.Node
}

// Claim is the condition, or the step, that keeps a rule quiet.
type Claim struct {
	Text string
	at   *rule.Node
}

// Change is what a near miss does to the rows of its test.
type Change struct {
	table  string
	row    int // 1-based; 0 is every row
	set    []cell
	remove []cell // without values
	shift  []cell // the values are timespans; one without a column is for all times
	drop   bool
	add    []*rule.Node

	at *rule.Node
}

// cell is a column and its value in the file.
type cell struct {
	column string
	value  *rule.Node
	key    rule.Member
}

// given is the rows of a table: written out, or in files.
type given struct {
	table string
	rows  []*rule.Node // a mapping is a row, a text the name of a file
	key   rule.Member
}

// slice is a part of a recorded set of events.
type slice struct {
	path     string
	from, to time.Time
	where    string
	tables   []string
	at       *rule.Node
}

// list is a watchlist: its rows, or a file.
type list struct {
	alias string
	value *rule.Node
}

// Amount is a number of rows or alerts, exact or within bounds.
type Amount struct {
	Min, Max int // Max -1 is no bound
	Exact    bool
	min, max *rule.Node // as written; one node if exact
}

func (a *Amount) holds(n int) bool { return n >= a.Min && (a.Max < 0 || n <= a.Max) }

func (a *Amount) String() string {
	switch {
	case a.Exact:
		return strconv.Itoa(a.Min)
	case a.Max < 0:
		return fmt.Sprintf("at least %d", a.Min)
	case a.Min == 0:
		return fmt.Sprintf("at most %d", a.Max)
	}
	return fmt.Sprintf("%d to %d", a.Min, a.Max)
}

// RowLike is what some columns of a row must hold.
type RowLike struct {
	cells []cell
	at    *rule.Node
}

// AlertLike is what an alert must be.
type AlertLike struct {
	fields   []cell // name, description, severity, tactics, techniques
	details  []cell
	entities []EntityLike
	at       *rule.Node
}

// EntityLike is a type and what some identifiers must be.
type EntityLike struct {
	typ         string
	identifiers []cell
	at          *rule.Node
}

// Sidecar is the name of the test file of a rule file.
func Sidecar(ruleFile string) string {
	if ext := path.Ext(ruleFile); ext != "" && !strings.ContainsAny(ext, "/!\\") {
		ruleFile = strings.TrimSuffix(ruleFile, ext)
	}
	return ruleFile + ".test.yaml"
}

// IsSidecar tells a test file by its name.
func IsSidecar(name string) bool {
	name = strings.ToLower(name)
	return strings.HasSuffix(name, ".test.yaml") || strings.HasSuffix(name, ".test.yml")
}

// Bounds on what one file may ask for.
const (
	maxFile     = 8 << 20
	maxValues   = 1 << 20 // aliases count each time they are used
	maxProblems = 20
)

// Problems are what is wrong with a test file.
type Problems []rule.Problem

// Error is a line for each problem.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, x := range p {
		lines[i] = x.Error()
	}
	return strings.Join(lines, "\n")
}

// Read reads a test file. Unknown keys are errors, so that a misspelt "expect" does not
// pass by testing nothing. An error is a Problems.
func Read(name string, data []byte) (*File, error) {
	if len(data) > maxFile {
		return nil, Problems{{File: name, Message: fmt.Sprintf("the test file is larger than %d bytes", maxFile), Hint: "put the rows into files of their own"}}
	}
	docs, err := rule.ParseYAML(name, data)
	if err != nil {
		return nil, Problems{err.(rule.Problem)}
	}
	d := &decoder{file: &File{Name: name, data: data}}
	if len(docs) != 1 {
		d.fail(nil, "", "the file holds %d YAML documents, not one", len(docs))
		return nil, d.problems
	}
	d.document(docs[0])
	if d.problems != nil {
		return nil, d.problems
	}
	return d.file, nil
}

// Of reads the tests that stand in a rule's own file under the key "tests"; nil if
// there are none.
func Of(r *rule.Rule) (*File, error) {
	n := r.Doc().Get("tests")
	if n == nil {
		return nil, nil
	}
	d := &decoder{file: &File{Name: r.File}}
	d.tests(n)
	if d.problems != nil {
		return nil, d.problems
	}
	return d.file, nil
}
