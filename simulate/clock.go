package simulate

import (
	"sort"

	"quarry/kql/types"
)

// hourly says how busy each hour of a working day is.
var hourly = [24]float64{2, 2, 2, 3, 2, 2, 3, 6, 14, 20, 20, 18, 13, 18, 20, 19, 17, 12, 7, 5, 4, 3, 3, 2}

// weekend is how busy a Saturday or Sunday is beside a working day.
const weekend = 0.3

// clock spreads rows over time as people work.
type clock struct {
	start int64     // of the first hour, in ticks
	step  int64     // ticks of a slot
	sums  []float64 // of the weights up to the end of each slot
}

// newClock covers length ticks from start, an hour a slot, or less if that is short.
func newClock(start, length int64) clock {
	const most = 100_000
	c := clock{start: start, step: types.Hour}
	for length/c.step > most {
		c.step *= 2
	}
	slots := (length + c.step - 1) / c.step
	sum := 0.0
	for i := range slots {
		at := start + i*c.step
		w := hourly[at/types.Hour%24]
		// 0001-01-01, where ticks begin, was a Monday.
		if day := at / types.Day % 7; day >= 5 {
			w *= weekend
		}
		part := min(c.step, length-i*c.step)
		sum += w * float64(part) / float64(c.step)
		c.sums = append(c.sums, sum)
	}
	return c
}

// at is the time before which the part p of all rows lies; 0 <= p < 1.
func (c *clock) at(p float64) int64 {
	want := p * c.sums[len(c.sums)-1]
	i := sort.Search(len(c.sums), func(i int) bool { return c.sums[i] > want })
	i = min(i, len(c.sums)-1)
	before, width := 0.0, c.sums[i]
	if i > 0 {
		before = c.sums[i-1]
		width -= before
	}
	in := (want - before) / width
	return c.start + int64((float64(i)+in)*float64(c.step))
}
