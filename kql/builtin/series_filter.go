package builtin

import (
	"math"
	"math/bits"
	"math/cmplx"

	"gonum.org/v1/gonum/dsp/fourier"

	"quarry/kql/types"
)

// isMissing recognises the elements that the fill functions replace: null, or the
// placeholder when one is given.
func isMissing(placeholder types.Value) func(types.Dyn) bool {
	want, given := number(placeholder)
	return func(d types.Dyn) bool {
		if !given {
			return d.IsNull()
		}
		f, ok := seriesNumber(d)
		return ok && f == want
	}
}

// fillConst: series, constant, placeholder.
func fillConst(_ *Env, a []types.Value) types.Value {
	items, ok := seriesItems(a[0])
	if !ok {
		return nil
	}
	with := types.DynInt(0)
	if len(a) > 1 {
		with = numberDyn(a[1])
	}
	missing := isMissing(argAt(a, 2))
	out := append([]types.Dyn(nil), items...)
	for i, d := range out {
		if missing(d) {
			out[i] = with
		}
	}
	return types.DynList(out).String()
}

// fillNeighbour carries the last value there was over missing ones, going by step
// (1 forward, -1 backward): series, placeholder.
func fillNeighbour(step int) func(*Env, []types.Value) types.Value {
	return func(_ *Env, a []types.Value) types.Value {
		items, ok := seriesItems(a[0])
		if !ok {
			return nil
		}
		missing := isMissing(argAt(a, 1))
		out := append([]types.Dyn(nil), items...)
		i := 0
		if step < 0 {
			i = len(out) - 1
		}
		for last := -1; i >= 0 && i < len(out); i += step {
			switch {
			case !missing(out[i]):
				last = i
			case last >= 0:
				out[i] = out[last]
			}
		}
		return types.DynList(out).String()
	}
}

// fillLinear: series, placeholder, fill edges, constant for a series of nothing else.
// A series of whole numbers stays one: interpolated values are cut to whole ones.
func fillLinear(_ *Env, a []types.Value) types.Value {
	items, ok := seriesItems(a[0])
	if !ok {
		return nil
	}
	missing := isMissing(argAt(a, 1))
	first, whole := -1, true
	for i, d := range items {
		if missing(d) {
			continue
		}
		if first < 0 {
			first = i
		}
		if _, isInt := d.Int(); !isInt {
			whole = false
		}
	}
	out := append([]types.Dyn(nil), items...)
	if first < 0 {
		with := types.DynReal(0)
		if len(a) > 3 {
			with = numberDyn(a[3])
		}
		for i := range out {
			out[i] = with
		}
		return types.DynList(out).String()
	}
	last := first
	for i := first + 1; i < len(items); i++ {
		if missing(items[i]) {
			continue
		}
		from, ok1 := seriesNumber(items[last])
		to, ok2 := seriesNumber(items[i])
		for j := last + 1; ok1 && ok2 && j < i; j++ {
			v := from + (to-from)*float64(j-last)/float64(i-last)
			if out[j] = types.DynReal(v); whole {
				out[j] = types.DynInt(int64(v))
			}
		}
		last = i
	}
	if edges, given := argAt(a, 2).(bool); edges || !given {
		for i := range first {
			out[i] = out[first]
		}
		for i := last + 1; i < len(out); i++ {
			out[i] = out[last]
		}
	}
	return types.DynList(out).String()
}

// firGo: series, filter, normalize, center. y[i] = sum of filter[k] * x[i-k], where x
// is 0 outside the series.
func firGo(e *Env, a []types.Value) types.Value {
	x, ok1 := floats(a[0])
	filter, ok2 := floats(a[1])
	if !ok1 || !ok2 || len(filter) == 0 {
		return nil
	}
	sum, negative := 0.0, false
	for _, f := range filter {
		sum += f
		negative = negative || f < 0
	}
	normalize, given := argAt(a, 2).(bool)
	if !given {
		normalize = !negative
	}
	if normalize && negative {
		return nil
	}
	shift := 0
	if center, _ := argAt(a, 3).(bool); center {
		shift = len(filter) / 2
	}
	out := make([]float64, len(x))
	for i := range x {
		e.Check()
		for k, f := range filter {
			if j := i + shift - k; j >= 0 && j < len(x) {
				out[i] += f * x[j]
			}
		}
		if normalize {
			out[i] /= sum
		}
	}
	if !normalize && allWhole(a[0]) && allWhole(a[1]) {
		ints := make([]types.Dyn, len(out))
		for i, f := range out {
			ints[i] = types.DynInt(int64(f))
		}
		return types.DynList(ints).String()
	}
	return realsDyn(out).String()
}

