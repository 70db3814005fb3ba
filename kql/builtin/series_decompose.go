package builtin

import (
	"math"
	"slices"

	"quarry/kql/types"
)

const minPeriod = 4

// cycle is a candidate for a period: a lag at which the autocorrelation has a peak.
type cycle struct {
	lag   int
	score float64
}

// periodFinder holds the autocorrelation of a series up to half its length.
type periodFinder struct {
	r []float64 // by lag; see autocorrelation
	n int
	e *Env
}

func newPeriodFinder(e *Env, v []float64) periodFinder {
	m := mean(v)
	centred := make([]float64, len(v))
	for i, f := range v {
		centred[i] = f - m
	}
	return periodFinder{autocorrelation(centred, len(v)/2), len(v), e}
}

// score is how strongly the series repeats after lag points, from 0 to 1: the lower of
// the autocorrelations at the lag and at twice the lag. It is 0 where that is within
// what chance gives (two standard errors), and where the autocorrelation does not peak:
// a peak is the highest point within a quarter of its lag, and not the last lag of the
// range, since what follows is not known.
func (p periodFinder) score(lag int) float64 {
	if lag < minPeriod || lag+1 >= len(p.r) {
		return 0
	}
	score := min(1, p.r[lag])
	if 2*lag < len(p.r) {
		score = min(score, p.r[2*lag])
	}
	// What is found out at once comes first: the other lags are many.
	if score < 2/math.Sqrt(float64(p.n)) || p.r[lag-1] > p.r[lag] || p.r[lag+1] > p.r[lag] {
		return 0
	}
	p.e.Check()
	for _, near := range p.r[lag-lag/4 : min(lag+lag/4+1, len(p.r))] {
		if near > p.r[lag] {
			return 0
		}
	}
	return score
}

// detect lists the periods from low to high, the strongest first. A multiple of a
// shorter period is one of its own only when it repeats clearly better.
func (p periodFinder) detect(low, high float64, most int) []cycle {
	var found []cycle
	const clearly = 1.05
	for lag := max(minPeriod, int(math.Ceil(low))); lag+1 < len(p.r) && float64(lag) <= high; lag++ {
		score := p.score(lag)
		if score <= 0 {
			continue
		}
		p.e.Check()
		own := true
		for _, f := range found {
			times := math.Round(float64(lag) / float64(f.lag))
			if off := math.Abs(float64(lag) - times*float64(f.lag)); off <= 1 && p.r[lag] < clearly*p.r[f.lag] {
				own = false
			}
		}
		if own {
			found = append(found, cycle{lag, score})
		}
	}
	slices.SortStableFunc(found, func(a, b cycle) int {
		switch {
		case a.score > b.score:
			return -1
		case a.score < b.score:
			return 1
		}
		return 0
	})
	return found[:min(len(found), max(0, most))]
}

const maxPeriods = 1 << 20

// periodsDetect: series, least and greatest period, how many. Missing ones are 0.
func periodsDetect(e *Env, a []types.Value) types.Value {
	v, ok := floats(a[0])
	low, ok1 := number(a[1])
	high, ok2 := number(a[2])
	n, ok3 := number(a[3])
	if !ok || !ok1 || !ok2 || !ok3 || n < 0 || n > maxPeriods {
		return nil
	}
	periods, scores := make([]float64, int(n)), make([]float64, int(n))
	if len(v) >= 2*minPeriod {
		for i, p := range newPeriodFinder(e, v).detect(low, high, int(n)) {
			periods[i], scores[i] = float64(p.lag), p.score
		}
	}
	return outputs(periods, scores).String()
}

