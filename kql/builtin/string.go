package builtin

import (
	"unicode/utf8"

	"quarry/kql/types"
)

var stringRows = []Row{
	{Sig: "strlen(source: string|dynamic) -> long", Doc: "The number of characters (Unicode code points) of a string.",
		ResultName: NameFuncArg,
		Duck:       "length({source})",
		Go: func(_ *Env, a []types.Value) types.Value {
			return int64(utf8.RuneCountInString(a[0].(string)))
		},
		Examples: []Example{{`strlen("hello")`, `5`}, {`strlen("")`, `0`}}},
}
