package builtin

import (
	"math"
	"math/bits"
	"slices"

	"github.com/cockroachdb/apd/v3"
	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"

	"quarry/kql/sqlx"
	"quarry/kql/types"
)

// mathRows follow IEEE arithmetic: NaN outside a function's domain, except that a
// logarithm of a negative number is null. Source: docs/semantics.md, section 5.
var mathRows = slices.Concat(realFunctions(), []Row{
	{Sig: "abs(number: integer) -> long", Doc: "The number without its sign; null where that does not fit.", Sem: Strict, ResultName: NameFirstArg,
		Duck: "TRY(abs({number}))",
		Go: func(_ *Env, a []types.Value) types.Value {
			if v := a[0].(int64); v >= 0 {
				return v
			}
			return subChecked(0, a[0].(int64))
		},
		Examples: []Example{{`abs(-5)`, `5`}}},
	{Sig: "abs(number: timespan) -> timespan", Doc: "The timespan without its sign.", Sem: Strict, ResultName: NameFirstArg,
		Duck: "TRY(abs({number}))",
		Go: func(_ *Env, a []types.Value) types.Value {
			if v := a[0].(int64); v >= 0 {
				return v
			}
			return subChecked(0, a[0].(int64))
		},
		Examples: []Example{{`abs(-5s)`, `5s`}}},
	{Sig: "abs(number: real) -> real", Doc: "The number without its sign.", Sem: Strict, ResultName: NameFirstArg,
		Duck: "abs({number})", Go: ofReal(math.Abs), Examples: []Example{{`abs(-5.5)`, `5.5`}}},
	{Sig: "abs(number: decimal) -> decimal", Doc: "The number without its sign.", Sem: Strict, ResultName: NameFirstArg,
		Duck: "abs({number})", Go: ofDecimal(func(d, x *apd.Decimal) error { d.Abs(x); return nil }), Examples: []Example{{`abs(decimal(-5.5))`, `decimal(5.5)`}}},
	{Sig: "ceiling(number: real) -> real", Doc: "The least whole number that is not below the number.", Sem: Strict, ResultName: NameFirstArg,
		Duck: "ceil({number})", Go: ofReal(math.Ceil), Examples: []Example{{`ceiling(1.2)`, `2.0`}, {`ceiling(-1.2)`, `-1.0`}}},
	{Sig: "ceiling(number: decimal) -> decimal", Doc: "The least whole number that is not below the number.", Sem: Strict, ResultName: NameFirstArg,
		Duck: "CAST(ceil({number}) AS DECIMAL(38,18))", Go: ofDecimal(func(d, x *apd.Decimal) error { _, err := decimalContext.Ceil(d, x); return err }), Examples: []Example{{`ceiling(decimal(1.2))`, `decimal(2)`}}},
	{Sig: "round(number: integer, precision?: const long) -> @0", Doc: roundDoc, Sem: Strict, ResultName: NameFirstArg,
		Lower: func(l *Lowering) (sqlx.Expr, error) {
			if p, ok := precision(l.Args); ok && p < 0 {
				return bigint(sqlx.Call("round", sqlx.Cast{X: l.Args[0].SQL, Type: "DECIMAL(38,0)"}, sqlx.Raw(itoa(max(p, -20))))), nil
			}
			return l.Args[0].SQL, nil
		},
		Examples: []Example{{`round(7)`, `7`}, {`round(1250, -2)`, `1300`}}},
	{Sig: "round(number: real, precision?: const long) -> real", Doc: roundDoc, Sem: Strict, ResultName: NameFirstArg,
		Lower: func(l *Lowering) (sqlx.Expr, error) {
			if p, ok := precision(l.Args); ok {
				return sqlx.Call("round", l.Args[0].SQL, sqlx.Raw(itoa(p))), nil
			}
			return sqlx.Call("round", l.Args[0].SQL), nil
		},
		Go: func(_ *Env, a []types.Value) types.Value {
			x := a[0].(float64)
			if len(a) == 1 {
				return math.Round(x)
			}
			scale := math.Pow(10, float64(min(max(a[1].(int64), -maxPrecision), maxPrecision)))
			if r := math.Round(x*scale) / scale; !math.IsInf(r, 0) && !math.IsNaN(r) {
				return r
			}
			return x
		},
		Examples: []Example{{`round(2.5)`, `3.0`}, {`round(-2.5)`, `-3.0`}, {`round(3.25, 1)`, `3.3`}}},
	{Sig: "round(number: decimal, precision?: const long) -> decimal", Doc: roundDoc, Sem: Strict, ResultName: NameFirstArg,
		Lower: func(l *Lowering) (sqlx.Expr, error) {
			p, _ := precision(l.Args)
			return sqlx.Cast{X: sqlx.Call("round", l.Args[0].SQL, sqlx.Raw(itoa(min(max(p, -20), 18)))), Type: "DECIMAL(38,18)", Try: true}, nil
		},
		Examples: []Example{{`round(decimal(2.55), 1)`, `decimal(2.6)`}}},
	{Sig: "sign(number: number) -> real", Doc: "-1, 0 or 1 after the sign of the number; 0 for NaN.", Sem: Strict,
		Duck: "CAST(sign({number}) AS DOUBLE)",
		Go: func(_ *Env, a []types.Value) types.Value {
			switch v := a[0].(type) {
			case int64:
				return float64(sign(v < 0, v > 0))
			case float64:
				return float64(sign(v < 0, v > 0))
			}
			c := compareDecimals(a[0].(string), "0")
			return float64(sign(c < 0, c > 0))
		},
		Examples: []Example{{`sign(-42)`, `-1.0`}, {`sign(0)`, `0.0`}, {`sign(11.2)`, `1.0`}}},
	{Sig: "pow(base: real, exponent: real) -> real", Doc: "base to the power of exponent.", Sem: Strict, ResultName: NameFirstArg,
		Duck: "pow({base}, {exponent})", Go: reals(func(x, y float64) types.Value { return math.Pow(x, y) }),
		Examples: []Example{{`pow(2, 10)`, `1024.0`}, {`pow(2, -1)`, `0.5`}}},
	{Sig: "atan2(y: real, x: real) -> real", Doc: "The angle of the point (x, y) in radians.", Sem: Strict, ResultName: NameFirstArg,
		Duck: "atan2({y}, {x})", Go: reals(func(y, x float64) types.Value { return math.Atan2(y, x) }),
		Examples: []Example{{`atan2(0, 1)`, `0.0`}}},

	logical("binary_and", "{value1} & {value2}", func(a, b int64) int64 { return a & b }, `2`),
	logical("binary_or", "{value1} | {value2}", func(a, b int64) int64 { return a | b }, `7`),
	logical("binary_xor", "xor({value1}, {value2})", func(a, b int64) int64 { return a ^ b }, `5`),
	{Sig: "binary_not(value: integer) -> long", Doc: "All bits turned over.", Sem: Strict, ResultName: NameFirstArg,
		Duck: "~{value}", Go: func(_ *Env, a []types.Value) types.Value { return ^a[0].(int64) }, Examples: []Example{{`binary_not(100)`, `-101`}}},
	{Sig: "binary_shift_left(value: integer, shift: integer) -> long", Doc: "The bits moved up by shift modulo 64; null for a negative shift.", Sem: Strict, ResultName: NameFirstArg,
		Lower: func(l *Lowering) (sqlx.Expr, error) {
			n := l.once(1)
			power := sqlx.Infix("<<", sqlx.Raw("CAST(1 AS HUGEINT)"), sqlx.Cast{X: sqlx.Infix("%", n, sqlx.BigInt(64)), Type: "HUGEINT"})
			product := sqlx.Infix("*", sqlx.Cast{X: l.Args[0].SQL, Type: "HUGEINT"}, power)
			return when(sqlx.Infix(">=", n, sqlx.BigInt(0)), wrap64(product)), nil
		},
		Go: longs(func(v, n int64) types.Value {
			if n < 0 {
				return nil
			}
			return v << (n % 64)
		}),
		Examples: []Example{{`binary_shift_left(1, 3)`, `8`}, {`binary_shift_left(1, -1)`, `long(null)`}}},
	{Sig: "binary_shift_right(value: integer, shift: integer) -> long", Doc: "The bits moved down by shift modulo 64, the sign kept; null for a negative shift.", Sem: Strict, ResultName: NameFirstArg,
		Lower: func(l *Lowering) (sqlx.Expr, error) {
			n := l.once(1)
			return when(sqlx.Infix(">=", n, sqlx.BigInt(0)), sqlx.Infix(">>", l.Args[0].SQL, sqlx.Infix("%", n, sqlx.BigInt(64)))), nil
		},
		Go: longs(func(v, n int64) types.Value {
			if n < 0 {
				return nil
			}
			return v >> (n % 64)
		}),
		Examples: []Example{{`binary_shift_right(8, 3)`, `1`}}},
	{Sig: "bitset_count_ones(value: integer) -> long", Doc: "How many bits are set.", Sem: Strict, ResultName: NameFirstArg,
		Duck:     "CAST(bit_count({value}) AS BIGINT)",
		Go:       func(_ *Env, a []types.Value) types.Value { return int64(bits.OnesCount64(uint64(a[0].(int64)))) },
		Examples: []Example{{`bitset_count_ones(42)`, `3`}}},

	{Sig: "beta_cdf(x: real, alpha: real, beta: real) -> real", Doc: "The beta distribution function at x; NaN outside 0 to 1.", Sem: NullOnNull,
		Go: threeReals(func(x, a, b float64) float64 {
			switch {
			case !(x >= 0 && x <= 1) || !(b > 0) || math.IsNaN(a):
				return math.NaN()
			case a <= 0: // all of the mass lies at zero
				return 1
			}
			return mathext.RegIncBeta(a, b, x)
		}),
		Examples: []Example{{`beta_cdf(0.5, 1, 1)`, `0.5`}}},
	{Sig: "beta_inv(probability: real, alpha: real, beta: real) -> real", Doc: "The x at which the beta distribution function reaches a probability.", Sem: NullOnNull,
		Go: threeReals(func(p, a, b float64) float64 {
			if !(p >= 0 && p <= 1) || !(a > 0) || !(b > 0) {
				return math.NaN()
			}
			return mathext.InvRegIncBeta(a, b, p)
		}),
		Examples: []Example{{`beta_inv(0.5, 1, 1)`, `0.5`}}},
	{Sig: "beta_pdf(x: real, alpha: real, beta: real) -> real", Doc: "The density of the beta distribution at x; NaN outside 0 to 1.", Sem: NullOnNull,
		Go: threeReals(func(x, a, b float64) float64 {
			if !(x >= 0 && x <= 1) || !(a > 0) || !(b > 0) {
				return math.NaN()
			}
			return distuv.Beta{Alpha: a, Beta: b}.Prob(x)
		}),
		Examples: []Example{{`beta_pdf(0.5, 1, 1)`, `1.0`}}},
	{Sig: "welch_test(mean1: real, variance1: real, count1: real, mean2: real, variance2: real, count2: real) -> real", Sem: NullOnNull,
		Doc: "The two-sided p-value of Welch's t-test on two samples.",
		Go: func(_ *Env, a []types.Value) types.Value {
			f := func(i int) float64 { return a[i].(float64) }
			s1, s2 := f(1)/f(2), f(4)/f(5)
			t := (f(0) - f(3)) / math.Sqrt(s1+s2)
			freedom := (s1 + s2) * (s1 + s2) / (s1*s1/(f(2)-1) + s2*s2/(f(5)-1))
			if math.IsNaN(t) || !(freedom > 0) {
				return math.NaN()
			}
			return 2 * distuv.StudentsT{Mu: 0, Sigma: 1, Nu: freedom}.CDF(-math.Abs(t))
		},
		Examples: []Example{{`round(welch_test(20.82, 7.8674285714, 15, 22.98666666667, 3.8126666667, 15), 6)`, `0.021378`}}},
})

