package builtin

// Special names a treatment by the binder.
type Special uint8

const (
	NotSpecial     Special = iota
	Now                    // the query's time: a constant
	Ago                    // the query's time less a timespan
	ToScalar               // the first value of a table
	ToTable                // a table as it is
	Materialize            // a table computed once
	TableByName            // table("T")
	Qualifier              // database(), cluster(), workspace(), app(): the local workspace
	Watchlist              // _GetWatchlist(): a local list
	ColumnIfExists         // a column, or a default
	PackAll                // the row as a bag
	PackColumns            // some columns as a bag
	AllColumns             // "*" among the arguments stands for all columns
	BinAuto                // bin() by a size that query options set
	ColumnNamesOf          // the columns of a table
	ArgBest                // arg_max, arg_min: columns of the best row
	AnyRow                 // take_any over several columns
	IngestionTime          // when the row came in
)

// specialRows are the calls that speak about the query and not about values.
var specialRows = []Row{
	{Sig: "now(offset?: timespan) -> datetime", Special: Now, Doc: "The time of the query, the same for every row; --now and set query_now pin it."},
	{Sig: "ago(timespan: timespan) -> datetime", Special: Ago, Doc: "The time of the query less a timespan."},
	{Sig: "toscalar(expression: scalar) -> dynamic", Special: ToScalar, Doc: "The first column of the first row of a query, as a constant."},
	{Sig: "totable(expression: scalar) -> dynamic", Special: ToTable, Doc: "A table as it is."},
	{Sig: "materialize(expression: scalar) -> dynamic", Special: Materialize, Doc: "The result of a query, computed once however often it is read."},
	{Sig: "table(name: const string, scope?: const string) -> dynamic", Special: TableByName, Doc: "The table of that name."},
	{Sig: "database(name: const string) -> dynamic", Special: Qualifier, Doc: "Every database is the local workspace."},
	{Sig: "cluster(name: const string) -> dynamic", Special: Qualifier, Doc: "Every cluster is the local workspace."},
	{Sig: "workspace(name: const string) -> dynamic", Special: Qualifier, Doc: "Every workspace is the local one."},
	{Sig: "app(name: const string) -> dynamic", Special: Qualifier, Doc: "Every application is the local workspace."},
	{Sig: "adx(name: const string) -> dynamic", Special: Qualifier, Doc: "Every remote cluster is the local workspace."},
	{Sig: "_GetWatchlist(alias: const string, keys?: dynamic) -> dynamic", Special: Watchlist, Doc: "The rows of a watchlist given to Quarry."},
	{Sig: "column_ifexists(columnName: const string, defaultValue: scalar) -> @1", Special: ColumnIfExists, Doc: "The column of that name, or the default when the table has none."},
	{Sig: "columnifexists(columnName: const string, defaultValue: scalar) -> @1", Special: ColumnIfExists, Sem: Deprecated, Doc: "The old spelling of column_ifexists."},
	{Sig: "pack_all(ignore_null_empty?: const bool) -> dynamic", Special: PackAll, Doc: "All columns of the row as a bag."},
	{Sig: "bag_pack_columns(column...: scalar) -> dynamic", Special: PackColumns, Doc: "Columns as a bag of their names and values."},
	{Sig: "column_names_of(table: scalar) -> dynamic", Special: ColumnNamesOf, Doc: "The column names of a table as an array."},
	{Sig: "ingestion_time() -> datetime", Special: IngestionTime, ResultName: NamePrefix, Prefix: "$IngestionTime", Doc: "When the row was taken in; null where the source does not say."},
}
