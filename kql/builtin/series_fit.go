package builtin

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"quarry/kql/types"
)

// line is a least-squares line through the points (1, y[0]), (2, y[1]), ...
type line struct {
	slope, interception float64
	rsquare             float64
	variance, rvariance float64 // sample variances of y and of the residuals
}

func fitLine(y []float64) line {
	n := float64(len(y))
	l := line{interception: mean(y)}
	mx, xy, xx := (n+1)/2, 0.0, 0.0
	for i, v := range y {
		dx := float64(i+1) - mx
		xy += dx * (v - l.interception)
		xx += dx * dx
	}
	if xx > 0 {
		l.slope = xy / xx
		l.interception -= l.slope * mx
	}
	residuals := make([]float64, len(y))
	for i, v := range y {
		residuals[i] = v - l.at(i)
	}
	l.variance, l.rvariance = variance(y), variance(residuals)
	l.rsquare = rsquare(l.variance, l.rvariance)
	return l
}

// at is the value for y[i].
func (l line) at(i int) float64 { return l.slope*float64(i+1) + l.interception }

// rsquare is the part of the variance that the fit explains; a constant series is
// explained by any fit that meets it.
func rsquare(total, residual float64) float64 {
	switch {
	case total > 0:
		return 1 - residual/total
	case residual == 0:
		return 1
	}
	return 0
}

func (l line) series(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = l.at(i)
	}
	return out
}

// outputs makes the array that the columns of a row are taken from.
func outputs(values ...any) types.Dyn {
	out := make([]types.Dyn, len(values))
	for i, v := range values {
		switch v := v.(type) {
		case float64:
			out[i] = types.DynReal(v)
		case int:
			out[i] = types.DynInt(int64(v))
		case []float64:
			out[i] = realsDyn(v)
		case types.Dyn:
			out[i] = v
		}
	}
	return types.DynList(out)
}

var lineColumns = []Output{{"rsquare", types.Real}, {"slope", types.Real}, {"variance", types.Real}, {"rvariance", types.Real}, {"interception", types.Real}, {"line_fit", types.Dynamic}}

func lineValues(a []types.Value) (types.Dyn, bool) {
	y, ok := floats(a[0])
	if !ok || len(y) == 0 {
		return types.Dyn{}, false
	}
	l := fitLine(y)
	return outputs(l.rsquare, l.slope, l.variance, l.rvariance, l.interception, l.series(len(y))), true
}

var twoLinesColumns = []Output{{"rsquare", types.Real}, {"split_idx", types.Long}, {"variance", types.Real}, {"rvariance", types.Real}, {"line_fit", types.Dynamic},
	{"right_rsquare", types.Real}, {"right_slope", types.Real}, {"right_interception", types.Real}, {"right_variance", types.Real}, {"right_rvariance", types.Real},
	{"left_rsquare", types.Real}, {"left_slope", types.Real}, {"left_interception", types.Real}, {"left_variance", types.Real}, {"left_rvariance", types.Real}}

// twoLinesValues splits the series where two lines explain most. Both sides have two
// points at least; each line counts from the start of its side.
func twoLinesValues(a []types.Value) (types.Dyn, bool) {
	y, ok := floats(a[0])
	if !ok || len(y) < 4 {
		return types.Dyn{}, false
	}
	split := bestSplit(y)
	left, right := fitLine(y[:split]), fitLine(y[split:])
	fit := append(left.series(split), right.series(len(y)-split)...)
	residuals := make([]float64, len(y))
	for i := range y {
		residuals[i] = y[i] - fit[i]
	}
	v, rv := variance(y), variance(residuals)
	return outputs(rsquare(v, rv), split, v, rv, fit,
		right.rsquare, right.slope, right.interception, right.variance, right.rvariance,
		left.rsquare, left.slope, left.interception, left.variance, left.rvariance), true
}

// bestSplit is the first index of the right side for the least squared residuals.
// Running sums make each split cost the same.
func bestSplit(y []float64) int {
	n := len(y)
	m := mean(y)
	sums := make([]struct{ x, xx, y, yy, xy float64 }, n+1)
	for i, v := range y {
		x, d, s := float64(i), v-m, sums[i]
		s.x, s.xx, s.y, s.yy, s.xy = s.x+x, s.xx+x*x, s.y+d, s.yy+d*d, s.xy+x*d
		sums[i+1] = s
	}
	residual := func(from, to int) float64 {
		a, b, k := sums[from], sums[to], float64(to-from)
		x, yy := b.x-a.x, b.y-a.y
		xx := b.xx - a.xx - x*x/k
		xy := b.xy - a.xy - x*yy/k
		return b.yy - a.yy - yy*yy/k - xy*xy/xx
	}
	best, split := math.Inf(1), 2
	for i := 2; i <= n-2; i++ {
		if r := residual(0, i) + residual(i, n); r < best {
			best, split = r, i
		}
	}
	return split
}

