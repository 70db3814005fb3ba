package builtin

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"quarry/kql/types"
)

// sameDyn compares dynamic values, reals within a relative 1e-9.
func sameDyn(a, b types.Dyn) bool {
	if a.Kind() != b.Kind() {
		return false
	}
	switch a.Kind() {
	case types.DynNumber:
		x, _ := a.Float()
		y, _ := b.Float()
		_, xi := a.Int()
		_, yi := b.Int()
		return xi == yi && math.Abs(x-y) <= 1e-9*max(1, math.Abs(x))
	case types.DynArray, types.DynBag:
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Items() {
			if !sameDyn(a.Items()[i], b.Items()[i]) || a.Kind() == types.DynBag && a.Keys()[i] != b.Keys()[i] {
				return false
			}
		}
		return true
	}
	return a.Equal(b)
}

// near tells whether a result is what a test wants: JSON text, a float64, or nil.
func near(got types.Value, want any) bool {
	switch w := want.(type) {
	case float64:
		f, ok := got.(float64)
		return ok && math.Abs(f-w) <= 1e-9*max(1, math.Abs(w))
	case string:
		text, ok := got.(string)
		g, ok1 := types.ParseDyn(text)
		d, ok2 := types.ParseDyn(w)
		return ok && ok1 && ok2 && sameDyn(g, d)
	}
	return got == want
}

// traffic is the half-daily series of the documentation of series_periods_detect.
const traffic = `[80,139,87,110,68,54,50,51,53,133,86,141,97,156,94,149,95,140,77,61,50,54,47,133,72,152,94,148,105,162,101,160,87,63,53,55,54,151,103,189,108,183,113,175,113,178,90,71,62,62,65,165,109,181,115,182,121,178,114,170]`

