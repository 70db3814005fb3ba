package builtin

import (
	"quarry/kql/types"
)

// maxSeries bounds the points of one series.
const maxSeries = 1 << 20

// makeSeriesRows serve make-series; users cannot type their names.
var makeSeriesRows = []Row{
	{Sig: ".points(index: long, value: dynamic) -> dynamic", Kind: Aggregate, Doc: "The [index, value] pairs of a group.",
		Duck: "CAST(to_json(list(json_array({index}, CAST({value} AS JSON)))) AS VARCHAR)"},
	{Sig: ".series(points: dynamic, default: dynamic, count: long) -> dynamic", Doc: "The values of the points at their index, the default elsewhere.",
		Go: func(_ *Env, a []types.Value) types.Value {
			text, _ := a[0].(string)
			n, ok := a[2].(int64)
			if !ok || n < 0 || n > maxSeries {
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
			if !ok1 || !ok2 || !ok3 || n < 0 || n > maxSeries {
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
	{Sig: ".bins(from: datetime, to: datetime, step: timespan) -> long", Doc: "How many bins an axis has; its end is not part of it.",
		Duck: "greatest(({to} - {from} + {step} - 1) // {step}, 0)"},
	{Sig: ".bins(from: timespan, to: timespan, step: timespan) -> long", Doc: "How many bins an axis has; its end is not part of it.",
		Duck: "greatest(({to} - {from} + {step} - 1) // {step}, 0)"},
	{Sig: ".bins(from: long, to: long, step: long) -> long", Doc: "How many bins an axis has; its end is not part of it.",
		Duck: "greatest(({to} - {from} + {step} - 1) // {step}, 0)"},
	{Sig: ".bins(from: real, to: real, step: real) -> long", Doc: "How many bins an axis has; its end is not part of it.",
		Duck: "CAST(greatest(ceil(({to} - {from}) / {step} - 1e-9), 0) AS BIGINT)"},
}

func axis(dyn func(int64) types.Dyn) func(*Env, []types.Value) types.Value {
	return func(_ *Env, a []types.Value) types.Value {
		from, ok1 := a[0].(int64)
		step, ok2 := a[1].(int64)
		n, ok3 := a[2].(int64)
		if !ok1 || !ok2 || !ok3 || n < 0 || n > maxSeries {
			return nil
		}
		out := make([]types.Dyn, n)
		for i := range out {
			out[i] = dyn(from + int64(i)*step)
		}
		return types.DynList(out).String()
	}
}
