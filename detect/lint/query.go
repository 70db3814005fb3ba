package lint

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"quarry/detect/rule"
	"quarry/kql/source"
	"quarry/kql/syntax"
	"quarry/kql/types"
)

// query is one query on its way through the checks of habits.
type query struct {
	*file
	rule    *rule.Rule // nil for a saved function
	text    *source.Text
	value   *rule.Node
	script  *syntax.Script
	columns *columns
	saved   bool // a function's body

	lets   map[string]syntax.Expr
	params map[string]bool // parameters of functions
	times  map[string]bool // names of points in time
	left   []string        // unknown tables of fuzzy unions
}

func (q *query) check() {
	if q.lets == nil {
		q.names()
	}
	q.timeFilter()
	syntax.Walk(q.script, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Pipe:
			q.pipe(n)
		case *syntax.Search:
			if len(n.In) == 0 && q.leads(n) {
				q.at("QL103", n.Keyword(), "search reads every table", "name the tables: search in (A, B) ...")
			}
		case *syntax.Find:
			if len(n.In) == 0 {
				q.at("QL103", n.Keyword(), "find reads every table", "name the tables: find in (A, B) where ...")
			}
		case *syntax.Union:
			for _, t := range n.Tables {
				if w, ok := t.(*syntax.Wildcard); ok && w.Pattern == "*" {
					q.at("QL104", w.Pos(), "union * reads every table", "name the tables")
				}
			}
		case *syntax.Where:
			q.where(n)
		case *syntax.Call:
			q.call(n)
		case *syntax.MvExpand:
			q.renamed(n.Keyword(), "mvexpand", "mv-expand")
		}
		return true
	})
	for _, t := range q.tables() {
		if next, ok := retiredTables[t.Text]; ok {
			q.at("QL107", t.Pos(), fmt.Sprintf("the table %s is retired", t.Text), next)
		}
	}
	q.unused()
	q.lookback()
	q.result()
}

// at reports about a part of the query.
func (q *query) at(code string, span source.Span, message, hint string) *Finding {
	at, _ := q.inQuery(q.text, q.value, span)
	return q.report(code, at, message, hint)
}

// written is the query's text of a span.
func (q *query) written(span source.Span) string {
	return q.text.Body[max(0, span.Start):min(len(q.text.Body), max(span.Start, span.End))]
}

// names collects what the query itself names.
func (q *query) names() {
	q.lets, q.params, q.times = map[string]syntax.Expr{}, map[string]bool{}, map[string]bool{}
	syntax.Walk(q.script, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Let:
			q.lets[n.Name.Text] = n.Value
		case *syntax.As:
			q.lets[n.Name.Text] = nil
		case *syntax.Param:
			q.params[n.Name.Text] = true
		}
		return true
	})
	for range 3 { // x = TimeGenerated; y = x
		syntax.Walk(q.script, func(n syntax.Node) bool {
			if a, ok := n.(*syntax.Assign); ok && q.timed(a.X) {
				for _, name := range a.Names {
					q.times[name.Text] = true
				}
			}
			return true
		})
	}
}

var timeName = regexp.MustCompile(`(?i)time|date|^(?:start|end|first|last|begin)$|(?:first|last)_?seen`)

// timed reports whether an expression names a point in time.
func (q *query) timed(x syntax.Node) bool {
	found := false
	syntax.Walk(x, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Name:
			if !q.lengthOfTime(n.Text) && (q.times[n.Text] || timeName.MatchString(n.Text)) {
				found = true
			}
		case *syntax.Call: // the function's name is no column
			for _, a := range n.Args {
				found = found || q.timed(a)
			}
			return false
		case *syntax.Pipe:
			return false
		}
		return !found
	})
	return found
}

// lengthOfTime reports whether a let constant is a timespan or a number: timeframe = 1d.
func (q *query) lengthOfTime(name string) bool {
	l, ok := q.lets[name].(*syntax.Literal)
	return ok && l.Type != types.Datetime
}

// clocks are functions that speak of a point in time.
var clocks = []string{"ago", "now", "ingestion_time", "startofday", "startofweek", "startofmonth", "startofyear", "endofday", "endofweek", "endofmonth", "endofyear", "datetime_add", "datetime_diff", "make_datetime"}

var comparisons = []string{"<", "<=", ">", ">=", "=="}

// bounded reports whether anything in the query relates to a point in time.
func (q *query) bounded() bool {
	found := false
	syntax.Walk(q.script, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Call:
			found = found || slices.Contains(clocks, n.Name.Text)
		case *syntax.Literal:
			found = found || n.Type == types.Datetime
		case *syntax.Binary:
			found = found || slices.Contains(comparisons, n.Op) && (q.timed(n.L) || q.timed(n.R))
		case *syntax.Between:
			found = found || q.timed(n.X)
		case *syntax.MakeSeries:
			found = found || n.From != nil
		}
		return !found
	})
	return found
}

// defender are the tables of advanced hunting, which shows 30 days of them and lets the
// reader choose the time.
var defender = regexp.MustCompile(`^(?:Device|Email|Identity|CloudAppEvents$|AlertInfo$|AlertEvidence$|UrlClickEvents$|MessageEvents$|AAD|EntraId|OAuthAppInfo$|Behavior|ExposureGraph|GraphApi|CampaignInfo$|Data)`)