func TestSeries(t *testing.T) {
	tests := []struct {
		name string
		args []any
		want any
	}{
		{"series_add", []any{jsonArg(`[1,2,"x"]`), jsonArg(`[4,2,1,7]`)}, `[5,4,null,null]`},
		{"series_add", []any{jsonArg(`[1,2]`), 0.5}, `[1.5,2.5]`},
		{"series_add", []any{10, jsonArg(`[1,2.5]`)}, `[11.0,12.5]`},
		{"series_add", []any{jsonArg(`{}`), 1}, nil},
		{"series_divide", []any{jsonArg(`[1]`), jsonArg(`[0]`)}, `["Infinity"]`},
		{"series_sign", []any{jsonArg(`[-1.5,null]`)}, `[-1.0,null]`},
		{"series_acos", []any{jsonArg(`[-1,0,1]`)}, `[3.141592653589793,1.5707963267948966,0.0]`},
		{"series_ceiling", []any{jsonArg(`[-1.5,1,2.5]`)}, `[-1.0,1.0,3.0]`},
		{"series_sum", []any{jsonArg(`[1,null,"a",2.5]`)}, 3.5},
		{"series_sum", []any{jsonArg(`[]`)}, nil},
		{"series_dot_product", []any{jsonArg(`[1,2,4]`), 2}, 14.0},
		{"series_cosine_similarity", []any{jsonArg(`[0.1,0.2,0.1,0.2]`), jsonArg(`[1,2,3,4]`)}, 0.923760430703401},
		{"series_pearson_correlation", []any{jsonArg(`[0,0,5]`), jsonArg(`[0,0,5]`)}, 1.0},
		{"series_fill_const", []any{jsonArg(`[111,null,36]`), 0.0}, `[111,0.0,36]`},
		{"series_fill_const", []any{jsonArg(`[0,5]`), 7, 0}, `[7,5]`},
		{"series_fill_linear", []any{jsonArg(`[null,111.0,null,36.0,41.0,null,null,16.0,null]`)}, `[111.0,111.0,73.5,36.0,41.0,32.666666666666664,24.333333333333332,16.0,16.0]`},
		{"series_fill_linear", []any{jsonArg(`[null,1,null,3,null]`), nil, false}, `[null,1,2,3,null]`},
		{"series_fill_linear", []any{jsonArg(`[null,null]`)}, `[0.0,0.0]`},
		{"series_fill_linear", []any{jsonArg(`[]`)}, `[]`},
		{"series_fir", []any{jsonArg(`[0,0,10,20,40,100]`), jsonArg(`[1,1,1,1,1]`)}, `[0.0,0.0,2.0,6.0,14.0,34.0]`},
		{"series_fir", []any{jsonArg(`[5,15,10,20]`), jsonArg(`[1,-1]`), false, false}, `[5,10,-5,10]`},
		{"series_fir", []any{jsonArg(`[1,2]`), jsonArg(`[1,-1]`), true}, nil},
		{"series_iir", []any{jsonArg(`[10,30,0]`), jsonArg(`[1]`), jsonArg(`[1,-1]`)}, `[10.0,40.0,40.0]`},
		{"series_stats", []any{jsonArg(`[23,46,23,87,4,8,3,75,2,56,13,75,32,16,29]`)}, `[2.0,8,87.0,3,32.8,28.50363385354827,812.4571428571429]`},
		{"series_stats", []any{jsonArg(`[1,null]`)}, nil},
		{"series_stats", []any{jsonArg(`[null,1,5]`), true}, `[1.0,1,5.0,2,3.0,2.8284271247461903,8.0]`},
		{"series_fit_line", []any{jsonArg(`[1.0,2.0,4.0,8.0]`)}, `[0.92,2.3,9.583333333333334,0.7666666666666666,-2.0,[0.3,2.6,4.9,7.2]]`},
		{"series_fit_line", []any{jsonArg(`[7,7]`)}, `[1.0,0.0,0.0,0.0,7.0,[7.0,7.0]]`},
		{"series_fit_poly", []any{jsonArg(`[2,5,10,17]`), nil, 2}, `[1.0,[1.0,0.0,1.0],43.0,0.0,[2.0,5.0,10.0,17.0]]`},
		{"series_fit_poly", []any{jsonArg(`[1,2]`), jsonArg(`[1,1]`)}, nil},
		{"series_outliers", []any{jsonArg(`[1,2,null,3,4,5,15]`), "tukey"}, `[-0.5,-0.1,0.0,0.0,0.0,0.1,4.1]`},
		{"series_outliers", []any{jsonArg(`[1,2]`), "x"}, nil},
		{"series_seasonal", []any{jsonArg(`[2,5,3,4,3,2,1,2,3,4,3,2,1,2,3,4,3,2,1,2,3,4,3,2,1]`)}, `[1.0,2.0,3.0,4.0,3.0,2.0,1.0,2.0,3.0,4.0,3.0,2.0,1.0,2.0,3.0,4.0,3.0,2.0,1.0,2.0,3.0,4.0,3.0,2.0,1.0]`},
		{"series_seasonal", []any{jsonArg(`[8,12,14,12,10,10,12,14,12,10,10,12,14,12,10,10,12,14,12,10]`)}, `[10.0,12.0,14.0,12.0,10.0,10.0,12.0,14.0,12.0,10.0,10.0,12.0,14.0,12.0,10.0,10.0,12.0,14.0,12.0,10.0]`},
		{"series_seasonal", []any{jsonArg(`[1,3,5,2,4,6,1,3,5,2,4,6]`)}, `[0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0]`},
		{"series_seasonal", []any{jsonArg(`[1,3,5,2,4,6,1,3,5,2,4,6]`), 3}, `[1.5,3.5,5.5,1.5,3.5,5.5,1.5,3.5,5.5,1.5,3.5,5.5]`},
		{"series_periods_validate", []any{jsonArg(traffic), 10.0, 3.0, 200.0}, `[[10.0,3.0,200.0],[0.0,0.0,0.0]]`},
		{"series_decompose_anomalies", []any{jsonArg(`[1,1,1,1,1,9]`), 0.5, 0, "none"}, `[[0,0,0,0,0,1],[0.0,0.0,0.0,0.0,0.0,1.0],[0.0,0.0,0.0,0.0,0.0,0.0]]`},
		{"series_decompose", []any{jsonArg(`[1,2]`), 0, "wild"}, nil},
		{"series_decompose", []any{jsonArg(`[]`)}, `[[],[],[],[]]`},
		{"series_fft", []any{jsonArg(`[1,2,3]`)}, `[[6.0,-1.5,-1.5],[0.0,0.8660254037844386,-0.8660254037844386]]`},
		{"series_fft", []any{jsonArg(`[]`)}, `[[],[]]`},
	}
	for _, tt := range tests {
		if got := callGo(t, NewEnv(nil), tt.name, tt.args...); !near(got, tt.want) {
			t.Errorf("%s%v = %v, want %v", tt.name, tt.args, got, tt.want)
		}
	}
}

