package syntax

import "quarry/kql/diag"

// CodeInfo explains one diagnostic code; the reference of errors is made from it.
type CodeInfo struct {
	Code    diag.Code
	Title   string
	Explain string
	Example string // a query that has the error
}

// Codes returns every code of the syntax phase, in order.
func Codes() []CodeInfo {
	return []CodeInfo{
		{CodeCharacter, "Unexpected character", "The character belongs to no word or operator of KQL. Letters outside ASCII are allowed in strings and bracketed names only.", "T | where a & b"},
		{CodeString, "String not closed", "A string in single or double quotes ends on its own line; a backslash must begin an escape unless the string is written @\"...\". Use ``` for text of several lines.", `T | where a == "x`},
		{CodeEnclosed, "Literal not closed", "datetime(...), guid(...) and their kin end with ) on the same line.", "print datetime(2024-01-01"},
		{CodeExpected, "Something is missing", "The grammar asks for a keyword or a sign that is not there.", "T | sort Timestamp"},
		{CodeExpression, "Expression missing", "An operator, a comma or a keyword is not followed by the expression it needs. A column whose name is a keyword is written ['name'].", "T | where a == "},
		{CodeName, "Name missing", "A name belongs here. A name that is a keyword or holds special characters is written ['name'].", "T | as"},
		{CodeBrackets, "Name needs brackets", "The word is a keyword, or holds a dash, so it can name a column only in brackets.", "T | extend kind = 1"},
		{CodeOperator, "Unknown operator", "What follows | must be a tabular operator.", "T | were a == 1"},
		{CodeSeparator, "Separator missing", "Items of a list are separated by commas, statements by semicolons.", "T | project a b"},
		{CodeRest, "Text that belongs to nothing", "The query is complete before this point, and what follows can't continue it: often a parenthesis too many.", "T | where (a == 1))"},
		{CodeType, "Unknown type", "Types are bool, datetime, decimal, dynamic, guid, int, long, real, string and timespan.", "let f = (a:text) { a }; f(1)"},
		{CodeLiteral, "Not a value of the type", "The text between the parentheses, or the number, is no value of the literal's type, or is out of its range. A literal takes constants only: to convert an expression use tolong(...), todatetime(...) and so on.", "print datetime(2024-13-01)"},
		{CodeBareGuid, "Bare guid", "A guid is written guid(...).", "T | where id == 74be27de-1e4e-49d9-b579-fe0b331d3642"},
		{CodeValue, "Value missing or not allowed", "A modifier such as kind= or hint.strategy= takes certain values only; constants and JSON values have a form of their own.", "T | join kind=outer (U) on id"},
		{CodeDepth, "Nested too deeply", "Parentheses, sub-queries and functions may be nested 500 levels deep.", ""},
		{CodePlaceholder, "Placeholder without a value", "Text such as {TimeRange} is filled in by the tool the query was written for. Replace it by a value.", "T | where Timestamp > {TimeRange}"},
		{CodeClause, "Clause missing", "The operator needs a clause that is not there.", "T | lookup (U)"},
		{CodeUnsupported, "Syntax that Quarry refuses", "The language has this form, Quarry does not run it.", "T datascope=hotcache | take 1"},
		{CodeLength, "Query too long", "A query may have 64 MiB.", ""},
	}
}
