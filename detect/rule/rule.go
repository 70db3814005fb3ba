package rule

import (
	"fmt"
	"strings"

	"quarry/kql/source"
)

// Kind is the kind of a rule as Sentinel names it.
type Kind string

// The kinds that carry a query. The others (Fusion, MLBehaviorAnalytics,
// MicrosoftSecurityIncidentCreation, ThreatIntelligence, Anomaly, BlackBox) are
// kept as written: they are rules, but nothing outside Microsoft's cloud can run them.
const (
	Scheduled Kind = "Scheduled"
	NRT       Kind = "NRT"
	Hunting   Kind = "Hunting"
	Summary   Kind = "Summary"         // a summary rule: writes its rows to a table
	Custom    Kind = "CustomDetection" // a Defender XDR custom detection
	Query     Kind = "Query"           // a bare query without any schema
)

// Rule is one detection. Text fields hold what the file says, trimmed of the
// quotes and blanks that YAML authors leave around it; durations and operators
// keep their notation (see ParseDuration and Trigger.Symbol).
type Rule struct {
	ID          string // GUID, or for a file without one its path (and "#2", "#3", ... for later queries of that file)
	Name        string
	Description string
	Kind        Kind
	Severity    string // Informational, Low, Medium, High; "" for hunting queries
	Status      string
	Version     string
	Tactics     []string // as written: "LateralMovement" or "Lateral movement"
	Techniques  []string // T1059 or T1059.001
	Platforms   []string // only the catalogue page states them
	Connectors  []Connector
	Query       string

	QueryFrequency string
	QueryPeriod    string
	Trigger        *Trigger // nil when the rule has none

	EntityMappings      []EntityMapping
	SentinelEntities    []string // columns that hold a list of entities
	CustomDetails       []Pair   // name -> column
	AlertDetails        AlertDetails
	AggregationKind     string // SingleAlert, AlertPerResult or ""
	SuppressionEnabled  bool
	SuppressionDuration string
	Incident            *Incident // nil when the file does not configure incidents
	DestinationTable    string    // summary rules
	BinSize             string    // summary rules, minutes

	// What only rules in use have.
	Enabled         *bool  // nil when the file does not say
	StartTime       string // startTimeUtc, an RFC 3339 time
	Template        string // alertRuleTemplateName
	TemplateVersion string

	// MicrosoftSecurityIncidentCreation: which alerts of ProductFilter become incidents.
	ProductFilter             string
	SeveritiesFilter          []string
	DisplayNamesFilter        []string
	DisplayNamesExcludeFilter []string

	// Defender custom detections.
	RecommendedActions string
	Assets             []Asset

	Tags     []Pair // a bare tag is a Pair without a value
	Metadata []Pair // dotted path -> value: "author.name" -> "..."
	URL      string
	Ingested string    // IngestedDate of the catalogue page
	PageRows []PageRow // the rows of the catalogue page that made this rule, in order

	File     string // as the user would name it; "pack.zip!dir/rule.yaml" inside an archive
	Path     string // of its file below the folder or archive that the user named, with "/"
	Line     int    // 1-based line of the rule in File
	lineBase int    // lines of File before the query
	indent   int    // columns of File before each line of the query
	inline   bool   // the query's lines are not lines of File
	doc      *Node  // see Doc
	graph    bool   // doc is a custom detection, as Microsoft Graph writes it
	raw      string // the YAML document that doc is, as the file has it; else ""
	rawLine  int    // line of File that raw starts at
}

// Asset is an impactedAssets entry of a custom detection: the kind of asset and the
// column that identifies it, as Microsoft Graph writes it ("deviceId" for DeviceId).
type Asset struct {
	Kind       string // device, user or mailbox
	Identifier string
}

// Connector is one entry of requiredDataConnectors.
type Connector struct {
	ID        string
	DataTypes []string
}

// PageRow is what tells one row of a catalogue page from the others of its rule.
type PageRow struct{ Tactic, Technique, Platform, Connector, DataType string }

// Trigger compares the number of rows of a run with a threshold.
type Trigger struct {
	Operator  string // as written: gt, GreaterThan, ...
	Threshold int
}

