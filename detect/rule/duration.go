package rule

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"quarry/kql/types"
)

var iso8601 = regexp.MustCompile(`^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$`)

// ParseDuration reads a schedule's duration in each notation in use: "5m", "1h",
// "14d" (Sentinel's repository), "PT5M", "P14D" (ARM and REST), "00:05:00",
// "14.00:00:00" and a bare "14" for days (.NET's TimeSpan). It is never negative.
func ParseDuration(s string) (time.Duration, error) {
	text := strings.TrimSpace(s)
	bad := fmt.Errorf("%q is not a duration such as 5m, 1h, 14d or PT1H", s)
	if m := iso8601.FindStringSubmatch(strings.ToUpper(text)); m != nil && !strings.HasSuffix(strings.ToUpper(text), "T") && len(text) > 1 {
		var total time.Duration
		for i, unit := range []time.Duration{7 * 24 * time.Hour, 24 * time.Hour, time.Hour, time.Minute, time.Second} {
			if m[i+1] == "" {
				continue
			}
			d, ok := scale(m[i+1], unit)
			if !ok || total+d < total {
				return 0, bad
			}
			total += d
		}
		return total, nil
	}
	if strings.Contains(text, ":") {
		ticks, ok := types.ParseTimespan(text)
		if !ok || ticks < 0 || ticks > maxTicks {
			return 0, bad
		}
		return time.Duration(ticks) * 100, nil
	}
	if text == "" {
		return 0, bad
	}
	unit, number := 24*time.Hour, text
	switch text[len(text)-1] {
	case 'm', 'M':
		unit = time.Minute
	case 'h', 'H':
		unit = time.Hour
	case 's', 'S':
		unit = time.Second
	case 'w', 'W':
		unit = 7 * 24 * time.Hour
	case 'd', 'D':
	default:
		number += "d"
	}
	d, ok := scale(number[:len(number)-1], unit)
	if !ok {
		return 0, bad
	}
	return d, nil
}

const maxTicks = int64(1<<63-1) / 100

func scale(number string, unit time.Duration) (time.Duration, bool) {
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 || n > int64(1<<63-1)/int64(unit) {
		return 0, false
	}
	return time.Duration(n) * unit, true
}

// FormatDuration prints the one notation that Sentinel's repository accepts:
// the largest of d, h and m that divides it; "30s" where nothing else fits.
func FormatDuration(d time.Duration) string {
	for _, u := range []struct {
		unit time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "m"}} {
		if d%u.unit == 0 && d != 0 {
			return strconv.FormatInt(int64(d/u.unit), 10) + u.name
		}
	}
	return strconv.FormatInt(int64(d/time.Second), 10) + "s"
}

// ISODuration prints a duration as ARM and the REST API want it: PT5M, P14D, P1DT1H.
func ISODuration(d time.Duration) string {
	if d < time.Second {
		return "PT0S"
	}
	day := 24 * time.Hour
	out := "P"
	if d >= day {
		out += strconv.FormatInt(int64(d/day), 10) + "D"
	}
	if d %= day; d < time.Second {
		return out
	}
	out += "T"
	for _, u := range []struct {
		unit time.Duration
		name string
	}{{time.Hour, "H"}, {time.Minute, "M"}, {time.Second, "S"}} {
		if d >= u.unit {
			out += strconv.FormatInt(int64(d/u.unit), 10) + u.name
			d %= u.unit
		}
	}
	return out
}
