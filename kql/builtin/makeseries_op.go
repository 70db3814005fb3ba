package builtin

import (
	"fmt"
	"math"

	"quarry/kql/types"
)

// makeSeriesRows serve make-series; users cannot type their names.
var makeSeriesRows = []Row{
	{Sig: ".points(index: long, value: dynamic) -> dynamic", Kind: Aggregate, Doc: "The [index, value] pairs of a group.",
		Duck: "CAST(to_json(list(json_array({index}, CAST({value} AS JSON)))) AS VARCHAR)"},
	{Sig: ".series(points: dynamic, default: dynamic, count: long) -> dynamic", Doc: "The values of the points at their index, the default elsewhere.",
		Go: func(_ *Env, a []types.Value) types.Value {
			text, _ := a[0].(string)
			n, ok := a[2].(int64)
			if !ok {
				return nil
			}
			var fill types.Dyn
			if s, ok := a[1].(string); ok {
				fill, _ = types.ParseDyn(s)
			}
			out := make([]types.Dyn, n)
			for i := range out {
				out[i] = fill
			}
			points, _ := types.ParseDyn(text)
			for _, p := range points.Items() {
				if i, ok := p.Index(0).Int(); ok && i >= 0 && i < n {
					out[i] = p.Index(1)
				}
			}
			return types.DynList(out).String()
		}},
	{Sig: ".axis(from: datetime, step: timespan, count: long) -> dynamic", Doc: "The bins of a datetime axis.",
		Go: axis(func(v int64) types.Dyn { return types.DynText(types.FormatDatetime(v)) })},
	{Sig: ".axis(from: timespan, step: timespan, count: long) -> dynamic", Doc: "The bins of a timespan axis.",
		Go: axis(func(v int64) types.Dyn { return types.DynText(types.FormatTimespan(v)) })},
	{Sig: ".axis(from: long, step: long, count: long) -> dynamic", Doc: "The bins of an integer axis.",
		Go: axis(types.DynInt)},
	{Sig: ".axis(from: real, step: real, count: long) -> dynamic", Doc: "The bins of a real axis.",
		Go: func(_ *Env, a []types.Value) types.Value {
			from, ok1 := a[0].(float64)
			step, ok2 := a[1].(float64)
			n, ok3 := a[2].(int64)
			if !ok1 || !ok2 || !ok3 {
				return nil
			}
			out := make([]types.Dyn, n)
			for i := range out {
				out[i] = types.DynReal(from + float64(i)*step)
			}
			return types.DynList(out).String()
		}},
	{Sig: ".bin(value: datetime, from: datetime, step: timespan) -> long", Doc: "The bin that a value falls into, from 0.",
		Duck: "({value} - {from} - ((({value} - {from}) % {step}) + {step}) % {step}) // {step}"},
	{Sig: ".bin(value: timespan, from: timespan, step: timespan) -> long", Doc: "The bin that a value falls into, from 0.",
		Duck: "({value} - {from} - ((({value} - {from}) % {step}) + {step}) % {step}) // {step}"},
	{Sig: ".bin(value: long, from: long, step: long) -> long", Doc: "The bin that a value falls into, from 0.",
		Duck: "({value} - {from} - ((({value} - {from}) % {step}) + {step}) % {step}) // {step}"},
	{Sig: ".bin(value: real, from: real, step: real) -> long", Doc: "The bin that a value falls into, from 0.",
		Duck: "TRY_CAST(floor(({value} - {from}) / {step} + 1e-9) AS BIGINT)"},
	{Sig: ".bins(from: datetime, to: datetime, step: timespan, place: string) -> long", Doc: binsDoc, Sem: NullOnNull, Go: bins},
	{Sig: ".bins(from: timespan, to: timespan, step: timespan, place: string) -> long", Doc: binsDoc, Sem: NullOnNull, Go: bins},
	{Sig: ".bins(from: long, to: long, step: long, place: string) -> long", Doc: binsDoc, Sem: NullOnNull, Go: bins},
	{Sig: ".bins(from: real, to: real, step: real, place: string) -> long", Doc: binsDoc, Sem: NullOnNull, Go: bins},
}

const binsDoc = "How many bins an axis has; its end is not part of it. An axis that cannot be fails the query."

func bins(_ *Env, a []types.Value) types.Value {
	n, problem := Bins(a[0], a[1], a[2])
	if problem != "" {
		panic(Failure(fmt.Sprintf("%v: make-series: %s", a[3], problem)))
	}
	return n
}

// Bins is the number of bins of an axis, or the reason why make-series cannot have it: a
// series is an array, and would be cut as arrays are.
func Bins(from, to, step types.Value) (n int64, problem string) {
	const onlyPositive = "the step must be greater than zero"
	count := 0.0
	switch step := step.(type) {
	case int64:
		from, to := from.(int64), to.(int64)
		if step <= 0 {
			return 0, onlyPositive
		}
		if from < to {
			length := uint64(to) - uint64(from) // may be more than an int64 holds
			count = float64(length / uint64(step))
			if length%uint64(step) > 0 {
				count++
			}
		}
	case float64:
		if step <= 0 {
			return 0, onlyPositive
		}
		if count = math.Ceil((to.(float64)-from.(float64))/step - 1e-9); math.IsNaN(count) {
			return 0, "the ends of the axis and its step must be numbers"
		}
	}
	if count > maxList {
		return 0, fmt.Sprintf("the axis has %.0f steps, but a series holds at most %d values; use a larger step, or a shorter range in from and to", count, maxList)
	}
	return int64(max(count, 0)), ""
}

func axis(dyn func(int64) types.Dyn) func(*Env, []types.Value) types.Value {
	return func(_ *Env, a []types.Value) types.Value {
		from, ok1 := a[0].(int64)
		step, ok2 := a[1].(int64)
		n, ok3 := a[2].(int64)
		if !ok1 || !ok2 || !ok3 {
			return nil
		}
		out := make([]types.Dyn, n)
		for i := range out {
			out[i] = dyn(from + int64(i)*step)
		}
		return types.DynList(out).String()
	}
}
