package types

import "strings"

// Type is a KQL scalar type.
type Type uint8

// The ten scalar types. Unknown stands for "an error was already reported" and
// for columns whose type nobody can know; it agrees with every other type.
const (
	Unknown Type = iota
	Bool
	Int
	Long
	Real
	Decimal
	String
	Datetime
	Timespan
	Guid
	Dynamic
)

var names = [...]string{"unknown", "bool", "int", "long", "real", "decimal", "string", "datetime", "timespan", "guid", "dynamic"}

// String is the canonical KQL name ("long", "datetime", ...).
func (t Type) String() string { return names[t] }

// DotNet is the .NET type name that Kusto's schema answers carry ("System.Int64").
func (t Type) DotNet() string {
	return [...]string{"System.Object", "System.SByte", "System.Int32", "System.Int64", "System.Double", "System.Data.SqlTypes.SqlDecimal",
		"System.String", "System.DateTime", "System.TimeSpan", "System.Guid", "System.Object"}[t]
}

// Parse reads a type name as KQL spells it, synonyms included (int32, int64,
// double, date, time, uuid, uniqueid, boolean, ...), in any case.
func Parse(name string) (Type, bool) {
	switch strings.ToLower(name) {
	case "bool", "boolean", "system.boolean", "system.sbyte":
		return Bool, true
	case "int", "int32", "uint", "uint32", "int16", "uint16", "int8", "uint8", "system.int32":
		return Int, true
	case "long", "int64", "ulong", "uint64", "system.int64":
		return Long, true
	case "real", "double", "float", "system.double":
		return Real, true
	case "decimal", "system.data.sqltypes.sqldecimal":
		return Decimal, true
	case "string", "system.string":
		return String, true
	case "datetime", "date", "system.datetime":
		return Datetime, true
	case "timespan", "time", "system.timespan":
		return Timespan, true
	case "guid", "uuid", "uniqueid", "system.guid":
		return Guid, true
	case "dynamic", "system.object":
		return Dynamic, true
	}
	return Unknown, false
}

// Integer reports int and long.
func (t Type) Integer() bool { return t == Int || t == Long }

// Numeric reports int, long, real and decimal.
func (t Type) Numeric() bool { return t >= Int && t <= Decimal }

// Value is one scalar value; its Go form follows from its KQL type:
//
//	nil                     null (never for string: the empty string instead)
//	bool                    bool
//	int, long               int64
//	real                    float64
//	decimal                 string, plain decimal notation ("-12.5")
//	string                  string
//	datetime                int64, 100 ns ticks since 0001-01-01T00:00:00Z
//	timespan                int64, signed 100 ns ticks
//	guid                    string, lower case with dashes
//	dynamic                 string, minified JSON text; nil is dynamic(null)
type Value = any

// Column is a named, typed column.
type Column struct {
	Name string
	Type Type
}

// Schema is an ordered list of columns. Names are case-sensitive and unique.
type Schema []Column

// Index returns the position of the named column, or -1.
func (s Schema) Index(name string) int {
	for i := range s {
		if s[i].Name == name {
			return i
		}
	}
	return -1
}

// String is KQL's own schema text: "a:long, b:string".
func (s Schema) String() string {
	var b strings.Builder
	for i, c := range s {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(c.Name + ":" + c.Type.String())
	}
	return b.String()
}

// Rows is a materialised result: Values[r][c] has the type of Schema[c].
type Rows struct {
	Schema Schema
	Values [][]Value
}
