package report

import (
	"fmt"
	"sort"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"

	"quarry/detect"
	"quarry/kql/types"
)

// timeline is the drawing of when each rule hit: a lane for each rule, a mark for
// each slice of time with hits in it.
type timeline struct {
	Width, Height int
	Lanes         []lane
	Ticks         []tick
	More          int // rules without a lane
	Label         string
	Day           string // the date at the left end of the axis
}

type lane struct {
	Y, Index int
	Name     string
	Short    string // the part of Name that fits
	Class    string
	Marks    []mark
}

type mark struct {
	X, Y, W float64
	Opacity string
	Title   string
}

type tick struct {
	X      float64
	Text   string
	Anchor string // of the text, so that the last one stays in the picture
}

const (
	chartWidth  = 1000
	labelWidth  = 270
	labelRunes  = 40
	laneHeight  = 22
	topMargin   = 26
	maxLanes    = 60
	slices      = 240
	sidePadding = 12
)

// newTimeline draws the hits that have a time; nil when none has.
func newTimeline(list []*detect.RuleResult) *timeline {
	type hits struct {
		rule  int
		ticks []int64
	}
	var all []hits
	lo, hi := int64(-1), int64(-1)
	for i, x := range list {
		h := hits{rule: i}
		columns := detect.TimeColumns(x.Schema())
		for _, row := range x.Rows {
			if t, ok := rowTicks(columns, row); ok {
				h.ticks = append(h.ticks, t)
				if lo < 0 || t < lo {
					lo = t
				}
				hi = max(hi, t)
			}
		}
		if len(h.ticks) > 0 {
			all = append(all, h)
		}
	}
	if len(all) == 0 {
		return nil
	}
	sort.SliceStable(all, func(i, j int) bool { return minOf(all[i].ticks) < minOf(all[j].ticks) })
	t := &timeline{Width: chartWidth, Label: fmt.Sprintf("Hits by rule from %s to %s UTC", shortTime(types.FormatDatetime(lo)), shortTime(types.FormatDatetime(hi)))}
	if len(all) > maxLanes {
		t.More = len(all) - maxLanes
		all = all[:maxLanes]
	}
	span := max(hi-lo, 1)
	plot := float64(chartWidth - labelWidth - 2*sidePadding)
	for n, h := range all {
		x := list[h.rule]
		y := topMargin + n*laneHeight
		l := lane{Y: y, Index: h.rule, Name: x.Name, Short: text.Snip(detect.Line(x.Name), labelRunes, "…"), Class: severityClass(x.Severity)}
		count := map[int]int{}
		at := map[int]int64{}
		most := 1
		for _, tk := range h.ticks {
			s := int(float64(tk-lo) / float64(span) * (slices - 1))
			if count[s]++; count[s] == 1 || tk < at[s] {
				at[s] = tk
			}
			most = max(most, count[s])
		}
		keys := make([]int, 0, len(count))
		for s := range count {
			keys = append(keys, s)
		}
		sort.Ints(keys)
		for _, s := range keys {
			l.Marks = append(l.Marks, mark{
				X: round1(labelWidth + sidePadding + float64(s)/(slices-1)*plot - 3), Y: float64(y + 4), W: 6,
				Opacity: fmt.Sprintf("%.2f", 0.55+0.45*float64(count[s])/float64(most)),
				Title:   fmt.Sprintf("%s UTC · %s", shortTime(types.FormatDatetime(at[s])), plural(int64(count[s]), "hit")),
			})
		}
		t.Lanes = append(t.Lanes, l)
	}
	t.Height = topMargin + len(all)*laneHeight + 6
	t.Day = types.ToTime(lo).Format("2006-01-02") + " UTC"
	t.Ticks = timeTicks(lo, hi, func(v int64) float64 {
		return round1(labelWidth + sidePadding + float64(v-lo)/float64(span)*plot)
	})
	for i := range t.Ticks {
		t.Ticks[i].Anchor = "middle"
		if t.Ticks[i].X > chartWidth-30 {
			t.Ticks[i].Anchor = "end"
		}
	}
	return t
}

func minOf(list []int64) int64 {
	m := list[0]
	for _, v := range list {
		m = min(m, v)
	}
	return m
}

func round1(f float64) float64 { return float64(int(f*10+0.5)) / 10 }

// monthTicks marks the first days of months or years.
func monthTicks(lo, hi int64, x func(int64) float64) []tick {
	from, to := types.ToTime(lo), types.ToTime(hi)
	months := (to.Year()-from.Year())*12 + int(to.Month()-from.Month())
	step := 1
	for _, s := range []int{1, 2, 3, 6, 12, 24, 60, 120, 600, 1200, 12000, 120000} {
		if step = s; months/s <= 7 {
			break
		}
	}
	form := "2006-01"
	if step >= 12 {
		form = "2006"
	}
	var out []tick
	first := (from.Year()*12 + int(from.Month()) - 1) / step * step
	for m := first; len(out) < 9; m += step {
		at := time.Date(m/12, time.Month(m%12+1), 1, 0, 0, 0, 0, time.UTC)
		if at.After(to) {
			break
		}
		if !at.Before(from) {
			out = append(out, tick{X: x(types.FromTime(at)), Text: at.Format(form)})
		}
	}
	return out
}

// timeTicks are at most eight marks of the axis on round times.
func timeTicks(lo, hi int64, x func(int64) float64) []tick {
	steps := []time.Duration{time.Millisecond, 5 * time.Millisecond, 20 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second,
		time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 6 * time.Hour, 12 * time.Hour,
		24 * time.Hour, 2 * 24 * time.Hour, 7 * 24 * time.Hour}
	if hi-lo > int64(40*24*time.Hour/100) {
		return monthTicks(lo, hi, x)
	}
	step := int64(0)
	for _, s := range steps {
		if step = int64(s / 100); (hi-lo)/step <= 6 {
			break
		}
	}
	form := "2006-01-02"
	switch {
	case step < int64(time.Second/100):
		form = "15:04:05.000"
	case step < int64(time.Minute/100):
		form = "15:04:05"
	case step < int64(24*time.Hour/100):
		form = "15:04"
	}
	var out []tick
	day := types.ToTime(lo).Format("01-02")
	for v := (lo + step - 1) / step * step; v <= hi && len(out) < 9; v += step {
		at := types.ToTime(v)
		label := at.Format(form)
		if d := at.Format("01-02"); form == "15:04" && hi-lo > int64(20*time.Hour/100) && d != day {
			day, label = d, d+" "+label
		}
		out = append(out, tick{X: x(v), Text: label})
	}
	if len(out) == 0 {
		out = append(out, tick{X: x(lo), Text: types.ToTime(lo).Format("15:04:05.000")})
	}
	return out
}
