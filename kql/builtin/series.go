package builtin

import (
	"math"

	"quarry/kql/types"
)

// seriesRows work on series: dynamic arrays of numbers, mostly out of make-series.
// Their algorithms are those that Kusto documents. Where it documents none, the Doc
// of the row says what is done here.
var seriesRows = []Row{
	pairwise("series_add", "Adds two series, or a number to a series, element by element.",
		arithmetic(func(x, y float64) float64 { return x + y }, func(x, y int64) int64 { return x + y }),
		Example{`series_add(dynamic([1,2,4]), dynamic([4,2,1]))`, `dynamic([5,4,5])`},
		Example{`series_add(dynamic([1,2,4]), dynamic([0.5,null]))`, `dynamic([1.5,null,null])`}),
	pairwise("series_subtract", "Subtracts two series, or a number and a series, element by element.",
		arithmetic(func(x, y float64) float64 { return x - y }, func(x, y int64) int64 { return x - y }),
		Example{`series_subtract(dynamic([1,2,4]), dynamic([4,2,1]))`, `dynamic([-3,0,3])`}),
	pairwise("series_multiply", "Multiplies two series, or a series by a number, element by element.",
		arithmetic(func(x, y float64) float64 { return x * y }, func(x, y int64) int64 { return x * y }),
		Example{`series_multiply(dynamic([1,2,4]), 10)`, `dynamic([10,20,40])`}),
	pairwise("series_divide", "Divides two series, or a series and a number, element by element; the results are reals.",
		arithmetic(func(x, y float64) float64 { return x / y }, nil),
		Example{`series_divide(dynamic([1,2,4]), dynamic([4,2,1]))`, `dynamic([0.25,1.0,4.0])`}),
	pairwise("series_pow", "Raises the elements of a series to powers; the results are reals.",
		arithmetic(math.Pow, nil),
		Example{`series_pow(dynamic([1,2,3,4]), dynamic([1,2,3,0.5]))`, `dynamic([1.0,4.0,27.0,2.0])`}),
	pairwise("series_greater", "Whether elements of the first series are greater than those of the second.", comparison(func(x, y float64) bool { return x > y }),
		Example{`series_greater(dynamic([1,2,4]), dynamic([4,2,1]))`, `dynamic([false,false,true])`}),
	pairwise("series_greater_equals", "Whether elements of the first series are greater than or equal to those of the second.", comparison(func(x, y float64) bool { return x >= y }),
		Example{`series_greater_equals(dynamic([1,2,4]), dynamic([4,2,1]))`, `dynamic([false,true,true])`}),
	pairwise("series_less", "Whether elements of the first series are less than those of the second.", comparison(func(x, y float64) bool { return x < y }),
		Example{`series_less(dynamic([1,2,4]), 2)`, `dynamic([true,false,false])`}),
	pairwise("series_less_equals", "Whether elements of the first series are less than or equal to those of the second.", comparison(func(x, y float64) bool { return x <= y }),
		Example{`series_less_equals(dynamic([1,2,4]), 2)`, `dynamic([true,true,false])`}),
	pairwise("series_equals", "Whether elements of two series are equal.", comparison(func(x, y float64) bool { return x == y }),
		Example{`series_equals(dynamic([1,2,4]), dynamic([4,2,1]))`, `dynamic([false,true,false])`}),
	pairwise("series_not_equals", "Whether elements of two series differ.", comparison(func(x, y float64) bool { return x != y }),
		Example{`series_not_equals(dynamic([1,2,4]), dynamic([4,2,1]))`, `dynamic([true,false,true])`}),

	eachOf("series_abs", "The absolute values of a series.", absOf, Example{`series_abs(dynamic([-6.5,0,8]))`, `dynamic([6.5,0.0,8.0])`}),
	eachOf("series_sign", "The signs of a series: -1, 0 or 1.", signOf, Example{`series_sign(dynamic([-6,0,8]))`, `dynamic([-1,0,1])`}),
	eachOf("series_exp", "e to the power of each element.", eachReal(math.Exp), Example{`series_exp(dynamic([0]))`, `dynamic([1.0])`}),
	eachOf("series_log", "The natural logarithms of a series.", eachReal(math.Log), Example{`series_log(dynamic([1]))`, `dynamic([0.0])`}),
	eachOf("series_sin", "The sines of a series of radians.", eachReal(math.Sin), Example{`series_sin(dynamic([0]))`, `dynamic([0.0])`}),
	eachOf("series_cos", "The cosines of a series of radians.", eachReal(math.Cos), Example{`series_cos(dynamic([0]))`, `dynamic([1.0])`}),
	eachOf("series_tan", "The tangents of a series of radians.", eachReal(math.Tan), Example{`series_tan(dynamic([0]))`, `dynamic([0.0])`}),
	eachOf("series_asin", "The arc sines of a series, in radians.", eachReal(math.Asin), Example{`series_asin(dynamic([0]))`, `dynamic([0.0])`}),
	eachOf("series_acos", "The arc cosines of a series, in radians.", eachReal(math.Acos), Example{`series_acos(dynamic([1]))`, `dynamic([0.0])`}),
	eachOf("series_atan", "The arc tangents of a series, in radians.", eachReal(math.Atan), Example{`series_atan(dynamic([0]))`, `dynamic([0.0])`}),
	eachOf("series_floor", "The elements of a series, rounded down to whole reals.", eachReal(math.Floor), Example{`series_floor(dynamic([-1.5,1,2.5]))`, `dynamic([-2.0,1.0,2.0])`}),
	eachOf("series_ceiling", "The elements of a series, rounded up to whole reals.", eachReal(math.Ceil), Example{`series_ceiling(dynamic([-1.5,1,2.5]))`, `dynamic([-1.0,1.0,3.0])`}),

	totalOf("series_sum", "The sum of a series; what is not a number is passed over.", sumOf, Example{`series_sum(dynamic([1,2,3,4]))`, `10.0`}),
	totalOf("series_product", "The product of a series; what is not a number is passed over.", productOf, Example{`series_product(dynamic([1,2,3,4]))`, `24.0`}),
	totalOf("series_magnitude", "The Euclidean length of a series: the root of the sum of its squares.", magnitudeOf, Example{`series_magnitude(dynamic([3,4]))`, `5.0`}),
	{Sig: "series_dot_product(series1: dynamic|long|real|decimal, series2: dynamic|long|real|decimal) -> real", Sem: NullOnNull, Go: dotGo,
		Doc:      "The sum of the products of the elements of two series; the longer one is cut.",
		Examples: []Example{{`series_dot_product(dynamic([1,2,4]), dynamic([4,2,1]))`, `12.0`}}},
	{Sig: "series_cosine_similarity(series1: dynamic, series2: dynamic, series1_magnitude?: real, series2_magnitude?: real) -> real", Go: cosineGo,
		Doc:      "The cosine of the angle between two series as vectors. Magnitudes that are known already can be given.",
		Examples: []Example{{`series_cosine_similarity(dynamic([3,4]), dynamic([6,8]))`, `1.0`}}},
	{Sig: "series_pearson_correlation(series1: dynamic, series2: dynamic) -> real", Sem: NullOnNull, Go: pearsonGo,
		Doc:      "The Pearson correlation of two series of the same length, from -1 to 1.",
		Examples: []Example{{`series_pearson_correlation(dynamic([0,1]), dynamic([3,1]))`, `-1.0`}}},

	{Sig: "series_fill_const(series: dynamic, constant_value?: number, missing_value_placeholder?: number) -> @0", ResultName: NameFirstArg, Go: fillConst,
		Doc:      "Replaces missing elements (null, or the placeholder) by a constant, 0 unless given.",
		Examples: []Example{{`series_fill_const(dynamic([111,null,36]), -1)`, `dynamic([111,-1,36])`}}},
	{Sig: "series_fill_forward(series: dynamic, missing_value_placeholder?: number) -> @0", ResultName: NameFirstArg, Go: fillNeighbour(1),
		Doc:      "Replaces missing elements by the nearest element before them.",
		Examples: []Example{{`series_fill_forward(dynamic([null,36,null,null,16]))`, `dynamic([null,36,36,36,16])`}}},
	{Sig: "series_fill_backward(series: dynamic, missing_value_placeholder?: number) -> @0", ResultName: NameFirstArg, Go: fillNeighbour(-1),
		Doc:      "Replaces missing elements by the nearest element after them.",
		Examples: []Example{{`series_fill_backward(dynamic([null,36,null,16,null]))`, `dynamic([36,36,16,16,null])`}}},
	{Sig: "series_fill_linear(series: dynamic, missing_value_placeholder?: number, fill_edges?: bool, constant_value?: number) -> @0", ResultName: NameFirstArg, Go: fillLinear,
		Doc:      "Replaces missing elements by what lies on the line between their neighbours; those at the edges by the nearest element.",
		Examples: []Example{{`series_fill_linear(dynamic([null,111,null,36,41,null,null,16]))`, `dynamic([111,111,73,36,41,32,24,16])`}}},

	{Sig: "series_fir(series: dynamic, filter: dynamic, normalize?: bool, center?: bool) -> dynamic", ResultName: NameFirstArg, Go: firGo,
		Doc:      "A finite impulse response filter, such as a moving average. It is divided by the sum of its coefficients unless one is negative; center looks both ways.",
		Examples: []Example{{`series_fir(dynamic([5,15,10,20]), dynamic([1,-1]))`, `dynamic([5,10,-5,10])`}, {`series_fir(dynamic([3,6,9]), dynamic([1,1,1]), true, true)`, `dynamic([3.0,6.0,5.0])`}}},
	{Sig: "series_iir(series: dynamic, numerators: dynamic, denominators: dynamic) -> dynamic", ResultName: NameFirstArg, Sem: NullOnNull, Go: iirGo,
		Doc:      "An infinite impulse response filter, such as a running sum: numerators [1], denominators [1,-1].",
		Examples: []Example{{`series_iir(dynamic([1,2,3]), dynamic([1]), dynamic([1,-1]))`, `dynamic([1.0,3.0,6.0])`}}},
	{Sig: "series_fft(series: dynamic, series_imaginary?: dynamic) -> dynamic", Go: transform(false),
		Expand:   outputsOf("series_fft", Output{"real", types.Dynamic}, Output{"imag", types.Dynamic}),
		Doc:      "The discrete Fourier transform of a series: its real and its imaginary part.",
		Examples: []Example{{`series_fft(dynamic([1,1]))`, `dynamic([2.0,0.0])`}}},
	{Sig: "series_ifft(series: dynamic, series_imaginary?: dynamic) -> dynamic", Go: transform(true),
		Expand:   outputsOf("series_ifft", Output{"real", types.Dynamic}, Output{"imag", types.Dynamic}),
		Doc:      "The inverse of the discrete Fourier transform: the real and the imaginary part of the series.",
		Examples: []Example{{`series_ifft(dynamic([2,0]))`, `dynamic([1.0,1.0])`}}},

	{Sig: "series_stats(series: dynamic, ignore_nonfinite?: const bool) -> dynamic", Expand: outputsOf("series_stats", statsColumns...), Go: oneOf(statsList),
		Doc:      "The minimum and maximum of a series with their positions, and its average, standard deviation and variance (of the sample).",
		Examples: []Example{{`series_stats(dynamic([4,2,6]))`, `2.0`}}},
	{Sig: "series_stats_dynamic(series: dynamic, ignore_nonfinite?: const bool) -> dynamic",
		Doc: "What series_stats gives, with the sum and the number of elements, as a bag.",
		Go: func(_ *Env, a []types.Value) types.Value {
			values, used, ok := statsValues(a)
			if !ok {
				return nil
			}
			b := bagOf(statsColumns, values)
			keys := append([]string(nil), b.Keys()...)
			return types.DynObject(append(keys, "sum", "len"), append(append([]types.Dyn(nil), b.Items()...), types.DynReal(sumOf(used)), types.DynInt(int64(len(used))))).String()
		},
		Examples: []Example{{`series_stats_dynamic(dynamic([4,2,6]))`, `dynamic({"min":2.0,"min_idx":1,"max":6.0,"max_idx":2,"avg":4.0,"stdev":2.0,"variance":4.0,"sum":12.0,"len":3})`}}},
	{Sig: "series_fit_line(series: dynamic) -> dynamic", Expand: outputsOf("series_fit_line", lineColumns...), Go: oneOf(lineValues),
		Doc:      "The least-squares line through a series: how much of the variance it explains, its slope and interception, and its points.",
		Examples: []Example{{`series_fit_line(dynamic([1,2,3]))`, `1.0`}}},
	{Sig: "series_fit_line_dynamic(series: dynamic) -> dynamic", Go: bagged(lineColumns, lineValues),
		Doc:      "What series_fit_line gives, as a bag.",
		Examples: []Example{{`series_fit_line_dynamic(dynamic([1,3])).slope`, `dynamic(2.0)`}}},
	{Sig: "series_fit_2lines(series: dynamic) -> dynamic", Expand: outputsOf("series_fit_2lines", twoLinesColumns...), Go: oneOf(twoLinesValues),
		Doc:      "The two lines, one for each side of the best split, that explain most of a series. Each side has at least two points, and its line counts from 1 at its own start.",
		Examples: []Example{{`series_fit_2lines(dynamic([1,2,3,9,7,5]))`, `1.0`}}},
	{Sig: "series_fit_2lines_dynamic(series: dynamic) -> dynamic",
		Doc: "What series_fit_2lines gives, as a bag with the bags right and left.",
		Go: func(_ *Env, a []types.Value) types.Value {
			values, ok := twoLinesValues(a)
			if !ok {
				return nil
			}
			v := values.Items()
			side := func(v []types.Dyn) types.Dyn { return bagOf(sideKeys, types.DynList(v)) }
			return bagWith("rsquare", v[0], "split_idx", v[1], "variance", v[2], "rvariance", v[3], "line_fit", v[4], "right", side(v[5:10]), "left", side(v[10:15])).String()
		},
		Examples: []Example{{`series_fit_2lines_dynamic(dynamic([1,2,3,9,7,5])).split_idx`, `dynamic(3)`}}},
	{Sig: "series_fit_poly(y_series: dynamic, x_series?: dynamic, degree?: int) -> dynamic", Expand: outputsOf("series_fit_poly", polyColumns...), Go: fitPoly,
		Doc:      "The least-squares polynomial of a degree (1 to 64) through points: its coefficients from the highest power down, and its points.",
		Examples: []Example{{`series_fit_poly(dynamic([1,2,3]))`, `1.0`}}},

	{Sig: "series_outliers(series: dynamic, kind?: string, ignore_val?: number, min_percentile?: number, max_percentile?: number, test_points?: integer) -> @0", ResultName: NameFirstArg, Go: outliersGo,
		Doc:      "How far each element lies outside of what is normal, in units of that range: the 10th to 90th percentile (ctukey, the default) or the 25th to 75th (tukey). Beyond 1.5 is an anomaly.",
		Examples: []Example{{`series_outliers(dynamic([1,2,3,4,5,15]), "tukey")`, `dynamic([-0.5,-0.1,0.0,0.0,0.1,4.1])`}}},
	{Sig: "series_periods_detect(series: dynamic, min_period: number, max_period: number, num_periods: long) -> dynamic", Go: periodsDetect,
		Expand:   outputsOf("series_periods_detect", Output{"periods", types.Dynamic}, Output{"scores", types.Dynamic}),
		Doc:      "The strongest periods of a series, in elements, and their scores from 0 to 1. A period has 4 elements at least and fewer than half the series; its score is the lower of the autocorrelations at the period and at twice the period.",
		Examples: []Example{{`series_periods_detect(dynamic([1,5,3,2,1,5,3,2,1,5,3,2,1,5,3,2]), 2, 10, 2)`, `dynamic([4.0,0.0])`}}},
	{Sig: "series_periods_validate(series: dynamic, period: number, periods...: number) -> dynamic", Go: periodsValidate,
		Expand:   outputsOf("series_periods_validate", Output{"periods", types.Dynamic}, Output{"scores", types.Dynamic}),
		Doc:      "The scores from 0 to 1 of given periods of a series, 0 where there is no peak; see series_periods_detect.",
		Examples: []Example{{`series_periods_validate(dynamic([1,5,3,2,1,5,3,2,1,5,3,2,1,5,3,2]), 5)`, `dynamic([5.0])`}}},
	{Sig: "series_seasonal(series: dynamic, period?: integer, test_points?: integer) -> dynamic", Go: seasonalGo,
		Doc:      "What repeats in a series: the median at each place of its period, which is found unless given; zeros when there is none.",
		Examples: []Example{{`series_seasonal(dynamic([1,3,5,1,3,5,2,4,6]), 3)`, `dynamic([1.0,3.0,5.0,1.0,3.0,5.0,1.0,3.0,5.0])`}}},
	{Sig: "series_decompose(series: dynamic, period?: integer, trend?: string, test_points?: integer, seasonality_threshold?: number) -> dynamic", Go: decomposeGo,
		Expand:   outputsOf("series_decompose", decomposeColumns...),
		Doc:      "Splits a series into what repeats, what drifts (trend: avg, linefit or none) and the rest.",
		Examples: []Example{{`series_decompose(dynamic([1,2,3,4,5]), 0, "linefit")`, `dynamic([1.0,2.0,3.0,4.0,5.0])`}}},
	{Sig: "series_decompose_forecast(series: dynamic, test_points: integer, period?: integer, trend?: string, seasonality_threshold?: number) -> dynamic", Go: forecastGo,
		Expand:   outputsOf("series_decompose_forecast", decomposeColumns...),
		Doc:      "Continues what repeats and what drifts in a series over its last test_points elements.",
		Examples: []Example{{`series_decompose_forecast(dynamic([1,2,3,0,0]), 2, 0, "linefit")`, `dynamic([1.0,2.0,3.0,4.0,5.0])`}}},
	{Sig: "series_decompose_anomalies(series: dynamic, threshold?: number, period?: integer, trend?: string, test_points?: integer, method?: string, seasonality_threshold?: number) -> dynamic", Go: anomaliesGo,
		Expand:   outputsOf("series_decompose_anomalies", Output{"ad_flag", types.Dynamic}, Output{"ad_score", types.Dynamic}, Output{"baseline", types.Dynamic}),
		Doc:      "Marks the elements of a series that differ from its baseline: 1 above, -1 below, 0 normal; then their scores (see series_outliers) and the baseline.",
		Examples: []Example{{`series_decompose_anomalies(dynamic([1,2,1,2,1,2,1,9,1,2,1,2]), 1.5, 0)`, `dynamic([0,0,0,0,0,0,0,1,0,0,0,0])`}}},
}

var decomposeColumns = []Output{{"baseline", types.Dynamic}, {"seasonal", types.Dynamic}, {"trend", types.Dynamic}, {"residual", types.Dynamic}}

var sideKeys = []Output{{"rsquare", types.Real}, {"slope", types.Real}, {"interception", types.Real}, {"variance", types.Real}, {"rvariance", types.Real}}

func statsList(a []types.Value) (types.Dyn, bool) {
	values, _, ok := statsValues(a)
	return values, ok
}

// oneOf and bagged make Go forms of what computes a list of columns: the list itself,
// and the bag under the columns' names.
func oneOf(values func([]types.Value) (types.Dyn, bool)) func(*Env, []types.Value) types.Value {
	return func(_ *Env, a []types.Value) types.Value {
		if v, ok := values(a); ok {
			return v.String()
		}
		return nil
	}
}

func bagged(names []Output, values func([]types.Value) (types.Dyn, bool)) func(*Env, []types.Value) types.Value {
	return func(_ *Env, a []types.Value) types.Value {
		if v, ok := values(a); ok {
			return bagOf(names, v).String()
		}
		return nil
	}
}
