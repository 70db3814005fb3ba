package bind

import "quarry/kql/syntax"

// CodeInfo explains one diagnostic code, as in package syntax.
type CodeInfo syntax.CodeInfo

// Codes returns every code of the phases after syntax, in order. The examples are
// about a table T with the columns Timestamp:datetime, Account:string, Count:long
// and Details:dynamic; an empty one means that the error depends on the data.
func Codes() []CodeInfo {
	return []CodeInfo{
		{"KQ200", "No query", "The text defines names and asks for nothing: after the let statements there is no table, operator chain or expression.", "let a = 1;"},
		{"KQ201", "Unknown table", "No table, let table, function or known schema has this name. Names are case-sensitive. Rows come with --data or a workspace, columns without rows with --schema.", "Tt | count"},
		{"KQ202", "Unknown name", "The name is no column, let constant or parameter that can be seen here.", "print a"},
		{"KQ203", "Unknown function", "No function, aggregate or let function has this name. Names are case-sensitive.", "T | extend x = tolowr(Account)"},
		{"KQ204", "Unknown column", "The rows at this point of the query have no such column: it never existed, a project or summarize before left it out, or it is defined by the same operator.", `T | where Acount == "x"`},
		{"KQ205", "Name defined twice", "A let statement gives a name that has a meaning already.", "let a = 1; let a = 2; print a"},
		{"KQ206", "Column named twice", "Two columns of one result have the same name, and both names were written.", "T | project a = Account, a = Count"},
		{"KQ207", "No column matches", "A pattern with * selects no column of the table.", "T | project-keep Zz*"},
		{"KQ208", "Query parameter without a value", "declare query_parameters names a value that the request does not give and that has no default.", "declare query_parameters(n:long); T | take n"},
		{"KQ209", "Query parameter of the wrong type", "The value given with the request is no value of the declared type.", ""},
		{"KQ210", "Not a table", "A table is needed here, and the name or expression gives one value.", "let a = 1; a | count"},
		{"KQ211", "A table where a value is needed", "The name or expression gives a table. toscalar() takes its first value; in and has_any take a table on their right side as it is.", "let t = T; print t"},
		{"KQ212", "Function without a call", "A function is named like a value.", "let f = (a:long) { a }; print f"},
		{"KQ213", "Calls nested too deeply", "Functions are written out where they are called, so they cannot call themselves.", ""},
		{"KQ214", "Too large", "Let constants, parameters and functions are written out where they are used, and here that gives more than can be run. Compute a value once, with extend or materialize().", ""},
		{"KQ214", "No match in a pattern", "The pattern has no body for the values it is used with, or is declared without any. Values are compared with their case.", `declare pattern p = (a:string) { ("x") = { T }; }; p("y")`},
		{"KQ301", "Wrong type", "The operator needs a value of another type.", "T | where Account"},
		{"KQ302", "Wrong arguments", "The function takes other arguments: another number, another type, or a constant. Its page in the reference gives its signature.", "print strlen()"},
		{"KQ303", "Operator not defined for these types", "The operator has no meaning for the types of its two sides. Two dynamic values are never compared as they are: convert them first.", "T | where Account > 5"},
		{"KQ304", "No conversion", "No value of the one type can become one of the other.", ""},
		{"KQ305", "Not a constant", "The value must be known before the query runs: a literal, a let constant, or a function of them.", "table(tostring(rand())) | count"},
		{"KQ306", "Aggregate in the wrong place", "count(), max() and their kin work on groups, so they stand in summarize, make-series, top-nested and pivot only.", "T | where count() > 5"},
		{"KQ307", "Aggregate missing", "Before by, summarize takes aggregates. A column that the rows are grouped by belongs after by; take_any() picks one of a group's values.", "T | summarize Account by Count"},
		{"KQ308", "Rows without an order", "prev(), next(), row_number() and their kin speak of neighbouring rows. sort, top and serialize give rows an order; summarize, join and union take it away.", "T | extend x = row_number()"},
		{"KQ309", "Key is dynamic", "Rows are not sorted, grouped or joined by dynamic values. Convert the value, as with tostring().", "T | sort by Details"},
		{"KQ310", "Join keys of different types", "Both sides of a join must have the same type; int and long are told apart from string.", "T | join (T | extend Account = Count) on Account"},
		{"KQ311", "Not a join condition", "A join takes equal columns only: a name, or $left.a == $right.b. Other conditions go into a where after the join.", "T | join T on $left.Count > $right.Count"},
		{"KQ312", "Not one of the choices", "The parameter takes certain values only.", ""},
		{"KQ313", "Values do not fill the rows", "datatable lists its values row by row; their number must be a multiple of the number of columns.", "datatable(a:long, b:long)[1, 2, 3]"},
		{"KQ314", "Value not possible here", "The value, name or clause cannot stand at this place of the operator.", "where true"},
		{"KQ315", "More names than columns", "More names are written before = than the expression gives columns.", "T | extend (a, b) = Count"},
		{"KQ401", "Refused", "KQL has this, Quarry does not run it, or not at this place. The message says why.", "T | where cursor_after(Account)"},
		{"KQ402", "Columns depend on data", "The columns of bag_unpack, pivot and their kin follow from their input, so it is read while the query is compiled, and that failed.", ""},
		{"KQ403", "No SQL form", "The call cannot be said in SQL with these arguments. The message says which ones are at fault.", ""},
		{"KQ501", "Something is missing", "The query is right and asks for what is not there: a watchlist, a local copy of external data, a GeoIP database. A hunt reports such a rule as \"needs\", never as quiet.", `_GetWatchlist("VIP") | count`},
	}
}
