package builtin

import (
	"quarry/kql/sqlx"
	"quarry/kql/types"
)

// Kind tells where a row may be called.
type Kind uint8

const (
	Scalar    Kind = iota // anywhere
	Aggregate             // summarize, make-series, top-nested, pivot
	Window                // over a serialized row set
	Infix                 // written between or before its operands
)

// Sem are semantic rules the emitter applies around a row's SQL form, so that
// no row repeats them. The sections are those of docs/semantics.md.
type Sem uint16

const (
	// EmptyOnNull: the SQL form may give NULL where KQL gives the empty string (S3).
	EmptyOnNull Sem = 1 << iota
	// NullOnNull: any null argument makes the result null (empty for strings); the
	// emitter guards forms whose SQL would not do so by itself, and skips the Go form.
	NullOnNull
	// Volatile: each evaluation may differ (rand, new_guid); never folded or shared.
	Volatile
	// Associative operators of two operands ("and", "or") are lowered as one chain, and
	// hand the Filter mode on to their operands.
	Associative
	// SQLNull: the SQL form is NULL for a null argument by itself; no guard is added.
	SQLNull
	// Deprecated names work and are flagged by lint.
	Deprecated
)

// Strict is NullOnNull for SQL forms that need no guard: most of those that use
// each argument.
const Strict = NullOnNull | SQLNull

// Row is one named thing of the language. Several rows may share a name: they
// are overloads, tried in table order.
type Row struct {
	// Sig is "name(param: type, ...) -> type"; see signature.go for the notation.
	Sig string
	// Doc is one or two sentences for the reference.
	Doc  string
	Kind Kind
	Sem  Sem

	// Duck is the DuckDB form with named slots: "lower({source})". A slot of an
	// optional parameter is written with what goes before it: "{, length}"; "{...}" is
	// the rest of a variadic. A slot used twice is computed once (the emitter hoists it).
	Duck string
	// Lower makes the DuckDB form where a template cannot: it depends on constants,
	// on types, or on where the call stands. It must not be set together with Duck.
	// An error is a refusal shown to the user at the call.
	Lower func(l *Lowering) (sqlx.Expr, error)
	// Go computes the value of one call. A scalar row without a SQL form runs it as
	// a UDF; the compiler folds constants with it. For an aggregate, a[0] is the JSON
	// array of the group's values (arrays of values where the aggregate takes several
	// expressions), the further arguments are constants.
	Go func(e *Env, a []types.Value) types.Value
	// Compile makes the test of one string that a row of (string, const string) -> bool
	// stands for; the engine runs it without copying the strings.
	Compile func(pattern string) (func(s string) bool, error)
	// Match is the same for a row of (string) -> bool.
	Match func(s string) bool

	// Result computes the result type where the notation of Sig cannot say it.
	Result func(args []Arg) types.Type
	// Check refuses calls that the parameter types allow but KQL does not; the index
	// says which argument is at fault (-1: the call).
	Check func(args []Arg) (index int, message string)

	// Special marks the calls that the binder treats itself, since they speak about
	// the query and not about values; see special.go.
	Special Special

	// ResultName says how an unnamed column made of this call is called.
	ResultName ResultName
	// Prefix is the text used by the ResultName kinds that have one.
	Prefix string

	Examples []Example
	// Unsupported says why the function cannot be had; calling it is refused with this text.
	Unsupported string
	// Expand lists the columns of a call that makes several (percentiles, series_stats).
	// The row's value is then a dynamic array with one element for each; the binder
	// takes them apart and converts each to its type. Nil means one column.
	Expand func(args []Arg) []Output
	// Needs names what must be configured for the call to be possible ("a GeoIP database").
	Needs string
	// Group is the reference page the row belongs to ("string", "datetime", ...).
	Group string

	sig      *signature // parsed Sig; set by New
	overload int        // position among the rows of its name; set by New
}

// ResultName is how KQL names an unnamed result column.
type ResultName uint8

const (
	NameNone      ResultName = iota // print_0, Column1, ...
	NameFirstArg                    // the name of the first argument: tostring(x) -> x
	NamePrefixArg                   // Prefix_arg, Prefix_ when the argument has no name: sum_x, count_
	NamePrefix                      // Prefix itself
	NameFuncArg                     // function_arg: strlen_x
	NameOnlyArg                     // the argument's name when it is the only one
	NameArgSuffix                   // the first argument's name, then Prefix: a_sorted
	NameTwoArgs                     // Prefix_first_last, the last argument with a name or a number: percentile_x_50
)

