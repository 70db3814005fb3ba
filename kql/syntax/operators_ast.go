package syntax

import (
	"quarry/kql/source"
)

// Op is one tabular operator of a pipe.
type Op interface {
	Node
	Keyword() source.Span // the operator's name in the text

	base() *OpAt
	print(*printer)       // writes the operator without its "| "
	each(func(Node) bool) // visits the direct children, modifiers aside
}

// OpAt is embedded by every operator.
type OpAt struct {
	At
	Key    source.Span
	Params []*OpParam // kind=, hint.*, with_source=, ... in order
}

// Keyword returns the span of the operator's name.
func (o OpAt) Keyword() source.Span { return o.Key }
func (o *OpAt) base() *OpAt         { return o }

// Param returns the named modifier, or nil. The two spellings that KQL has for
// some of them are one: Param("withsource") also finds "with_source=".
func (o OpAt) Param(name string) *OpParam {
	name = paramAlias(name)
	for _, p := range o.Params {
		if paramAlias(p.Name) == name {
			return p
		}
	}
	return nil
}

func paramAlias(name string) string {
	switch name {
	case "with_source":
		return "withsource"
	case "__isFuzzy":
		return "isfuzzy"
	}
	return name
}

type (
	// Where is "where X" and "filter X".
	Where struct {
		OpAt
		X Expr
	}
	// Project covers "project", "project-rename", "project-away", "project-keep",
	// "project-by-names", "project-smart", "extend" and "serialize": Kind is that word.
	// Items are *Assign or plain expressions, *Name or *Wildcard for away and keep.
	Project struct {
		OpAt
		Kind  string
		Items []Expr
	}
	// ProjectReorder is "project-reorder a, b* desc, *": items are *Name, *Wildcard or *Ordered of those (Order holds "asc", "desc", "granny-asc", "granny-desc" or "").
	ProjectReorder struct {
		OpAt
		Items []ReorderItem
	}
	// Summarize is "summarize Aggs by By [bin=X]"; the last part is an old form.
	Summarize struct {
		OpAt
		Aggs []Expr
		By   []Expr
		Bin  Expr
	}
	// Distinct is "distinct a, b" or "distinct *".
	Distinct struct {
		OpAt
		Items []Expr
	}
	// Count is "count [as T]".
	Count struct {
		OpAt
		As *Name
	}
	// Sort is "sort by" and "order by".
	Sort struct {
		OpAt
		Keys []*Ordered
	}
	// Top is "top N by key".
	Top struct {
		OpAt
		N    Expr
		Keys []*Ordered
	}
	// TopNested is "top-nested [N] of X [with others = V] by Agg [asc|desc], ...".
	TopNested struct {
		OpAt
		Levels []TopNestedLevel
	}
	// TopHitters is "top-hitters N of X [by Y]".
	TopHitters struct {
		OpAt
		N  Expr
		Of Expr
		By Expr
	}
	// Take is "take N" and "limit N".
	Take struct {
		OpAt
		N Expr
	}
	// Sample is "sample N".
	Sample struct {
		OpAt
		N Expr
	}
	// SampleDistinct is "sample-distinct N of X".
	SampleDistinct struct {
		OpAt
		N  Expr
		Of Expr
	}
	// Join is "join kind=K (Right) on On" and "lookup" (Lookup set). On is nil when missing;
	// its items are *Name or conditions over $left and $right. Where holds "join ... where X".
	Join struct {
		OpAt
		Lookup bool
		Right  Expr
		On     []Expr
		Where  Expr
	}
	// Union is "union A, (B), C*".
	Union struct {
		OpAt
		Tables []Expr
	}
	// MvExpand is "mv-expand [bagexpansion=] [with_itemindex=] [a =] X [to typeof(T)], ... [limit N]".
	// Items are *Assign, plain expressions or *Typed of those.
	MvExpand struct {
		OpAt
		Items []Expr
		Limit Expr
	}
	// MvApply is "mv-apply Items [limit N] on (SubQuery)".
	MvApply struct {
		OpAt
		Items []Expr
		Limit Expr
		// Context names: "id Column" is deprecated syntax, kept in Params.
		On *Pipe // Source is nil
	}
	// ParseOp is "parse" and "parse-where": kind and flags are in Params; With holds literals,
	// *Name captures, *Typed captures and *Wildcard "*".
	ParseOp struct {
		OpAt
		Where bool
		X     Expr
		With  []Expr
	}
	// ParseKV is "parse-kv X as (schema) with (props)".
	ParseKV struct {
		OpAt
		X       Expr
		Columns []*Param
		Props   []*OpParam
	}
	// MakeSeries is "make-series [a =] Agg [default = V], ... on X [from A to B] step S [by ...]"
	// and the older "in range(A, B, S)".
	MakeSeries struct {
		OpAt
		Aggs           []MakeSeriesAgg
		On             Expr
		From, To, Step Expr
		InRange        bool // written as "in range(...)": the end is inclusive
		By             []Expr
	}
	// Partition is "partition by Col [in Scope] (sub-query)", or "{ query }" (Braces).
	Partition struct {
		OpAt
		By     Expr
		Scope  Expr
		Sub    Expr // *Pipe; Source nil for the contextual form
		Braces bool
	}
	// Scan is "scan [with_match_id=x] [order by ...] [partition by ...] [declare (...)] with (steps)".
	Scan struct {
		OpAt
		OrderBy     []*Ordered
		PartitionBy []Expr
		Declare     []*Param
		Steps       []ScanStep
	}
	// As is "as [hint.materialized=true] Name".
	As struct {
		OpAt
		Name *Name
	}
	// Consume is "consume".
	Consume struct{ OpAt }
	// Fork is "fork [name =] (sub) ...".
	Fork struct {
		OpAt
		Prongs []NamedPipe
	}
	// Facet is "facet by a, b [with (sub)]".
	Facet struct {
		OpAt
		By   []Expr
		With *Pipe
	}
	// Find is "find [in (tables)] where X [project ...]".
	Find struct {
		OpAt
		In           []Expr
		X            Expr
		Project      []Expr // *Name, *Typed, pack(*) as *Call
		ProjectSmart bool
		ProjectAway  []Expr
	}
	// Search is "search [kind=] [in (tables)] X".
	Search struct {
		OpAt
		In []Expr
		X  Expr
	}
	// Range is "range Name from A to B step S".
	Range struct {
		OpAt
		Name           *Name
		From, To, Step Expr
	}
	// PrintOp is "print items".
	PrintOp struct {
		OpAt
		Items []Expr
	}
	// GetSchema is "getschema [kind=csl]".
	GetSchema struct{ OpAt }
	// Render is "render Chart [with (props)]"; the older "render Chart kind=K by a, b"
	// has its modifiers in Params.
	Render struct {
		OpAt
		Chart *Name
		Props []*OpParam
		With  bool // the parentheses are written
	}
	// Invoke is "invoke f(args)"; Func is a *Call, or a *Path of calls
	// ("invoke cluster('c').database('d').f()").
	Invoke struct {
		OpAt
		Func Expr
	}
	// Reduce is "reduce by X with threshold=..., characters=...".
	Reduce struct {
		OpAt
		By    Expr
		Props []*OpParam
	}
	// Evaluate is "evaluate plugin(args) [: schema]"; Columns is the declared schema, Star its "*".
	Evaluate struct {
		OpAt
		Plugin  *Call
		Schema  bool
		Star    bool
		Columns []*Param
	}
	// BadOp stands where the parser could not read an operator; a diagnostic was reported.
	BadOp struct{ OpAt }
	// ExecuteAndCache, MacroExpand and the like are read and kept as text for a refusal by name.
	Unsupported struct {
		OpAt
		Name string
		Text string
	}
	// MakeGraph is "make-graph Src --> Dst [with Nodes on Id, ...]" and its with_node_id form;
	// Undirected is "Src -- Dst".
	MakeGraph struct {
		OpAt
		From, To   *Name
		Undirected bool
		Nodes      []GraphNodes
		NodeID     *Name // with_node_id=
		Partitions Expr  // partitioned-by
		Sub        *Pipe
	}
	// GraphMatch is "graph-match" and "graph-shortest-paths" (Shortest set).
	GraphMatch struct {
		OpAt
		Shortest bool
		Patterns []GraphPattern
		Where    Expr
		Project  []Expr
	}
	// GraphToTable is "graph-to-table nodes [as N] [with_node_id=..], edges [as E] [...]".
	GraphToTable struct {
		OpAt
		Outputs []GraphOutput
	}
	// GraphMark is "graph-mark-components [kind=] [with_component_id=]".
	GraphMark struct{ OpAt }
	// GraphWhere is "graph-where-nodes X" or "graph-where-edges X" (Edges set).
	GraphWhere struct {
		OpAt
		Edges bool
		X     Expr
	}
	// AssertSchema is "assert-schema (a:long, *)".
	AssertSchema struct {
		OpAt
		Columns []*Param
		Star    bool
	}
)