const (
	roundDoc     = "The number rounded to so many decimal places, halves away from zero."
	maxPrecision = 400
)

// precision is the constant second argument of round().
func precision(args []Arg) (int, bool) {
	if len(args) < 2 {
		return 0, false
	}
	p, ok := args[1].Value.(int64)
	return int(min(max(p, -maxPrecision), maxPrecision)), ok
}

func ofReal(f func(float64) float64) func(*Env, []types.Value) types.Value {
	return func(_ *Env, a []types.Value) types.Value { return f(a[0].(float64)) }
}

func ofDecimal(f func(d, x *apd.Decimal) error) func(*Env, []types.Value) types.Value {
	return func(_ *Env, a []types.Value) types.Value {
		return decimalResult(func(d, x, _ *apd.Decimal) error { return f(d, x) }, a[0].(string), "0")
	}
}

func threeReals(f func(x, y, z float64) float64) func(*Env, []types.Value) types.Value {
	return func(_ *Env, a []types.Value) types.Value {
		return f(a[0].(float64), a[1].(float64), a[2].(float64))
	}
}

func logical(name, duck string, f func(a, b int64) int64, want string) Row {
	doc := map[string]string{"binary_and": "The bits that both numbers have.", "binary_or": "The bits that either number has.", "binary_xor": "The bits that one of two numbers has."}[name]
	return Row{Sig: name + "(value1: integer, value2: integer) -> long", Doc: doc, Sem: Strict, ResultName: NameFirstArg,
		Duck: duck, Go: longs(func(a, b int64) types.Value { return f(a, b) }), Examples: []Example{{name + "(6, 3)", want}}}
}