// periodsValidate: series, periods.
func periodsValidate(e *Env, a []types.Value) types.Value {
	v, ok := floats(a[0])
	if !ok {
		return nil
	}
	periods, scores := make([]float64, len(a)-1), make([]float64, len(a)-1)
	var finder periodFinder
	if len(v) >= 2*minPeriod {
		finder = newPeriodFinder(e, v)
	}
	for i := range periods {
		periods[i], _ = number(a[i+1])
		if p := math.Round(periods[i]); p >= minPeriod && p <= float64(len(v)/2) {
			scores[i] = finder.score(int(p))
		}
	}
	return outputs(periods, scores).String()
}

// autoPeriod is the strongest period of a series whose score reaches threshold, or 0.
func autoPeriod(e *Env, v []float64, threshold float64) int {
	if len(v) < 2*minPeriod {
		return 0
	}
	found := newPeriodFinder(e, v).detect(minPeriod, float64(len(v)), 1)
	if len(found) == 0 || found[0].score < threshold {
		return 0
	}
	return found[0].lag
}

// seasonalOf is for each point the median of the points at its place in the period,
// taken of the first learn points; n zeros without a period.
func seasonalOf(v []float64, period, learn int) []float64 {
	out := make([]float64, len(v))
	if period <= 0 {
		return out
	}
	for phase := range min(period, len(v)) {
		var same []float64
		for i := phase; i < learn; i += period {
			same = append(same, v[i])
		}
		if len(same) == 0 {
			continue
		}
		m := quantile(same, 0.5)
		for i := phase; i < len(v); i += period {
			out[i] = m
		}
	}
	return out
}

// quantile interpolates between the two nearest values. It sorts v.
func quantile(v []float64, q float64) float64 {
	slices.Sort(v)
	at := q * float64(len(v)-1)
	i := int(at)
	if i+1 >= len(v) {
		return v[len(v)-1]
	}
	return v[i] + (at-float64(i))*(v[i+1]-v[i])
}

// seasonalGo: series, period (-1: find it), test points.
func seasonalGo(e *Env, a []types.Value) types.Value {
	v, ok := floats(a[0])
	if !ok {
		return nil
	}
	period := intArg(a, 1, -1)
	learn := len(v) - max(0, min(len(v), intArg(a, 2, 0)))
	if period < 0 {
		period = autoPeriod(e, v[:learn], 0.7)
	}
	return realsDyn(seasonalOf(v, period, learn)).String()
}

// decomposition of a series into what repeats, what drifts, and the rest.
type decomposition struct{ baseline, seasonal, trend, residual []float64 }

// decompose learns from all but the last test points. period: -1 finds it, 0 has none;
// trend: "avg", "linefit" or "none". ok is false for another trend.
func decompose(e *Env, v []float64, period int, trend string, test int, threshold float64) (d decomposition, ok bool) {
	n := len(v)
	learn := n - max(0, min(n, test))
	if period < 0 {
		period = autoPeriod(e, v[:learn], threshold)
	}
	d.seasonal = seasonalOf(v, period, learn)
	d.trend = make([]float64, n)
	rest := make([]float64, learn)
	for i := range rest {
		rest[i] = v[i] - d.seasonal[i]
	}
	switch {
	case trend == "none" || learn == 0 && (trend == "avg" || trend == "linefit"):
	case trend == "avg":
		m := mean(rest)
		for i := range d.trend {
			d.trend[i] = m
		}
	case trend == "linefit":
		d.trend = fitLine(rest).series(n)
	default:
		return d, false
	}
	d.baseline, d.residual = make([]float64, n), make([]float64, n)
	for i := range v {
		d.baseline[i] = d.seasonal[i] + d.trend[i]
		// What rounding leaves is not a residual: it would be scored against itself.
		if r := v[i] - d.baseline[i]; math.Abs(r) > 1e-12*math.Abs(v[i]) {
			d.residual[i] = r
		}
	}
	return d, true
}

const seasonalityThreshold = 0.6

