package builtin

import (
	"math"

	"quarry/kql/types"
)

// pairwise is a row that joins the elements of two series, or of a series and a
// number. Where either has no number the result is null.
func pairwise(name, doc string, f func(x, y operand) types.Dyn, examples ...Example) Row {
	return Row{
		Sig: name + "(series1: dynamic|long|real|decimal, series2: dynamic|long|real|decimal) -> dynamic",
		Doc: doc,
		Sem: NullOnNull,
		Check: func(args []Arg) (int, string) {
			for _, a := range args {
				if a.Type == types.Dynamic || a.Type == types.Unknown {
					return 0, ""
				}
			}
			return 0, "one of the arguments must be a series (a dynamic array)"
		},
		Go: func(_ *Env, a []types.Value) types.Value {
			xs, xOne, ok1 := operands(a[0])
			ys, yOne, ok2 := operands(a[1])
			if !ok1 || !ok2 || xOne && yOne {
				return nil
			}
			n := len(xs)
			if xOne || !yOne && len(ys) > n {
				n = len(ys)
			}
			ints := wholes(xs) && wholes(ys)
			out := make([]types.Dyn, n)
			for i := range out {
				x, y := elementAt(xs, xOne, i), elementAt(ys, yOne, i)
				if x.ok && y.ok {
					x.whole = ints
					out[i] = f(x, y)
				}
			}
			return types.DynList(out).String()
		},
		Examples: examples,
	}
}

// operand is one element: its value, and that value exactly if every element of
// both series is whole.
type operand struct {
	f         float64
	i         int64
	whole, ok bool
}

func operands(v types.Value) (out []operand, one, ok bool) {
	switch n := v.(type) {
	case int64:
		return []operand{{float64(n), n, true, true}}, true, true
	case float64:
		return []operand{{n, 0, false, true}}, true, true
	}
	text, _ := v.(string)
	d, ok := types.ParseDyn(text)
	switch {
	case !ok:
		return nil, false, false
	case d.Kind() == types.DynArray:
	case d.Kind() == types.DynNumber:
		f, _ := d.Float()
		return []operand{{f, 0, false, true}}, true, true
	default:
		return nil, false, false
	}
	out = make([]operand, d.Len())
	for i, e := range d.Items() {
		out[i].f, out[i].ok = seriesNumber(e)
		out[i].i, out[i].whole = e.Int()
	}
	return out, false, true
}

func wholes(v []operand) bool {
	for _, o := range v {
		if o.ok && !o.whole {
			return false
		}
	}
	return true
}

func elementAt(v []operand, one bool, i int) operand {
	if one {
		return v[0]
	}
	if i < len(v) {
		return v[i]
	}
	return operand{}
}

func arithmetic(real func(x, y float64) float64, whole func(x, y int64) int64) func(x, y operand) types.Dyn {
	return func(x, y operand) types.Dyn {
		if x.whole && whole != nil {
			return types.DynInt(whole(x.i, y.i))
		}
		return types.DynReal(real(x.f, y.f))
	}
}

func comparison(f func(x, y float64) bool) func(x, y operand) types.Dyn {
	return func(x, y operand) types.Dyn { return types.DynBoolean(f(x.f, y.f)) }
}

// eachOf is a row that maps the elements of a series; what is no number becomes null.
func eachOf(name, doc string, f func(x operand) types.Dyn, examples ...Example) Row {
	return Row{
		Sig: name + "(series: dynamic) -> dynamic",
		Doc: doc,
		Sem: NullOnNull,
		Go: func(_ *Env, a []types.Value) types.Value {
			xs, one, ok := operands(a[0])
			if !ok || one {
				return nil
			}
			ints := wholes(xs)
			out := make([]types.Dyn, len(xs))
			for i, x := range xs {
				if x.ok {
					x.whole = ints
					out[i] = f(x)
				}
			}
			return types.DynList(out).String()
		},
		Examples: examples,
	}
}

func eachReal(f func(float64) float64) func(operand) types.Dyn {
	return func(x operand) types.Dyn { return types.DynReal(f(x.f)) }
}

func absOf(x operand) types.Dyn {
	if x.whole {
		return types.DynInt(max(x.i, -x.i))
	}
	return types.DynReal(math.Abs(x.f))
}

func signOf(x operand) types.Dyn {
	s := 0
	if x.f > 0 {
		s = 1
	} else if x.f < 0 {
		s = -1
	}
	if x.whole {
		return types.DynInt(int64(s))
	}
	return types.DynReal(float64(s))
}

// totalOf is a row that makes one real of the numbers of a series, null of none.
func totalOf(name, doc string, f func(v []float64) float64, examples ...Example) Row {
	return Row{
		Sig: name + "(series: dynamic) -> real",
		Doc: doc,
		Sem: NullOnNull,
		Go: func(_ *Env, a []types.Value) types.Value {
			v := someFloats(a[0])
			if len(v) == 0 {
				return nil
			}
			return f(v)
		},
		Examples: examples,
	}
}

func sumOf(v []float64) float64 {
	s := 0.0
	for _, f := range v {
		s += f
	}
	return s
}

func productOf(v []float64) float64 {
	p := 1.0
	for _, f := range v {
		p *= f
	}
	return p
}

func magnitudeOf(v []float64) float64 {
	s := 0.0
	for _, f := range v {
		s += f * f
	}
	return math.Sqrt(s)
}

// dotProduct is over the elements both series have and where both are numbers.
func dotProduct(x, y []operand, xOne, yOne bool) (sum float64, n int) {
	length := len(x)
	if xOne || !yOne && len(y) < length {
		length = len(y)
	}
	for i := range length {
		a, b := elementAt(x, xOne, i), elementAt(y, yOne, i)
		if a.ok && b.ok {
			sum += a.f * b.f
			n++
		}
	}
	return sum, n
}

func dotGo(_ *Env, a []types.Value) types.Value {
	x, xOne, ok1 := operands(a[0])
	y, yOne, ok2 := operands(a[1])
	if !ok1 || !ok2 || xOne && yOne {
		return nil
	}
	sum, n := dotProduct(x, y, xOne, yOne)
	if n == 0 {
		return nil
	}
	return sum
}

func cosineGo(_ *Env, a []types.Value) types.Value {
	x, xOne, ok1 := operands(a[0])
	y, yOne, ok2 := operands(a[1])
	if !ok1 || !ok2 || xOne || yOne {
		return nil
	}
	n := min(len(x), len(y))
	sum, used := dotProduct(x, y, false, false)
	if used == 0 {
		return nil
	}
	norm := func(v []operand, given types.Value) float64 {
		if f, ok := number(given); ok {
			return f
		}
		s := 0.0
		for _, o := range v[:n] {
			if o.ok {
				s += o.f * o.f
			}
		}
		return math.Sqrt(s)
	}
	return sum / (norm(x, argAt(a, 2)) * norm(y, argAt(a, 3)))
}

func pearsonGo(_ *Env, a []types.Value) types.Value {
	x, ok1 := floats(a[0])
	y, ok2 := floats(a[1])
	if !ok1 || !ok2 || len(x) != len(y) || len(x) == 0 {
		return nil
	}
	mx, my := mean(x), mean(y)
	var xy, xx, yy float64
	for i := range x {
		dx, dy := x[i]-mx, y[i]-my
		xy, xx, yy = xy+dx*dy, xx+dx*dx, yy+dy*dy
	}
	return xy / math.Sqrt(xx*yy)
}