// timeFilter: Sentinel cuts the tables of an analytics rule to its period, and
// Defender's portal has its own range. Nothing bounds other queries but themselves.
func (q *query) timeFilter() {
	tables := q.tables()
	if q.saved || q.rule.Kind == rule.Summary || q.rule.BinSize != "" || len(tables) == 0 || q.bounded() {
		return
	}
	code, hint := "QL102", "add where TimeGenerated > ago(...), or Timestamp in Defender's tables"
	if q.rule.Kind == rule.Scheduled || q.rule.Kind == rule.NRT ||
		!slices.ContainsFunc(tables, func(n *syntax.Name) bool { return !defender.MatchString(n.Text) }) {
		code = "QL120"
	}
	q.at(code, tables[0].Pos(), fmt.Sprintf("the query has no time filter on %s", tables[0].Text), hint)
}

// tables are the names that stand where tables stand and that the query does not
// define itself, in the order of the text.
func (q *query) tables() []*syntax.Name {
	if q.lets == nil {
		q.names()
	}
	var out []*syntax.Name
	add := func(x syntax.Node) {
		for {
			p, ok := x.(*syntax.Paren)
			if !ok {
				break
			}
			x = p.X
		}
		if n, ok := x.(*syntax.Name); ok {
			if _, own := q.lets[n.Text]; !own && !q.params[n.Text] && !strings.HasPrefix(n.Text, "$") {
				out = append(out, n)
			}
		}
	}
	syntax.Walk(q.script, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Query:
			add(n.X)
		case *syntax.Pipe:
			if n.Source != nil {
				add(n.Source)
			}
		case *syntax.Union:
			for _, t := range n.Tables {
				add(t)
			}
		case *syntax.Join:
			add(n.Right)
		case *syntax.Search:
			for _, t := range n.In {
				add(t)
			}
		case *syntax.Find:
			for _, t := range n.In {
				add(t)
			}
		}
		return true
	})
	slices.SortStableFunc(out, func(a, b *syntax.Name) int { return a.Pos().Start - b.Pos().Start })
	return slices.CompactFunc(out, func(a, b *syntax.Name) bool { return a == b })
}

// leads reports whether an operator starts its pipe.
func (q *query) leads(op syntax.Op) bool {
	leads := false
	syntax.Walk(q.script, func(n syntax.Node) bool {
		if p, ok := n.(*syntax.Pipe); ok && p.Source == nil && len(p.Ops) > 0 && p.Ops[0] == op {
			leads = true
		}
		return !leads
	})
	return leads
}

// unused reports let names that nothing mentions.
func (q *query) unused() {
	used := map[string]int{}
	patterns := false
	syntax.Walk(q.script, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Name:
			used[n.Text]++
		case *syntax.Wildcard:
			patterns = patterns || n.Pattern != "*"
		case *syntax.Call:
			used[n.Name.Text]++
		}
		return true
	})
	if patterns || q.saved {
		return
	}
	for _, s := range q.script.Statements {
		if l, ok := s.(*syntax.Let); ok && used[l.Name.Text] == 1 {
			q.at("QL113", l.Name.Pos(), fmt.Sprintf("nothing uses %s", l.Name.Text), "use it, or take it out")
		}
	}
}

// lookback compares what the query looks back to with what Sentinel shows it.
func (q *query) lookback() {
	if q.rule == nil || q.rule.Kind != rule.Scheduled {
		return
	}
	period, err := rule.ParseDuration(q.rule.QueryPeriod)
	if err != nil || strings.Contains(q.text.Body, "ingestion_time") {
		return
	}
	syntax.Walk(q.script, func(n syntax.Node) bool {
		if c, ok := n.(*syntax.Call); ok && c.Name.Text == "ago" && len(c.Args) == 1 {
			if ticks, ok := q.timespan(c.Args[0]); ok && ticks > int64(period)/100 {
				q.at("QL110", c.Pos(), fmt.Sprintf("%s is before the queryPeriod of %s", q.written(c.Pos()), q.rule.QueryPeriod), "lengthen queryPeriod, or look back less")
			}
		}
		return true
	})
}

// timespan is the value of a literal or of a let constant, in ticks.
func (q *query) timespan(x syntax.Expr) (int64, bool) {
	switch x := x.(type) {
	case *syntax.Paren:
		return q.timespan(x.X)
	case *syntax.Literal:
		v, ok := x.Value.(int64)
		return v, ok && x.Type == types.Timespan
	case *syntax.Name:
		if v, ok := q.lets[x.Text].(*syntax.Literal); ok {
			return q.timespan(v)
		}
	}
	return 0, false
}

// result looks at what a rule that alerts returns.
func (q *query) result() {
	if q.rule == nil || q.rule.Kind != rule.Scheduled && q.rule.Kind != rule.NRT {
		return
	}
	last, ok := q.script.Statements[len(q.script.Statements)-1].(*syntax.Query)
	if !ok {
		return
	}
	if p, ok := last.X.(*syntax.Pipe); ok {
		sorted := false
		for _, op := range p.Ops {
			switch op := op.(type) {
			case *syntax.Sort:
				sorted = true
			case *syntax.Take:
				if !sorted {
					q.at("QL112", op.Keyword(), "which rows are taken is left to chance", "sort before, use top, or leave it out")
				}
			}
		}
	}
	if q.columns != nil && !q.columns.has("TimeGenerated") && !q.columns.has("Timestamp") {
		q.at("QL125", last.Pos(), "the result has no TimeGenerated and no Timestamp", "")
	}
}