// decomposeGo: series, period, trend, test points, threshold.
func decomposeGo(e *Env, a []types.Value) types.Value {
	v, ok := floats(a[0])
	if !ok {
		return nil
	}
	d, ok := decompose(e, v, intArg(a, 1, -1), textOr(a, 2, "avg"), intArg(a, 3, 0), realArg(a, 4, seasonalityThreshold))
	if !ok {
		return nil
	}
	return outputs(d.baseline, d.seasonal, d.trend, d.residual).String()
}

// forecastGo: series, test points, period, trend, threshold.
func forecastGo(e *Env, a []types.Value) types.Value {
	v, ok := floats(a[0])
	if !ok {
		return nil
	}
	d, ok := decompose(e, v, intArg(a, 2, -1), textOr(a, 3, "avg"), intArg(a, 1, 0), realArg(a, 4, seasonalityThreshold))
	if !ok {
		return nil
	}
	return outputs(d.baseline, d.seasonal, d.trend, d.residual).String()
}

// anomaliesGo: series, threshold, period, trend, test points, method, seasonality threshold.
func anomaliesGo(e *Env, a []types.Value) types.Value {
	v, ok := floats(a[0])
	if !ok {
		return nil
	}
	test := intArg(a, 4, 0)
	d, ok := decompose(e, v, intArg(a, 2, -1), textOr(a, 3, "avg"), test, realArg(a, 6, seasonalityThreshold))
	low, high, ok2 := fences(textOr(a, 5, "ctukey"))
	if !ok || !ok2 {
		return nil
	}
	known := make([]bool, len(v))
	for i := range known {
		known[i] = true
	}
	scores := tukey(d.residual, known, low, high, test)
	threshold := realArg(a, 1, 1.5)
	flags := make([]types.Dyn, len(scores))
	for i, s := range scores {
		switch {
		case s > threshold:
			flags[i] = types.DynInt(1)
		case s < -threshold:
			flags[i] = types.DynInt(-1)
		default:
			flags[i] = types.DynInt(0)
		}
	}
	return outputs(types.DynList(flags), scores, d.baseline).String()
}

// fences are the quantiles that a method of outlier detection takes as normal.
func fences(kind string) (low, high float64, ok bool) {
	switch kind {
	case "ctukey":
		return 0.10, 0.90, true
	case "tukey":
		return 0.25, 0.75, true
	}
	return 0, 0, false
}

// tukey is how far each value lies outside of the quantiles low and high of the
// values but the last test ones, in units of the range between them.
func tukey(v []float64, known []bool, low, high float64, test int) []float64 {
	var learn []float64
	for i := range len(v) - max(0, min(len(v), test)) {
		if known[i] {
			learn = append(learn, v[i])
		}
	}
	out := make([]float64, len(v))
	if len(learn) == 0 {
		return out
	}
	bottom, top := quantile(learn, low), quantile(learn, high)
	for i, f := range v {
		switch {
		case !known[i]:
		case f > top:
			out[i] = (f - top) / (top - bottom)
		case f < bottom:
			out[i] = (f - bottom) / (top - bottom)
		}
	}
	return out
}

// outliersGo: series, kind, ignored value, least and greatest percentile, test points.
func outliersGo(_ *Env, a []types.Value) types.Value {
	items, ok := seriesItems(a[0])
	low, high, ok2 := fences(textOr(a, 1, "ctukey"))
	if !ok || !ok2 {
		return nil
	}
	if textOr(a, 1, "ctukey") == "ctukey" {
		low, high = realArg(a, 3, 10)/100, realArg(a, 4, 90)/100
		if low < 0.02 || high > 0.98 || low > high {
			return nil
		}
	}
	ignored, hasIgnored := number(argAt(a, 2))
	v, known := make([]float64, len(items)), make([]bool, len(items))
	for i, d := range items {
		if v[i], known[i] = seriesNumber(d); !known[i] && !d.IsNull() {
			return nil
		}
		known[i] = known[i] && !(hasIgnored && v[i] == ignored)
	}
	return realsDyn(tukey(v, known, low, high, intArg(a, 5, 0))).String()
}
