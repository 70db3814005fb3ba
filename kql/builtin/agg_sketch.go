package builtin

import (
	"encoding/base64"
	"math"
	"slices"
	"strconv"

	"github.com/axiomhq/hyperloglog"
	"github.com/caio/go-tdigest/v4"
	"github.com/cespare/xxhash/v2"

	"quarry/kql/sqlx"
	"quarry/kql/types"
)

// Sketches are dynamic arrays that only these functions read. While a group has few
// different values a sketch holds them all and its answers are exact:
//
//	["hll", precision, [hash, ...]]             ["hll", precision, "base64 of HyperLogLog registers"]
//	["tdigest", [[value, weight], ...]]         values in ascending order; centroids once there are too many
const exactSketch = 4096

var sketchRows = slices.Concat(aggregates([]Row{
	{Sig: "hll(expr: scalar, accuracy?: const integer) -> dynamic", ResultName: NamePrefixArg, Prefix: "hll",
		Doc:   "A sketch of the different values, for dcount_hll() and hll_merge(); accuracy 0 to 4 sets its size.",
		Lower: lowerHLL(-1, 1), Examples: []Example{{`range x from 1 to 100 step 1 | summarize h = hll(x % 10) | project dcount_hll(h)`, `10`}}},
	{Sig: "hll_if(expr: scalar, predicate: bool, accuracy?: const integer) -> dynamic", ResultName: NamePrefixArg, Prefix: "hll_if",
		Doc:   "hll() over the rows where the predicate is true.",
		Lower: lowerHLL(1, 2), Examples: []Example{{`range x from 1 to 100 step 1 | summarize h = hll_if(x % 10, x < 5) | project dcount_hll(h)`, `4`}}},
	{Sig: "hll_merge(hll: dynamic) -> dynamic", ResultName: NamePrefixArg, Prefix: "hll_merge", Doc: "The sketches of a group merged into one.",
		Lower: mergeSketches(mergeHLLs), Examples: []Example{{`range x from 1 to 100 step 1 | summarize h = hll(x % 10) by x % 2 | summarize h = hll_merge(h) | project dcount_hll(h)`, `10`}}},
	tdigestRow("tdigest(expr: summable) -> dynamic", `range x from 1 to 1000 step 1 | summarize t = tdigest(x) | project rank_tdigest(t, 685)`, `685.0`),
	tdigestRow("tdigest(expr: summable, weight: integer) -> dynamic", `range x from 1 to 4 step 1 | summarize t = tdigest(x, x) | project rank_tdigest(t, 2)`, `3.0`),
	{Sig: "tdigest_merge(tdigest: dynamic) -> dynamic", ResultName: NamePrefixArg, Prefix: "merge_tdigests", Doc: "The digests of a group merged into one.",
		Lower: mergeSketches(mergeDigests), Examples: []Example{{`range x from 1 to 100 step 1 | summarize t = tdigest(x) by x % 2 | summarize t = tdigest_merge(t) | project percentile_tdigest(t, 50, typeof(long))`, `50`}}},
	{Sig: "merge_tdigest(tdigest: dynamic) -> dynamic", ResultName: NamePrefixArg, Prefix: "merge_tdigests", Doc: "Another name of tdigest_merge.",
		Lower: mergeSketches(mergeDigests), Examples: []Example{{`range x from 1 to 100 step 1 | summarize t = tdigest(x) by x % 2 | summarize t = merge_tdigest(t) | project percentile_tdigest(t, 50, typeof(long))`, `50`}}},
}), []Row{
	{Sig: "dcount_hll(hll: dynamic) -> long", ResultName: NameFuncArg, Doc: "How many different values a sketch of hll() has seen.", Sem: NullOnNull,
		Go: func(_ *Env, a []types.Value) types.Value {
			h, ok := readHLL(dynArg(a[0]))
			if !ok {
				return nil
			}
			return h.count()
		},
		Examples: []Example{{`dcount_hll(dynamic(null))`, `long(null)`}}},
	{Sig: "hll_merge(hll: dynamic, hlls...: dynamic) -> dynamic", ResultName: NamePrefix, Prefix: "hll_merged_result", Doc: "Sketches of hll() merged into one.",
		Go:       func(e *Env, a []types.Value) types.Value { return mergeHLLs.Go(e, []types.Value{listOf(a)}) },
		Examples: []Example{{`dcount_hll(hll_merge(dynamic(["hll",14,[1,2]]), dynamic(["hll",14,[2,3]])))`, `3`}}},
	{Sig: "hll_isvalid(hll: dynamic) -> bool", Doc: "Whether a value is a sketch of hll().",
		Go: func(_ *Env, a []types.Value) types.Value {
			_, ok := readHLL(dynArg(a[0]))
			return ok
		},
		Examples: []Example{{`hll_isvalid(dynamic([1]))`, `false`}}},
	{Sig: "tdigest_merge(tdigest: dynamic, tdigests...: dynamic) -> dynamic", ResultName: NamePrefix, Prefix: "tdigests_merge_result", Doc: "Digests merged into one.",
		Go:       func(e *Env, a []types.Value) types.Value { return mergeDigests.Go(e, []types.Value{listOf(a)}) },
		Examples: []Example{{`rank_tdigest(tdigest_merge(dynamic(["tdigest",[[1,1]]]), dynamic(["tdigest",[[2,3]]])), 2)`, `4.0`}}},
	{Sig: "merge_tdigest(tdigest: dynamic, tdigests...: dynamic) -> dynamic", ResultName: NamePrefix, Prefix: "tdigests_merge_result", Doc: "Another name of tdigest_merge.",
		Go:       func(e *Env, a []types.Value) types.Value { return mergeDigests.Go(e, []types.Value{listOf(a)}) },
		Examples: []Example{{`rank_tdigest(merge_tdigest(dynamic(["tdigest",[[1,1]]]), dynamic(["tdigest",[[2,3]]])), 2)`, `4.0`}}},
	{Sig: "tdigest_isvalid(digest: dynamic) -> bool", Doc: "Whether a value is a digest of tdigest().",
		Go: func(_ *Env, a []types.Value) types.Value {
			_, ok := readDigest(dynArg(a[0]))
			return ok
		},
		Examples: []Example{{`tdigest_isvalid(dynamic([1]))`, `false`}}},
	{Sig: "percentile_tdigest(tdigest: dynamic, percentile: real, type?: const string) -> dynamic", ResultName: NameFuncArg,
		Doc: "A percentile of the values in a digest, as dynamic or as the type given with typeof().", Sem: NullOnNull,
		Result: func(args []Arg) types.Type {
			if len(args) > 2 {
				name, _ := args[2].Value.(string)
				if t, ok := types.Parse(name); ok {
					return t
				}
			}
			return types.Dynamic
		},
		Go: func(_ *Env, a []types.Value) types.Value {
			d, ok := readDigest(dynArg(a[0]))
			if !ok {
				return nil
			}
			v := d.percentile(a[1].(float64) / 100)
			if len(a) < 3 {
				return v.Value()
			}
			t, _ := types.Parse(a[2].(string))
			return digestValue(t, v)
		},
		Examples: []Example{{`percentile_tdigest(dynamic(["tdigest",[[1,1],[2,1],[3,1]]]), 50, typeof(long))`, `2`}, {`percentile_tdigest(dynamic(["tdigest",[[1,1],[2,1],[3,1]]]), 100)`, `dynamic(3)`}}},
	{Sig: "percentiles_array_tdigest(tdigest: dynamic, percentiles: dynamic) -> dynamic", ResultName: NamePrefixArg, Prefix: "percentile_tdigest",
		Doc: "Several percentiles of the values in a digest, as an array.", Sem: NullOnNull,
		Go:       func(_ *Env, a []types.Value) types.Value { return digestPercentiles(a[0], dynArg(a[1]).Items()) },
		Examples: []Example{{`percentiles_array_tdigest(dynamic(["tdigest",[[1,1],[2,1],[3,1]]]), dynamic([50,100]))`, `dynamic([2,3])`}}},
	{Sig: "percentiles_array_tdigest(tdigest: dynamic, percentile...: real) -> dynamic", ResultName: NamePrefixArg, Prefix: "percentile_tdigest",
		Doc: "Several percentiles of the values in a digest, as an array.", Sem: NullOnNull,
		Go: func(_ *Env, a []types.Value) types.Value {
			var ps []types.Dyn
			for _, p := range a[1:] {
				ps = append(ps, types.DynReal(p.(float64)))
			}
			return digestPercentiles(a[0], ps)
		},
		Examples: []Example{{`percentiles_array_tdigest(dynamic(["tdigest",[[1,1],[2,1],[3,1]]]), 50, 100)`, `dynamic([2,3])`}}},
	{Sig: "rank_tdigest(digest: dynamic, value: summable) -> real", Doc: "How many values of a digest are not above a value.", Sem: NullOnNull,
		Go: func(_ *Env, a []types.Value) types.Value {
			if d, ok := readDigest(dynArg(a[0])); ok {
				rank, _ := d.rank(a[1])
				return rank
			}
			return nil
		},
		Examples: []Example{{`rank_tdigest(dynamic(["tdigest",[[1,1],[2,1],[3,1]]]), 2)`, `2.0`}}},
	{Sig: "percentrank_tdigest(digest: dynamic, value: summable) -> real", Doc: "The percentage of the values of a digest that are not above a value.", Sem: NullOnNull,
		Go: func(_ *Env, a []types.Value) types.Value {
			if d, ok := readDigest(dynArg(a[0])); ok {
				rank, total := d.rank(a[1])
				return rank / total * 100
			}
			return nil
		},
		Examples: []Example{{`percentrank_tdigest(dynamic(["tdigest",[[1,1],[2,1],[3,1],[4,1]]]), 1)`, `25.0`}}},
})