// Symbol is the operator as KQL writes it (">", "<", "==", "!="), "" if unknown.
func (t *Trigger) Symbol() string {
	switch strings.ToLower(t.Operator) {
	case "gt", "greaterthan":
		return ">"
	case "lt", "lessthan":
		return "<"
	case "eq", "equal":
		return "=="
	case "ne", "notequal":
		return "!="
	}
	return ""
}

// Pair is a named value.
type Pair struct{ Name, Value string }

// EntityMapping says which result columns identify an entity.
type EntityMapping struct {
	EntityType string
	Fields     []FieldMapping
}

// FieldMapping is one identifier of an entity.
type FieldMapping struct{ Identifier, Column string }

// AlertDetails is alertDetailsOverride.
type AlertDetails struct {
	NameFormat, DescriptionFormat string
	TacticsColumn, SeverityColumn string
	Dynamic                       []Pair // alert property -> column
}

// Incident is incidentConfiguration with its grouping.
type Incident struct {
	Create               bool
	GroupingEnabled      bool
	ReopenClosed         bool
	Lookback             string
	MatchingMethod       string
	GroupByEntities      []string
	GroupByAlertDetails  []string
	GroupByCustomDetails []string
}

// Function is a saved query that other queries call by name: a solution's
// parser, an ASIM parser or a workspace function.
type Function struct {
	Name        string   // FunctionName or ParserName
	Aliases     []string // FunctionAlias, EquivalentBuiltInParser
	Title       string
	Description string
	Category    string
	Version     string
	Params      []Param
	Query       string

	ID          string // GUID; ASIM parsers have none
	LastUpdated string
	ASIM        bool     // written as an ASIM parser
	Product     string   // ASIM, as are the fields below
	Schema      string   // Normalization.Schema
	SchemaVer   string   // Normalization.Version
	BuiltIn     string   // EquivalentBuiltInParser: _Im_...
	References  []Pair   // title -> link
	Parsers     []string // the parsers that this one unites

	File     string
	Line     int
	lineBase int
	indent   int
	inline   bool
	doc      *Node
	raw      string
}

// Doc is the mapping that holds the function's fields; see Rule.Doc.
func (f *Function) Doc() *Node { return f.doc }

// Param is a function's parameter; Default is KQL text, "" when required.
type Param struct{ Name, Type, Default string }

// Text is the query with its place in the file, so that an error in it shows
// the line and column of the file the user edits.
func (r *Rule) Text() *source.Text { return r.place(r.Query) }

// place gives another text of the same query (a knob set) the query's place.
func (r *Rule) place(body string) *source.Text {
	return placed(r.File, r.Name, body, r.lineBase, r.indent, r.inline)
}

// Text is the function's body with its place in the file.
func (f *Function) Text() *source.Text {
	return placed(f.File, f.Name, f.Query, f.lineBase, f.indent, f.inline)
}

// Definition is the function as a lambda, "(a:string, b:long=5) {", the body and
// "}", each body line at its place in the file.
func (f *Function) Definition() *source.Text {
	var b strings.Builder
	b.WriteByte('(')
	for i, p := range f.Params {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(p.Name + ":" + p.Type)
		if p.Default != "" {
			b.WriteString("=" + p.Default)
		}
	}
	b.WriteString(") {\n" + strings.TrimRight(f.Query, "\n") + "\n}")
	return placed(f.File, f.Name, b.String(), f.lineBase-1, f.indent, f.inline)
}

func placed(file, name, body string, lineBase, indent int, inline bool) *source.Text {
	if inline {
		return source.New(fmt.Sprintf("%s (query of %q)", file, name), body, 0)
	}
	t := source.New(file, body, lineBase)
	t.Indent = indent
	return t
}

// DataTypes is every data type of every connector, each once, in order.
func (r *Rule) DataTypes() []string {
	var all []string
	for _, c := range r.Connectors {
		all = union(all, c.DataTypes)
	}
	return all
}

// Runnable reports whether the rule has a query.
func (r *Rule) Runnable() bool { return strings.TrimSpace(r.Query) != "" }

// union appends the members of more that list lacks.
func union(list, more []string) []string {
next:
	for _, m := range more {
		for _, l := range list {
			if l == m {
				continue next
			}
		}
		list = append(list, m)
	}
	return list
}