func TestPeriodsDetect(t *testing.T) {
	got, _ := types.ParseDyn(callGo(t, NewEnv(nil), "series_periods_detect", jsonArg(traffic), 0.0, 50.0, 2).(string))
	if periods := got.Index(0).String(); periods != "[14.0,0.0]" {
		t.Errorf("periods %s, want [14.0,0.0]", periods)
	}
	if score, _ := got.Index(1).Index(0).Float(); math.Abs(score-0.84) > 0.005 {
		t.Errorf("score %v, want 0.84", score)
	}
}

func TestWeekAndDay(t *testing.T) {
	v := make([]float64, 28*12) // 2 h bins, four weeks, lower weekends
	for i := range v {
		day := i / 12 % 7
		v[i] = 10 + 5*math.Sin(2*math.Pi*float64(i)/12)
		if day >= 5 {
			v[i] -= 6 + 3*math.Sin(2*math.Pi*float64(i)/12)
		}
	}
	found := newPeriodFinder(NewEnv(nil), v).detect(0, 168, 2)
	if len(found) != 2 || found[0].lag != 84 || found[1].lag != 12 {
		t.Errorf("found %v, want a week (84) and a day (12)", found)
	}
}

func TestTwoLines(t *testing.T) {
	got, _ := types.ParseDyn(callGo(t, NewEnv(nil), "series_fit_2lines_dynamic", jsonArg(`[1,2,3,4,20,18,16]`)).(string))
	want := `{"rsquare":1.0,"split_idx":4,"right":{"rsquare":1.0,"slope":-2.0,"interception":22.0,"variance":4.0,"rvariance":0.0},"left":{"rsquare":1.0,"slope":1.0,"interception":0.0,"variance":1.6666666666666667,"rvariance":0.0}}`
	w, _ := types.ParseDyn(want)
	for i, key := range w.Keys() {
		if !sameDyn(got.Key(key), w.Items()[i]) {
			t.Errorf("%s = %s, want %s", key, got.Key(key), w.Items()[i])
		}
	}
}

// TestLeastSquares: equations that are solved some at a time have the solution of all.
func TestLeastSquares(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{fitRows + 1, 2*fitRows + 777} {
		const unknowns = 6
		x, y := mat.NewDense(n, unknowns, nil), mat.NewVecDense(n, nil)
		for i := range n {
			for k := range unknowns {
				x.Set(i, k, math.Pow(float64(i)/float64(n), float64(k)))
			}
			y.SetVec(i, 3*x.At(i, 5)-x.At(i, 1)+r.Float64())
		}
		var qr mat.QR
		var want mat.VecDense
		qr.Factorize(x)
		if err := qr.SolveVecTo(&want, false, y); err != nil {
			t.Fatal(err)
		}
		if got, ok := leastSquares(NewEnv(nil), x, y); !ok || !mat.EqualApprox(&got, &want, 1e-9) {
			t.Errorf("%d rows: %v, want %v", n, got, want)
		}
	}
}

func TestBluestein(t *testing.T) {
	n := 1009 // prime
	seq := make([]complex128, n)
	for i := range seq {
		seq[i] = complex(math.Sin(float64(i*i)), float64(i%7))
	}
	got := dft(seq)
	for _, k := range []int{0, 1, 504, 1008} {
		var want complex128
		for i, c := range seq {
			sin, cos := math.Sincos(-2 * math.Pi * float64(i*k%n) / float64(n))
			want += c * complex(cos, sin)
		}
		if d := got[k] - want; math.Hypot(real(d), imag(d)) > 1e-8 {
			t.Errorf("coefficient %d is %v, want %v", k, got[k], want)
		}
	}
}