func listOf(a []types.Value) types.Value {
	items := make([]types.Dyn, len(a))
	for i, v := range a {
		items[i] = dynArg(v)
	}
	return types.DynList(items).String()
}

// mergeSketches hands the list of a group's sketches to a row that merges them.
func mergeSketches(r *Row) func(l *Lowering) (sqlx.Expr, error) {
	return func(l *Lowering) (sqlx.Expr, error) {
		all, err := l.collected(types.Dynamic, sqlx.NotNull(l.Args[0].SQL))
		return l.UDF(r, types.Dynamic, Arg{Type: types.Dynamic, SQL: all}), err
	}
}

func lowerHLL(pred, accuracy int) func(l *Lowering) (sqlx.Expr, error) {
	return func(l *Lowering) (sqlx.Expr, error) {
		x := l.once(0)
		filter := sqlx.NotNull(x)
		if pred > 0 {
			filter = both(l.Args[pred].SQL, filter)
		}
		precision := int64(14)
		if accuracy < len(l.Args) {
			if n, ok := l.constant(accuracy); ok && n >= 0 && n < int64(len(hllPrecisions)) {
				precision = hllPrecisions[n]
			}
		}
		list := agg("list", filter, sqlx.Raw("DISTINCT "+sqlx.Text(elementSQL(l.Args[0].Type, x))))
		return l.UDF(newHLL, types.Dynamic, Arg{Type: types.Dynamic, SQL: orElse(bracket(list), sqlx.String("[]"))},
			Arg{Type: types.Long, Const: true, Value: precision, SQL: sqlx.BigInt(precision)}), nil
	}
}

