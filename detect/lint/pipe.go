package lint

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"quarry/kql/source"
	"quarry/kql/syntax"
)

// pipe looks at the order of operators.
func (q *query) pipe(p *syntax.Pipe) {
	few := !q.raw(p.Source, 0)
	if p.Source == nil {
		few = !q.startsRaw(p.Ops)
	}
	for i, op := range p.Ops {
		switch op := op.(type) {
		case *syntax.Sort:
			if !few && !ordersMatter(p.Ops[i+1:]) {
				q.at("QL105", op.Keyword(), "all rows are sorted, and nothing takes the first of them", "use top N by ..., or leave the order to the reader")
			}
		case *syntax.Join:
			q.join(op, few)
		}
		few = few || reduces(op)
	}
}

// reduces reports whether an operator leaves few rows of many.
func reduces(op syntax.Op) bool {
	switch op.(type) {
	case *syntax.Summarize, *syntax.Distinct, *syntax.Count, *syntax.Top, *syntax.TopNested, *syntax.TopHitters, *syntax.Take, *syntax.Sample,
		*syntax.SampleDistinct, *syntax.MakeSeries, *syntax.Reduce, *syntax.GetSchema, *syntax.Evaluate, *syntax.Facet, *syntax.Fork:
		return true
	}
	return false
}

// raw reports whether an expression gives the rows of a table as they are: neither
// aggregated nor a list that the query or a file brings.
func (q *query) raw(x syntax.Node, depth int) bool {
	if depth > 20 {
		return false
	}
	switch x := x.(type) {
	case *syntax.Paren:
		return q.raw(x.X, depth+1)
	case *syntax.Name:
		if v, own := q.lets[x.Text]; own {
			return v != nil && q.raw(v, depth+1)
		}
		return !q.params[x.Text] && !reference.MatchString(x.Text)
	case *syntax.Pipe:
		if x.Source == nil {
			return q.startsRaw(x.Ops) && !slices.ContainsFunc(x.Ops, reduces)
		}
		return q.raw(x.Source, depth+1) && !slices.ContainsFunc(x.Ops, reduces)
	case *syntax.Call:
		return (x.Name.Text == "materialize" || x.Name.Text == "view") && len(x.Args) == 1 && q.raw(x.Args[0], depth+1)
	}
	return false
}

// reference are tables that hold what things are, not what happened.
var reference = regexp.MustCompile(`^(?:IdentityInfo|DeviceInfo|DeviceNetworkInfo|DeviceTvm\w*|Watchlist|ThreatIntel\w*|BehaviorAnalytics|Heartbeat|ExposureGraph\w*|\w*_Info_CL)$`)

func (q *query) startsRaw(ops []syntax.Op) bool {
	if len(ops) == 0 {
		return false
	}
	switch op := ops[0].(type) {
	case *syntax.Union:
		return slices.ContainsFunc(op.Tables, func(t syntax.Expr) bool { return q.raw(t, 0) })
	case *syntax.Search, *syntax.Find:
		return true
	}
	return false
}

// neighbours are functions that look at the rows before and after.
var neighbours = []string{"prev", "next", "row_number", "row_cumsum", "row_rank_dense", "row_rank_min", "row_window_session", "make_list", "make_list_if", "makelist", "make_bag", "take_any", "any"}

// ordersMatter reports whether operators after a sort take the first rows, or look at
// the order.
func ordersMatter(ops []syntax.Op) bool {
	for _, op := range ops {
		switch op := op.(type) {
		case *syntax.Take, *syntax.Top, *syntax.Scan, *syntax.Partition, *syntax.Summarize, *syntax.MakeSeries, *syntax.Evaluate, *syntax.Render, *syntax.Sample:
			return true
		case *syntax.Project:
			if op.Kind == "serialize" {
				return true
			}
		}
		found := false
		syntax.Walk(op, func(n syntax.Node) bool {
			if c, ok := n.(*syntax.Call); ok && slices.Contains(neighbours, c.Name.Text) {
				found = true
			}
			return !found
		})
		if found {
			return true
		}
	}
	return false
}

// broad are keys with which many events of a table agree: who, where, from which
// address. A session, a message or a file has few events and needs no window.
var broad = regexp.MustCompile(`(?i)^_?(?:\w*device_?(?:id|name)|\w*computer\w*|\w*host(?:name)?|\w*account(?:name|upn|sid|objectid|domain|custom\w*)?|\w*user_?(?:name|id|principalname|displayname|upn)?|\w*upn|\w*sid|identity|\w*ip(?:_?addr(?:ess)?|v4|customentity)?|\w*address|\w*domain(?:name)?|\w*caller|actor|\w*tenant_?id|\w*file_?name|\w*process_?name|app(?:displayname|id)|\w*country|location|\w*resource_?id|key|dummy)$`)