var polyColumns = []Output{{"rsquare", types.Real}, {"coefficients", types.Dynamic}, {"variance", types.Real}, {"rvariance", types.Real}, {"poly_fit", types.Dynamic}}

const maxPolyDegree = 64

// fitPoly: y, x (default 1, 2, ...), degree (default 1). Powers are taken of x/max|x|,
// which keeps the equations well conditioned.
func fitPoly(e *Env, a []types.Value) types.Value {
	y, ok := floats(a[0])
	if !ok {
		return nil
	}
	n, degree := len(y), intArg(a, 2, 1)
	x := make([]float64, n)
	for i := range x {
		x[i] = float64(i + 1)
	}
	if argAt(a, 1) != nil {
		if x, ok = floats(a[1]); !ok || len(x) != n {
			return nil
		}
	}
	if degree < 0 || degree > maxPolyDegree || n <= degree {
		return nil
	}
	scale := 0.0
	for _, v := range x {
		scale = max(scale, math.Abs(v))
	}
	if scale == 0 {
		scale = 1
	}
	powers := mat.NewDense(n, degree+1, nil)
	for i, v := range x {
		p := 1.0
		for k := 0; k <= degree; k++ {
			powers.Set(i, k, p)
			p *= v / scale
		}
	}
	solved, ok := leastSquares(e, powers, mat.NewVecDense(n, y))
	if !ok {
		return nil
	}
	fit, residuals := make([]float64, n), make([]float64, n)
	for i := range y {
		for k := 0; k <= degree; k++ {
			fit[i] += solved.AtVec(k) * powers.At(i, k)
		}
		residuals[i] = y[i] - fit[i]
	}
	coefficients := make([]float64, degree+1)
	for k, s := 0, 1.0; k <= degree; k, s = k+1, s*scale {
		coefficients[degree-k] = solved.AtVec(k) / s
	}
	v, rv := variance(y), variance(residuals)
	return outputs(rsquare(v, rv), coefficients, v, rv, fit).String()
}

// fitRows bounds the rows of equations that are solved at a time.
const fitRows = 1 << 13

// leastSquares solves x c = y. Many equations are first brought, some at a time, to as few
// as there are unknowns and one: those of the triangle of x and y side by side.
func leastSquares(e *Env, x mat.Matrix, y mat.Vector) (c mat.VecDense, ok bool) {
	var qr mat.QR
	if rows, unknowns := x.Dims(); rows > fitRows {
		n := unknowns + 1
		triangle := mat.NewDense(n, n, nil)
		for from := 0; from < rows; from += fitRows {
			e.Check()
			stack := mat.NewDense(n+min(fitRows, rows-from), n, nil)
			stack.Copy(triangle)
			for i := from; i < min(from+fitRows, rows); i++ {
				for k := range unknowns {
					stack.Set(n+i-from, k, x.At(i, k))
				}
				stack.Set(n+i-from, unknowns, y.AtVec(i))
			}
			qr.Factorize(stack)
			var r mat.Dense
			qr.RTo(&r)
			triangle.Copy(&r)
		}
		x, y = triangle.Slice(0, n, 0, unknowns), triangle.ColView(unknowns)
	}
	qr.Factorize(x)
	if err := qr.SolveVecTo(&c, false, y); err != nil {
		if rough, ok := err.(mat.Condition); !ok || math.IsInf(float64(rough), 1) {
			return c, false
		}
	}
	return c, true
}

// bagOf is the bag of what the columns of a row would hold.
func bagOf(names []Output, values types.Dyn) types.Dyn {
	keys := make([]string, len(names))
	for i, n := range names {
		keys[i] = n.Name
	}
	return types.DynObject(keys, append([]types.Dyn(nil), values.Items()...))
}

var statsColumns = []Output{{"min", types.Real}, {"min_idx", types.Long}, {"max", types.Real}, {"max_idx", types.Long}, {"avg", types.Real}, {"stdev", types.Real}, {"variance", types.Real}}

// statsValues: series, ignore_nonfinite.
func statsValues(a []types.Value) (values types.Dyn, used []float64, ok bool) {
	items, ok := seriesItems(a[0])
	if !ok {
		return types.Dyn{}, nil, false
	}
	ignore, _ := argAt(a, 1).(bool)
	least, most := -1, -1
	var low, high float64
	for i, d := range items {
		f, ok := seriesNumber(d)
		if !ok || math.IsNaN(f) || math.IsInf(f, 0) {
			if ignore {
				continue
			}
			return types.Dyn{}, nil, false
		}
		if least < 0 || f < low {
			least, low = i, f
		}
		if most < 0 || f > high {
			most, high = i, f
		}
		used = append(used, f)
	}
	if len(used) == 0 {
		return types.Dyn{}, nil, false
	}
	v := variance(used)
	return outputs(low, least, high, most, mean(used), math.Sqrt(v), v), used, true
}
