package builtin

import (
	"math/rand/v2"
	"slices"
	"testing"

	"quarry/kql/types"
)

// TestSortedTexts: what counts as sorted without being parsed is what sorting leaves as it is.
func TestSortedTexts(t *testing.T) {
	texts := []string{`[]`, `[""]`, `[`, `["]`, `[""`, `["a","b"]`, `["b","a"]`, `["a","a"]`, `["a", "b"]`, `["a",1,"b"]`, `["a",null]`, `["a\"","b"]`, `["a\",\"0"]`,
		`["a,","b"]`, `["é","z"]`, `["z","é"]`, `[["a"],"b"]`, `["a",["b"]]`, `"["a"]"`, `["a","b"],["c"]`, `{"a":"b"}`}
	r := rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		var items []types.Dyn
		for range r.IntN(4) {
			items = append(items, []types.Dyn{types.DynText("a"), types.DynText(`","`), types.DynText("\\"), types.DynText("ab"), types.DynText(""), types.DynInt(1), {}}[r.IntN(7)])
		}
		texts = append(texts, types.DynList(items).String())
	}
	n := 0
	for _, s := range texts {
		if !sortedTexts(s) {
			continue
		}
		n++
		d, ok := types.ParseDyn(s)
		if !ok || d.Kind() != types.DynArray || d.String() != s ||
			!slices.IsSortedFunc(d.Items(), func(a, b types.Dyn) int { return a.Compare(b) }) {
			t.Errorf("%s is no sorted array in its minified form", s)
		}
	}
	if n < 100 {
		t.Errorf("only %d texts count as sorted", n)
	}
}