func allWhole(v types.Value) bool {
	items, _ := seriesItems(v)
	for _, d := range items {
		if _, ok := d.Int(); !ok {
			return false
		}
	}
	return true
}

// iirGo: series, numerators b, denominators a.
// a[0] y[i] = sum of b[j] x[i-j] - sum of a[j] y[i-j], j > 0.
func iirGo(e *Env, args []types.Value) types.Value {
	x, ok1 := floats(args[0])
	b, ok2 := floats(args[1])
	a, ok3 := floats(args[2])
	if !ok1 || !ok2 || !ok3 || len(a) == 0 || len(b) == 0 {
		return nil
	}
	y := make([]float64, len(x))
	for i := range x {
		e.Check()
		sum := 0.0
		for j := 0; j < len(b) && j <= i; j++ {
			sum += b[j] * x[i-j]
		}
		for j := 1; j < len(a) && j <= i; j++ {
			sum -= a[j] * y[i-j]
		}
		y[i] = sum / a[0]
	}
	return realsDyn(y).String()
}

// transform is series_fft and, with inverse, series_ifft: real and imaginary parts.
func transform(inverse bool) func(*Env, []types.Value) types.Value {
	return func(_ *Env, a []types.Value) types.Value {
		re, ok := floats(a[0])
		im := make([]float64, len(re))
		if ok && argAt(a, 1) != nil {
			im, ok = floats(a[1])
		}
		n := len(re)
		if !ok || len(im) != n {
			return nil
		}
		seq := make([]complex128, n)
		for i := range seq {
			seq[i] = complex(re[i], im[i])
			if inverse {
				seq[i] = cmplx.Conj(seq[i]) // the inverse is the conjugate of the transform of the conjugate
			}
		}
		seq = dft(seq)
		for i, c := range seq {
			if inverse {
				c = cmplx.Conj(c) / complex(float64(n), 0)
			}
			re[i], im[i] = real(c), imag(c)
		}
		return types.DynList([]types.Dyn{realsDyn(re), realsDyn(im)}).String()
	}
}

// dft is the discrete Fourier transform, in n log n for every length: lengths with
// large prime factors go through a convolution of a length that has none (Bluestein).
func dft(seq []complex128) []complex128 {
	n := len(seq)
	if n == 0 {
		return nil
	}
	if n < 256 || largestFactor(n) < 64 {
		return fourier.NewCmplxFFT(n).Coefficients(nil, seq)
	}
	size := 1 << bits.Len(uint(2*n))
	chirp := make([]complex128, n)
	x, y := make([]complex128, size), make([]complex128, size)
	for i := range chirp {
		sin, cos := math.Sincos(math.Pi * float64(i*i%(2*n)) / float64(n))
		chirp[i] = complex(cos, -sin)
		x[i] = seq[i] * chirp[i]
		y[i] = complex(cos, sin)
		if i > 0 {
			y[size-i] = y[i]
		}
	}
	fft := fourier.NewCmplxFFT(size)
	fft.Coefficients(x, x)
	fft.Coefficients(y, y)
	for i := range x {
		x[i] *= y[i]
	}
	fft.Sequence(x, x)
	for i := range chirp {
		chirp[i] *= x[i] / complex(float64(size), 0)
	}
	return chirp
}

func largestFactor(n int) int {
	for f := 2; f*f <= n; f++ {
		for n%f == 0 && n > f {
			n /= f
		}
	}
	return n
}

// autocorrelation is the unbiased estimate of the correlation of v with itself for
// each lag up to most. v has mean 0.
func autocorrelation(v []float64, most int) []float64 {
	n := len(v)
	size := 1 << bits.Len(uint(2*n))
	seq := make([]complex128, size)
	for i, f := range v {
		seq[i] = complex(f, 0)
	}
	fft := fourier.NewCmplxFFT(size)
	fft.Coefficients(seq, seq)
	for i, c := range seq {
		seq[i] = complex(real(c)*real(c)+imag(c)*imag(c), 0)
	}
	fft.Sequence(seq, seq)
	out := make([]float64, most+1)
	if real(seq[0]) <= 0 {
		return out
	}
	for lag := range out {
		out[lag] = real(seq[lag]) / real(seq[0]) * float64(n) / float64(n-lag)
	}
	return out
}
