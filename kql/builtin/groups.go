package builtin

import "slices"

// groups lists the files of rows in the order of the reference.
func groups() []group {
	return []group{
		{"query", specialRows},
		{"query", parseOpRows},
		{"query", makeSeriesRows},
		{"operator", infixRows},
		{"string", stringRows},
		{"convert", slices.Concat(convertRows(), testRows)},
		{"network", netRows},
		{"condition", condRows},
		{"datetime", slices.Concat(datetimeRows, binRows, formatRows, zoneRows)},
		{"math", slices.Concat(mathRows, unitRows)},
		{"dynamic", slices.Concat(bagRows, arrayRows, pathRows, packRows)},
		{"series", seriesRows},
		{"geospatial", geoRows},
		{"aggregate", slices.Concat(aggRows, listRows, percentileRows, sketchRows)},
		{"aggregate", fieldRows},
		{"window", windowRows},
	}
}
