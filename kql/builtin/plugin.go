package builtin

import "strings"

// Plugin is a plug-in of evaluate: what it is called, what it takes, what the binder
// does for it.
type Plugin struct {
	// Sig is "name(param: kind, opt?: kind, rest...: kind)". The kinds are: column (an
	// expression over the input's columns, usually a name), expr (the same, named by
	// "name = expr"), const (a value known when the query starts), table, aggregate.
	// Every parameter may be given by name.
	Sig string
	Doc string
	Op  PluginOp
	// Examples are whole queries and the datatable they give.
	Examples []Example
	// Unsupported says why the plug-in cannot be had.
	Unsupported string
}

// PluginOp is what the binder does for a plug-in.
type PluginOp uint8

const (
	NoPlugin PluginOp = iota
	BagUnpack
	Pivot
	Narrow
	Preview
	Identity
	EstimateRows
	SchemaMerge
	RowsNear
	IPv4Lookup
	IPv6Lookup
	GeoPolygonLookup
	GeoLineLookup
	RollingPercentile
	DcountIntersect
	ActivityCounts
	ActivityMetrics
	ActivityEngagement
	NewActivity
	ActiveUsers
	SessionCount
	SlidingWindow
	FunnelSequence
	FunnelCompletion
	SequenceDetect
	Autocluster
	Basket
	Diffpatterns
)

// Plugins are all plug-ins in the order of the reference.
func (t *Table) Plugins() []Plugin { return plugins }

// Plugin finds a plug-in by its name.
func (t *Table) Plugin(name string) (Plugin, bool) {
	for _, p := range plugins {
		if p.Name() == name {
			return p, true
		}
	}
	return Plugin{}, false
}

// Name is the KQL name.
func (p Plugin) Name() string {
	name, _, _ := strings.Cut(p.Sig, "(")
	return name
}

// PluginParam is one parameter of a plug-in.
type PluginParam struct {
	Name, Kind         string
	Optional, Variadic bool
}

// Params reads the signature.
func (p Plugin) Params() []PluginParam {
	_, inner, _ := strings.Cut(p.Sig, "(")
	inner = strings.TrimSuffix(inner, ")")
	var out []PluginParam
	for _, part := range strings.Split(inner, ",") {
		name, kind, ok := strings.Cut(strings.TrimSpace(part), ":")
		if !ok {
			continue
		}
		q := PluginParam{Kind: strings.TrimSpace(kind)}
		q.Name, q.Optional = strings.CutSuffix(name, "?")
		if n, ok := strings.CutSuffix(q.Name, "..."); ok {
			q.Name, q.Variadic, q.Optional = n, true, true
		}
		out = append(out, q)
	}
	return out
}

const (
	whyRemote = "it calls a service outside, which Quarry never does"
	whyCode   = "it runs code of another language, which Quarry never does"
	whyModel  = "it calls a language model outside, which Quarry never does"
)