func (q *query) join(j *syntax.Join, few bool) {
	kind := ""
	if p := j.Param("kind"); p != nil {
		if n, ok := p.Value.(*syntax.Name); ok {
			kind = strings.ToLower(n.Text)
		}
	}
	if kind == "" && !j.Lookup {
		q.at("QL124", j.Keyword(), "the join names no kind", "write kind=inner to keep every pair, kind=innerunique to keep this")
	}
	if j.Lookup || few || strings.Contains(kind, "anti") || strings.Contains(kind, "semi") || len(j.On) == 0 || !q.raw(j.Right, 0) {
		return
	}
	var keys []string
	for _, on := range j.On {
		if q.timed(on) {
			return
		}
		names := keyNames(on)
		if len(names) == 0 || !broad.MatchString(names[0]) {
			return
		}
		keys = append(keys, names[0])
	}
	if q.related(j) {
		return
	}
	q.at("QL106", j.Keyword(), fmt.Sprintf("events are joined on %s alone, whenever they happened", strings.Join(keys, ", ")), "relate their times: where TimeB between (TimeA .. (TimeA + 10m)), or aggregate one side first")
}

// keyNames are the columns of a join condition.
func keyNames(on syntax.Expr) []string {
	var out []string
	syntax.Walk(on, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Path:
			if name, ok := n.Name.(*syntax.Name); ok {
				out = append(out, name.Text)
			}
			return false
		case *syntax.Name:
			out = append(out, n.Text)
		}
		return true
	})
	return out
}

// related reports whether, from the join on, something compares two points in time.
func (q *query) related(j *syntax.Join) bool {
	found := j.Where != nil && q.timed(j.Where)
	syntax.Walk(q.script, func(n syntax.Node) bool {
		if found {
			return false
		}
		if n.Pos().Start < j.Pos().Start {
			return true
		}
		switch n := n.(type) {
		case *syntax.Binary:
			if slices.Contains(comparisons, n.Op) || n.Op == "-" {
				found = q.timed(n.L) && q.timed(n.R)
			}
		case *syntax.Between:
			found = q.timed(n.X) && (q.timed(n.Low) || q.timed(n.High))
		case *syntax.Call:
			found = n.Name.Text == "datetime_diff"
		case *syntax.Join:
			if n != j {
				for _, on := range n.On {
					found = found || q.timed(on)
				}
			}
		}
		return !found
	})
	return found
}

// retiredTables are tables that no longer fill, with what to do.
var retiredTables = map[string]string{
	"ThreatIntelligenceIndicator":               "use ThreatIntelIndicators; its indicators stand in Data",
	"DeviceTvmSoftwareInventoryVulnerabilities": "use DeviceTvmSoftwareVulnerabilities and DeviceTvmSoftwareInventory",
	"AlertEvents":                "use AlertInfo and AlertEvidence",
	"AppFileEvents":              "use CloudAppEvents",
	"MachineInfo":                "use DeviceInfo",
	"MachineNetworkInfo":         "use DeviceNetworkInfo",
	"ProcessCreationEvents":      "use DeviceProcessEvents",
	"NetworkCommunicationEvents": "use DeviceNetworkEvents",
	"FileCreationEvents":         "use DeviceFileEvents",
	"RegistryEvents":             "use DeviceRegistryEvents",
	"LogonEvents":                "use DeviceLogonEvents",
	"ImageLoadEvents":            "use DeviceImageLoadEvents",
	"MiscEvents":                 "use DeviceEvents",
}

// newName is a function's new name; same when nothing but the name differs.
type newName struct {
	name string
	same bool
}

// oldFunctions are deprecated names. The limits of makelist, makeset and mvexpand
// differ from those of their successors, so only a person can change them.
var oldFunctions = map[string]newName{
	"parsejson": {"parse_json", true}, "notempty": {"isnotempty", true}, "notnull": {"isnotnull", true}, "extractjson": {"extract_json", true},
	"extractall": {"extract_all", true}, "base64_encodestring": {"base64_encode_tostring", true}, "base64_decodestring": {"base64_decode_tostring", true},
	"makelist": {"make_list", false}, "makeset": {"make_set", false}, "argmax": {"arg_max", false}, "argmin": {"arg_min", false}, "any": {"take_any", true},
	"replace": {"replace_regex", true}, "parseurl": {"parse_url", true}, "getmonth": {"monthofyear", false},
	"array_strcat": {"strcat_array", true},
}

func (q *query) call(c *syntax.Call) {
	next, ok := oldFunctions[c.Name.Text]
	if !ok || next.name == "" {
		return
	}
	if _, own := q.lets[c.Name.Text]; own {
		return
	}
	x := q.at("QL108", c.Name.Pos(), fmt.Sprintf("%s() is deprecated", c.Name.Text), "use "+next.name+"()")
	if next.same {
		x.Fix = q.change(c.Name.Pos(), c.Name.Text, next.name)
	}
}

// renamed reports an operator written with its old name.
func (q *query) renamed(span source.Span, old, new string) {
	if strings.EqualFold(q.written(span), old) {
		q.at("QL108", span, fmt.Sprintf("%s is deprecated", old), "use "+new)
	}
}

// change is an edit of a part of the query; nil where the file writes it otherwise.
func (q *query) change(span source.Span, old, new string) *Edit {
	at, exact := q.inQuery(q.text, q.value, span)
	if !exact || !strings.HasPrefix(q.from(at.line, at.column), old) {
		return nil
	}
	return &Edit{Line: at.line, Column: at.column, Old: old, New: new}
}