// hllPrecisions are Kusto's accuracies 0 to 4 as register counts in powers of two.
var hllPrecisions = []int64{12, 14, 16, 17, 18}

// newHLL makes a sketch of a list of values.
var newHLL = row(".hll(values: dynamic, precision: const long) -> dynamic", func(_ *Env, a []types.Value) types.Value {
	h := &hll{precision: uint8(a[1].(int64))}
	for _, v := range dynArg(a[0]).Items() {
		h.add(xxhash.Sum64String(v.String()))
	}
	return h.dyn().String()
})

// mergeHLLs merges a list of sketches.
var mergeHLLs = row(".hll_merge(sketches: dynamic) -> dynamic", func(_ *Env, a []types.Value) types.Value {
	var merged *hll
	for _, d := range dynArg(a[0]).Items() {
		h, ok := readHLL(d)
		switch {
		case !ok:
		case merged == nil:
			merged = h
		default:
			merged.merge(h)
		}
	}
	if merged == nil {
		return nil
	}
	return merged.dyn().String()
})

// hll counts different hashes, exactly while they are few.
type hll struct {
	precision uint8
	hashes    []uint64
	seen      map[uint64]bool
	sketch    *hyperloglog.Sketch
}

func (h *hll) add(x uint64) {
	if h.sketch != nil {
		h.sketch.InsertHash(x)
		return
	}
	if h.seen == nil {
		h.seen = map[uint64]bool{}
	}
	if h.seen[x] {
		return
	}
	h.seen[x] = true
	h.hashes = append(h.hashes, x)
	if len(h.hashes) > exactSketch {
		h.estimate()
	}
}