// Example is a call and the value it must give, both as KQL text. It is run on
// every engine by TestEveryRow and printed in the reference.
type Example struct{ Call, Want string }

// Arg is what is known of an argument at compile time.
type Arg struct {
	Type  types.Type
	Const bool        // Value is known
	Value types.Value // its Go form follows types.Value
	// SQL is the argument's SQL form; set only while lowering. For a const it is the literal.
	SQL sqlx.Expr
}

// Output is one column of a row that makes several. In Name, "{}" stands for the
// name of the call's first argument, "{1}" for that of the second and so on.
type Output struct {
	Name string
	Type types.Type
}

// Lowering is one call on its way to SQL. Arguments are already converted to the
// parameter types of the signature.
type Lowering struct {
	Row    *Row
	Args   []Arg
	Result types.Type
	// Filter is set where null and false may be confused: on the and/or spine of a
	// where. Forms without three-valued care keep zone-map pruning there.
	Filter bool
	// Order is the column that serialized rows are ordered by; nil when they are not
	// (window rows and order-sensitive aggregates use it).
	Order sqlx.Expr
	// Partition holds the columns that window rows restart on (partition, mv-apply).
	Partition []sqlx.Expr
	// GoForm asks for the row's Go form where it has one beside an SQL form; tests
	// hold the two against each other.
	GoForm bool
	// Hoist computes an expression once and returns the column that holds it. Window
	// forms hoist themselves, since SQL allows them in a select list only.
	Hoist func(sqlx.Expr) sqlx.Expr
	// UDF calls a row's Go form on SQL arguments: UDF(row, a, b).
	UDF func(r *Row, result types.Type, args ...Arg) sqlx.Expr
}

// Failure is what a Go form panics with to fail the query it runs in: a sentence for
// the user, who can do something about it. Any other panic is a defect.
type Failure string

// Rows that the binder itself calls. Users cannot type these names.
const (
	KeyRow     = ".key"     // d.name and d["name"]
	IndexRow   = ".index"   // d[0]
	CollectRow = ".collect" // a column as one array of strings
)

// CallGo runs a row's Go form with the null rules of its Sem applied.
func CallGo(e *Env, r *Row, result types.Type, a []types.Value) types.Value {
	if r.Sem&NullOnNull != 0 {
		for _, v := range a {
			if v == nil {
				if result == types.String {
					return ""
				}
				return nil
			}
		}
	}
	v := r.Go(e, a)
	if v == nil && result == types.String {
		return ""
	}
	return v
}

// Rows behind pack_all().
const (
	PackRow         = "bag_pack"
	PackNonEmptyRow = ".packnonempty" // leaves out nulls and empty strings
)

// FieldRow takes field N (a constant) of the struct that an ArgBest or AnyRow
// aggregate gives; its fields are f0, f1, ...
const FieldRow = ".field"

// Rows behind bin_auto().
const (
	BinFunc   = "bin"
	BinAtFunc = "bin_at"
)

// Rows behind operators.
const (
	CountRow  = "count"    // | count
	RandomRow = "rand"     // | sample
	Coalesce  = "coalesce" // ingestion_time()
)

// Overload is the row's position among those of its name and kind, from 0.
func (r *Row) Overload() int { return r.overload }

// Rows behind parse and parse-kv.
const (
	PatternRow  = ".matches"  // (text, RE2 pattern) -> bool
	CapturesRow = ".captures" // (text, RE2 pattern, count) -> struct of the group texts
	ParseKVRow  = ".parsekv"  // (text, [[keys], [settings]]) -> array of the keys' texts
	NotNullRow  = "isnotnull"
	IffRow      = "iff"
)

// Rows behind make-series; see makeseries_op.go.
const (
	PointsRow = ".points"
	SeriesRow = ".series"
	AxisRow   = ".axis"
	BinRow    = ".bin"
	BinsRow   = ".bins"
)

// Aggregates and functions that operators are made of.
const (
	SumRow   = "sum"
	MinRow   = "min"
	MaxRow   = "max"
	FloorRow = "bin"
)