// realFunctions are functions of one real. Where the engine raises outside a domain,
// the SQL form asks first.
func realFunctions() []Row {
	const finite = "isfinite({number})"
	within := "{number} BETWEEN -1 AND 1"
	positive := func(fn string) string {
		return "CASE WHEN {number} > 0 THEN " + fn + "({number}) WHEN {number} = 0 THEN CAST('-inf' AS DOUBLE) END"
	}
	guarded := func(cond, form string) string {
		return "CASE WHEN " + cond + " THEN " + form + " WHEN {number} IS NOT NULL THEN CAST('nan' AS DOUBLE) END"
	}
	log := func(f func(float64) float64) func(*Env, []types.Value) types.Value {
		return func(_ *Env, a []types.Value) types.Value {
			if x := a[0].(float64); x < 0 {
				return nil
			}
			return f(a[0].(float64))
		}
	}
	var out []Row
	for _, f := range []struct {
		name, doc, duck string
		run             func(*Env, []types.Value) types.Value
		call, want      string
	}{
		{"sqrt", "The square root; NaN of a negative number.", guarded("{number} >= 0", "sqrt({number})"), ofReal(math.Sqrt), `sqrt(9)`, `3.0`},
		{"exp", "e to the power of the number.", "exp({number})", ofReal(math.Exp), `exp(0)`, `1.0`},
		{"exp2", "2 to the power of the number.", "pow(CAST(2 AS DOUBLE), {number})", ofReal(func(x float64) float64 { return math.Pow(2, x) }), `exp2(3)`, `8.0`},
		{"exp10", "10 to the power of the number.", "pow(CAST(10 AS DOUBLE), {number})", ofReal(func(x float64) float64 { return math.Pow(10, x) }), `exp10(2)`, `100.0`},
		{"log", "The natural logarithm; null of a negative number.", positive("ln"), log(math.Log), `log(1)`, `0.0`},
		{"log2", "The logarithm to base 2; null of a negative number.", positive("log2"), log(math.Log2), `log2(8)`, `3.0`},
		{"log10", "The logarithm to base 10; null of a negative number.", positive("log10"), log(log10), `log10(1000)`, `3.0`},
		{"sin", "The sine of an angle in radians.", guarded(finite, "sin({number})"), ofReal(math.Sin), `sin(0)`, `0.0`},
		{"cos", "The cosine of an angle in radians.", guarded(finite, "cos({number})"), ofReal(math.Cos), `cos(0)`, `1.0`},
		{"tan", "The tangent of an angle in radians.", guarded(finite, "tan({number})"), ofReal(math.Tan), `tan(0)`, `0.0`},
		{"asin", "The angle in radians whose sine the number is.", guarded(within, "asin({number})"), ofReal(math.Asin), `asin(0)`, `0.0`},
		{"acos", "The angle in radians whose cosine the number is.", guarded(within, "acos({number})"), ofReal(math.Acos), `acos(1)`, `0.0`},
		{"atan", "The angle in radians whose tangent the number is.", "atan({number})", ofReal(math.Atan), `atan(0)`, `0.0`},
		{"degrees", "Radians as degrees.", "{number} * CAST('57.29577951308232' AS DOUBLE)", ofReal(func(x float64) float64 { return x * (180 / math.Pi) }), `degrees(pi())`, `180.0`},
		{"radians", "Degrees as radians.", "{number} * CAST('0.017453292519943295' AS DOUBLE)", ofReal(func(x float64) float64 { return x * (math.Pi / 180) }), `radians(180)`, `3.141592653589793`},
		{"gamma", "The gamma function.", "", ofReal(math.Gamma), `gamma(5)`, `24.0`},
		{"loggamma", "The logarithm of the absolute value of the gamma function.", "", ofReal(func(x float64) float64 { v, _ := math.Lgamma(x); return v }), `loggamma(1)`, `0.0`},
		{"erf", "The error function.", "", ofReal(math.Erf), `erf(0)`, `0.0`},
		{"erfc", "One less the error function.", "", ofReal(math.Erfc), `erfc(0)`, `1.0`},
		{"cot", "The cotangent of an angle in radians.", guarded(finite, "1 / tan({number})"), ofReal(func(x float64) float64 { return 1 / math.Tan(x) }), `round(cot(1), 10)`, `0.6420926159`},
	} {
		r := Row{Sig: f.name + "(number: real) -> real", Doc: f.doc, Sem: Strict, ResultName: NameFirstArg, Duck: f.duck, Go: f.run, Examples: []Example{{f.call, f.want}}}
		if f.name == "cot" || f.name == "degrees" || f.name == "radians" {
			r.ResultName = NameNone
		}
		out = append(out, r)
	}
	return out
}

// log10 is exact for powers of ten, as DuckDB's is; math.Log10(0.1) is not.
func log10(x float64) float64 {
	y := math.Log10(x)
	if whole := math.Round(y); math.Abs(whole) < 300 && math.Pow10(int(whole)) == x {
		return whole
	}
	return y
}