// estimate moves the hashes into registers.
func (h *hll) estimate() {
	h.sketch, _ = hyperloglog.NewSketch(h.precision, true)
	for _, x := range h.hashes {
		h.sketch.InsertHash(x)
	}
	h.hashes, h.seen = nil, nil
}

func (h *hll) merge(o *hll) {
	if o.sketch == nil {
		for _, x := range o.hashes {
			h.add(x)
		}
		return
	}
	if h.sketch == nil {
		h.estimate()
	}
	if h.precision != o.precision || h.sketch.Merge(o.sketch) != nil {
		// Sketches of two accuracies have no common form; the larger count stands.
		if o.count() > h.count() {
			*h = *o
		}
	}
}

func (h *hll) count() int64 {
	if h.sketch != nil {
		return int64(h.sketch.Estimate())
	}
	return int64(len(h.hashes))
}

func (h *hll) dyn() types.Dyn {
	head := []types.Dyn{types.DynText("hll"), types.DynInt(int64(h.precision))}
	if h.sketch != nil {
		data, _ := h.sketch.MarshalBinary() // never fails
		return types.DynList(append(head, types.DynText(base64.StdEncoding.EncodeToString(data))))
	}
	items := make([]types.Dyn, len(h.hashes))
	for i, x := range h.hashes {
		items[i] = types.DynInt(int64(x))
	}
	return types.DynList(append(head, types.DynList(items)))
}

func readHLL(d types.Dyn) (*hll, bool) {
	precision, _ := d.Index(1).Int()
	if d.Len() != 3 || d.Index(0).Text() != "hll" || precision < 4 || precision > 18 {
		return nil, false
	}
	h := &hll{precision: uint8(precision)}
	if text, ok := d.Index(2).Str(); ok {
		data, err := base64.StdEncoding.DecodeString(text)
		h.sketch = &hyperloglog.Sketch{}
		if err != nil || len(data) == 0 || h.sketch.UnmarshalBinary(data) != nil {
			return nil, false
		}
		return h, true
	}
	for _, x := range d.Index(2).Items() {
		n, ok := x.Int()
		if !ok {
			return nil, false
		}
		h.add(uint64(n))
	}
	return h, d.Index(2).Kind() == types.DynArray
}

func tdigestRow(sig, call, want string) Row {
	return Row{Sig: sig, ResultName: NamePrefixArg, Prefix: "tdigest",
		Doc: "A digest of the values, for percentile_tdigest(), rank_tdigest() and tdigest_merge(); weight says how often a value counts.",
		Lower: func(l *Lowering) (sqlx.Expr, error) {
			x, w := l.once(0), sqlx.Expr(sqlx.BigInt(1))
			if len(l.Args) > 1 {
				w = l.once(1)
			}
			filter := sqlx.And(sqlx.NotNull(x), sqlx.Infix(">", w, sqlx.BigInt(0)))
			if l.Args[0].Type == types.Real {
				filter = sqlx.And(filter, sqlx.Call("isfinite", x))
			}
			pair := sqlx.Infix("||", sqlx.String("["), rawJSON(l.Args[0].Type, x), sqlx.String(","), varchar(w), sqlx.String("]"))
			list := sqlx.Infix("||", sqlx.String(`[["tdigest",`), orElse(bracket(agg("list", filter, pair)), sqlx.String("[]")), sqlx.String("]]"))
			return l.UDF(mergeDigests, types.Dynamic, Arg{Type: types.Dynamic, SQL: list}), nil
		},
		Examples: []Example{{call, want}}}
}

// mergeDigests merges a list of digests.
var mergeDigests = row(".tdigest(digests: dynamic) -> dynamic", func(_ *Env, a []types.Value) types.Value {
	var all digest
	for _, v := range dynArg(a[0]).Items() {
		if d, ok := readDigest(v); ok {
			all = append(all, d...)
		}
	}
	return all.compress().dyn().String()
})