// ReorderItem is one column (or pattern) of project-reorder.
type ReorderItem struct {
	X     Expr   // *Name or *Wildcard
	Order string // "", "asc", "desc", "granny-asc", "granny-desc"
}

// TopNestedLevel is one "N of X ... by Agg" clause.
type TopNestedLevel struct {
	At
	N      Expr // nil for all
	Of     Expr // may be *Assign
	Others Expr // nil when not written
	By     *Ordered
}

// MakeSeriesAgg is one aggregate with its default (nil when not written).
type MakeSeriesAgg struct {
	X       Expr
	Default Expr
}

// ScanStep is "step Name [optional] [output=...]: Cond [=> a = X, ...]".
type ScanStep struct {
	At
	Name     *Name
	Optional bool
	Output   string // "", "all", "last", "none"
	Cond     Expr
	Assign   []*Assign
}

// NamedPipe is a prong of fork.
type NamedPipe struct {
	Name *Name
	Pipe *Pipe
}

// GraphNodes is "Table on Column" of make-graph.
type GraphNodes struct {
	Table Expr
	On    *Name
}

// GraphPattern is a chain: nodes and edges in turn, starting and ending with a node.
type GraphPattern struct {
	At
	Elems []GraphElem
}

// GraphElem is a node "(n)" or an edge "-[e]->", "<-[e]-", "-[e*1..5]-".
type GraphElem struct {
	At
	Edge      bool
	Name      *Name // nil when anonymous
	Direction int   // edges: +1 to the right, -1 to the left, 0 either way
	Variable  bool  // e*low..high
	Low, High Expr
}

// GraphOutput is one output table of graph-to-table.
type GraphOutput struct {
	Edges  bool
	As     *Name
	Params []*OpParam
}