// plugins is the table.
var plugins = []Plugin{
	{Sig: "active_users_count(id: column, timeline: column, start: const, end: const, lookback: const, period: const, periods: const, bin: const, dimensions...: column)", Op: ActiveUsers,
		Doc: "Counts, for each bin, the ids that were seen in at least so many periods of a lookback window."},
	{Sig: "activity_counts_metrics(id: column, timeline: column, start: const, end: const, step: const, dimensions...: column)", Op: ActivityCounts,
		Doc: "Counts, for each window, rows, different ids, ids not seen in any window before, and all ids seen so far."},
	{Sig: "activity_engagement(id: column, timeline: column, start: const, end: const, inner: const, outer: const, dimensions...: column)", Op: ActivityEngagement,
		Doc: "Compares, for each inner window, its different ids with those of the sliding outer window that ends with it."},
	{Sig: "activity_metrics(id: column, timeline: column, start: const, end: const, window: const, dimensions...: column)", Op: ActivityMetrics,
		Doc: "Compares the ids of each window with those of the window before: new ids, retention and churn."},
	{Sig: "autocluster(sizeWeight?: const, weight?: column, seeds?: const, wildcards...: const)", Op: Autocluster,
		Doc: "Finds a few patterns of column values that many rows share, growing them from seeds."},
	{Sig: "bag_unpack(bag: column, prefix?: const, columnsConflict?: const, ignoredProperties?: const)", Op: BagUnpack,
		Doc: "Makes a column of each key of a column of bags. Without a schema the input is read once more to learn the keys."},
	{Sig: "basket(threshold?: const, weight?: column, maxDimensions?: const, wildcards...: const)", Op: Basket,
		Doc: "Finds all patterns of column values that at least a threshold of the rows share (Apriori)."},
	{Sig: "dcount_intersect(hll: column, hlls...: column)", Op: DcountIntersect,
		Doc: "Counts the values common to sets given as hll() sketches: s0 is the first set, s1 the first two, and so on."},
	{Sig: "diffpatterns(split: column, valueA: const, valueB: const, weight?: column, threshold?: const, maxDimensions?: const, wildcards...: const)", Op: Diffpatterns,
		Doc: "Finds patterns of column values that are more frequent in one of two row sets."},
	{Sig: "estimate_rows_count()", Op: EstimateRows, Doc: "Counts the rows; Quarry's count is exact."},
	{Sig: "funnel_sequence(id: column, timeline: column, start: const, end: const, maxStep: const, bin: const, state: column, sequence: const)", Op: FunnelSequence,
		Doc: "Counts the ids that went through a sequence of states, by what came before and after. It gives three tables."},
	{Sig: "funnel_sequence_completion(id: column, timeline: column, start: const, end: const, bin: const, state: column, sequence: const, periods: const)", Op: FunnelCompletion,
		Doc: "Counts, for each state of a sequence and each period, the ids that got so far within the period."},
	{Sig: "geo_line_lookup(lookup: table, line: column, longitude: column, latitude: column, radius: const, return_unmatched?: const, lookup_area_radius?: const, return_lookup_key?: const)", Op: GeoLineLookup,
		Doc: "Joins points with the lines that pass within a distance of them, in metres."},
	{Sig: "geo_polygon_lookup(lookup: table, polygon: column, longitude: column, latitude: column, radius?: const, return_unmatched?: const, lookup_area_radius?: const, return_lookup_key?: const)", Op: GeoPolygonLookup,
		Doc: "Joins points with the polygons that hold them, or are within a distance of them, in metres."},
	{Sig: "identity()", Op: Identity, Doc: "Hands its input on."},
	{Sig: "ipv4_lookup(lookup: table, address: column, network: column, keys...: column, return_unmatched?: const)", Op: IPv4Lookup,
		Doc: "Joins addresses with the networks that hold them; further columns must be equal."},
	{Sig: "ipv6_lookup(lookup: table, address: column, network: column, keys...: column, return_unmatched?: const)", Op: IPv6Lookup,
		Doc: "Joins IPv4 and IPv6 addresses with the networks that hold them; further columns must be equal."},
	{Sig: "narrow()", Op: Narrow, Doc: "Makes a row of each cell: its row number, its column's name and its value as text."},
	{Sig: "new_activity_metrics(id: column, timeline: column, start: const, end: const, window: const, rest...: expr)", Op: NewActivity,
		Doc: "Follows, for each window, the ids first seen in it through all later windows. A constant after window picks one cohort, a table at the end names ids that are not new."},
	{Sig: "pivot(pivot: column, aggregate?: aggregate, columns...: column)", Op: Pivot,
		Doc: "Makes a column of each value of a column, holding an aggregate of the rows with that value."},
	{Sig: "preview(rows: const)", Op: Preview, Doc: "Gives some rows and, as a second table, their number."},
	{Sig: "rolling_percentile(value: column, percentile: const, index: column, binSize: const, bins: const, dimensions...: column)", Op: RollingPercentile,
		Doc: "Computes, for each bin, the percentile of a value over a window of so many bins that ends with it."},
	{Sig: "rows_near(condition: column, rows: const, after?: const)", Op: RowsNear,
		Doc: "Keeps the rows within so many rows of one that meets the condition."},
	{Sig: "schema_merge(PreserveOrder?: const)", Op: SchemaMerge, Doc: "Merges several getschema results into one."},
	{Sig: "sequence_detect(timeline: column, maxStep: const, maxSpan: const, steps...: expr)", Op: SequenceDetect,
		Doc: "Finds rows that meet a list of conditions one after the other; the expressions that are no conditions are dimensions."},
	{Sig: "session_count(id: column, timeline: column, start: const, end: const, bin: const, lookback: const, dimensions...: column)", Op: SessionCount,
		Doc: "Counts, for each bin, the sessions that begin in it: rows of an id that was not seen within the lookback before."},
	{Sig: "sliding_window_counts(id: column, timeline: column, start: const, end: const, lookback: const, bin: const, dimensions...: column)", Op: SlidingWindow,
		Doc: "Counts, for each bin, the rows and different ids of the lookback window that ends with it."},

	{Sig: "ai_chat_completion()", Unsupported: whyModel},
	{Sig: "ai_chat_completion_prompt()", Unsupported: whyModel},
	{Sig: "ai_embed_text()", Unsupported: whyModel},
	{Sig: "ai_embeddings()", Unsupported: whyModel},
	{Sig: "azure_digital_twins_query_request()", Unsupported: whyRemote},
	{Sig: "cosmosdb_sql_request()", Unsupported: whyRemote},
	{Sig: "csharp()", Unsupported: whyCode},
	{Sig: "dax_request()", Unsupported: whyRemote},
	{Sig: "execute_query()", Unsupported: whyRemote},
	{Sig: "execute_show_command()", Unsupported: whyRemote},
	{Sig: "external_datatable()", Unsupported: whyRemote},
	{Sig: "http_request()", Unsupported: whyRemote},
	{Sig: "http_request_post()", Unsupported: whyRemote},
	{Sig: "identity_v3()", Unsupported: whyRemote},
	{Sig: "infer_storage_schema()", Unsupported: "it reads cloud storage; externaldata with a schema reads a local copy"},
	{Sig: "infer_storage_schema_with_suggestions()", Unsupported: "it reads cloud storage; externaldata with a schema reads a local copy"},
	{Sig: "mysql_request()", Unsupported: whyRemote},
	{Sig: "postgresql_request()", Unsupported: whyRemote},
	{Sig: "python()", Unsupported: whyCode},
	{Sig: "r()", Unsupported: whyCode},
	{Sig: "sql_request()", Unsupported: whyRemote},
}

// Rows that plug-ins are made of.
const (
	InPolygonRow       = "geo_point_in_polygon"
	PolygonDistanceRow = "geo_distance_point_to_polygon"
	LineDistanceRow    = "geo_distance_point_to_line"
	SketchCountRow     = "dcount_hll"
	SketchMergeRow     = "hll_merge"
	HashRow            = "hash" // node ids of graph-to-table
)
