package builtin

import (
	"math"

	"quarry/kql/types"
)

// A series is a dynamic array of numbers. Where nothing else is said, a function
// over one gives null when it is no array or holds something that is not a number.

// seriesItems is the elements of a dynamic array.
func seriesItems(v types.Value) ([]types.Dyn, bool) {
	text, ok := v.(string)
	if !ok {
		return nil, false
	}
	d, ok := types.ParseDyn(text)
	return d.Items(), ok && d.Kind() == types.DynArray
}

// seriesNumber is the number an element holds, also one of those that JSON has no
// number for.
func seriesNumber(d types.Dyn) (float64, bool) {
	if f, ok := d.Float(); ok {
		return f, true
	}
	if s, ok := d.Str(); ok {
		switch s {
		case "NaN":
			return math.NaN(), true
		case "Infinity":
			return math.Inf(1), true
		case "-Infinity":
			return math.Inf(-1), true
		}
	}
	return 0, false
}

// floats reads a whole series.
func floats(v types.Value) ([]float64, bool) {
	items, ok := seriesItems(v)
	if !ok {
		return nil, false
	}
	out := make([]float64, len(items))
	for i, d := range items {
		if out[i], ok = seriesNumber(d); !ok {
			return nil, false
		}
	}
	return out, true
}

// someFloats reads the numbers of a series and passes over the rest.
func someFloats(v types.Value) []float64 {
	items, _ := seriesItems(v)
	out := make([]float64, 0, len(items))
	for _, d := range items {
		if f, ok := seriesNumber(d); ok {
			out = append(out, f)
		}
	}
	return out
}

// number is the value of a number argument of any type; ok is false for null.
func number(v types.Value) (f float64, ok bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	case string: // a decimal
		d, _ := types.ParseDyn(v)
		return d.Float()
	}
	return 0, false
}

// numberDyn is a number argument as an element of a series.
func numberDyn(v types.Value) types.Dyn {
	switch v := v.(type) {
	case int64:
		return types.DynInt(v)
	case float64:
		return types.DynReal(v)
	case string:
		d, _ := types.ParseDyn(v)
		return d
	}
	return types.Dyn{}
}

// argAt is the i-th argument, nil when it was not given.
func argAt(a []types.Value, i int) types.Value {
	if i < len(a) {
		return a[i]
	}
	return nil
}

func intArg(a []types.Value, i int, otherwise int) int {
	if f, ok := number(argAt(a, i)); ok {
		return int(max(math.MinInt32, min(math.MaxInt32, f)))
	}
	return otherwise
}

func realArg(a []types.Value, i int, otherwise float64) float64 {
	if f, ok := number(argAt(a, i)); ok {
		return f
	}
	return otherwise
}

func textOr(a []types.Value, i int, otherwise string) string {
	if s, ok := argAt(a, i).(string); ok && s != "" {
		return s
	}
	return otherwise
}

func realsDyn(v []float64) types.Dyn {
	out := make([]types.Dyn, len(v))
	for i, f := range v {
		out[i] = types.DynReal(f)
	}
	return types.DynList(out)
}

func mean(v []float64) float64 {
	sum := 0.0
	for _, f := range v {
		sum += f
	}
	return sum / float64(len(v))
}

// variance is the sample variance about the mean; 0 of fewer than two values.
func variance(v []float64) float64 {
	if len(v) < 2 {
		return 0
	}
	m, sum := mean(v), 0.0
	for _, f := range v {
		sum += (f - m) * (f - m)
	}
	return sum / float64(len(v)-1)
}

// outputsOf is the Expand of a row whose columns are called row_series_name.
func outputsOf(row string, names ...Output) func([]Arg) []Output {
	out := make([]Output, len(names))
	for i, n := range names {
		out[i] = Output{Name: row + "_{}_" + n.Name, Type: n.Type}
	}
	return func([]Arg) []Output { return out }
}

// bagWith makes a bag of alternating keys and values.
func bagWith(keysAndValues ...any) types.Dyn {
	var keys []string
	var values []types.Dyn
	for i := 0; i < len(keysAndValues); i += 2 {
		keys = append(keys, keysAndValues[i].(string))
		values = append(values, keysAndValues[i+1].(types.Dyn))
	}
	return types.DynObject(keys, values)
}