// digest is values and their weights in ascending order.
type digest []centroid

type centroid struct {
	value  types.Dyn
	weight float64
}

func readDigest(d types.Dyn) (digest, bool) {
	if d.Len() != 2 || d.Index(0).Text() != "tdigest" || d.Index(1).Kind() != types.DynArray {
		return nil, false
	}
	out := make(digest, 0, d.Index(1).Len())
	for _, p := range d.Index(1).Items() {
		w, ok := p.Index(1).Float()
		if !ok || p.Index(0).Kind() != types.DynNumber || !(w > 0) {
			return nil, false
		}
		out = append(out, centroid{p.Index(0), w})
	}
	return out, true
}

func (d digest) dyn() types.Dyn {
	items := make([]types.Dyn, len(d))
	for i, c := range d {
		weight := types.DynReal(c.weight)
		if c.weight == math.Trunc(c.weight) && c.weight < 1<<53 {
			weight = types.DynInt(int64(c.weight))
		}
		items[i] = types.DynList([]types.Dyn{c.value, weight})
	}
	return types.DynList([]types.Dyn{types.DynText("tdigest"), types.DynList(items)})
}

// compress sorts, joins equal values, and above exactSketch of them makes centroids.
func (d digest) compress() digest {
	slices.SortStableFunc(d, func(a, b centroid) int { return a.value.Compare(b.value) })
	out := d[:0]
	for _, c := range d {
		if n := len(out); n > 0 && out[n-1].value.Compare(c.value) == 0 {
			out[n-1].weight += c.weight
		} else {
			out = append(out, c)
		}
	}
	if len(out) <= exactSketch {
		return out
	}
	t, err := tdigest.New(tdigest.Compression(exactSketch/16), tdigest.LocalRandomNumberGenerator(1))
	if err != nil {
		return out
	}
	for _, c := range out {
		f, _ := c.value.Float()
		if t.AddWeighted(f, uint64(max(c.weight, 1))) != nil {
			return out
		}
	}
	if t.Compress() != nil {
		return out
	}
	var few digest
	t.ForEachCentroid(func(mean float64, count uint64) bool {
		v := types.DynReal(mean)
		if mean == math.Trunc(mean) && math.Abs(mean) < 1<<53 {
			v = types.DynInt(int64(mean))
		}
		few = append(few, centroid{v, float64(count)})
		return true
	})
	return few
}

func (d digest) total() float64 {
	sum := 0.0
	for _, c := range d {
		sum += c.weight
	}
	return sum
}

// percentile is the value at the nearest rank; null of an empty digest.
func (d digest) percentile(fraction float64) types.Dyn {
	rank, sum := fraction*d.total(), 0.0
	for _, c := range d {
		if sum += c.weight; sum >= rank {
			return c.value
		}
	}
	if len(d) > 0 {
		return d[len(d)-1].value
	}
	return types.Dyn{}
}

// rank is the weight of the values that are not above v, and of all.
func (d digest) rank(v types.Value) (rank, total float64) {
	var at types.Dyn
	switch v := v.(type) {
	case int64:
		at = types.DynInt(v)
	case float64:
		at = types.DynReal(v)
	case string: // decimal
		f, _ := strconv.ParseFloat(v, 64)
		at = types.DynReal(f)
	}
	for _, c := range d {
		if c.value.Compare(at) <= 0 {
			rank += c.weight
		}
		total += c.weight
	}
	return rank, total
}

func digestPercentiles(v types.Value, ps []types.Dyn) types.Value {
	d, ok := readDigest(dynArg(v))
	if !ok {
		return nil
	}
	out := make([]types.Dyn, len(ps))
	for i, p := range ps {
		if f, ok := p.Float(); ok {
			out[i] = d.percentile(f / 100)
		}
	}
	return types.DynList(out).String()
}

// digestValue is a value of a digest as a value of a type; times are kept as ticks.
func digestValue(t types.Type, v types.Dyn) types.Value {
	f, ok := v.Float()
	if !ok {
		return nil
	}
	switch t {
	case types.Int, types.Long, types.Datetime, types.Timespan:
		if n, ok := v.Int(); ok {
			return n
		}
		return ticksOf(f)
	case types.Real:
		return f
	case types.Decimal, types.String:
		return v.Text()
	}
	return v.Value()
}
