package types

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Tick counts. A tick is 100 ns.
const (
	Microsecond int64 = 10
	Millisecond       = 1000 * Microsecond
	Second            = 1000 * Millisecond
	Minute            = 60 * Second
	Hour              = 60 * Minute
	Day               = 24 * Hour

	// UnixEpoch is 1970-01-01 in ticks since 0001-01-01.
	UnixEpoch int64 = 621355968000000000
	// MaxDatetime is 9999-12-31T23:59:59.9999999Z.
	MaxDatetime int64 = 3155378975999999999
)

// FromTime converts a time to ticks, dropping what is below 100 ns.
func FromTime(t time.Time) int64 {
	return UnixEpoch + t.Unix()*Second + int64(t.Nanosecond())/100
}

// ToTime converts ticks to UTC time.
func ToTime(ticks int64) time.Time {
	sec, rem := floorDiv(ticks-UnixEpoch, Second)
	return time.Unix(sec, rem*100).UTC()
}

func floorDiv(a, b int64) (quo, rem int64) {
	quo, rem = a/b, a%b
	if rem < 0 {
		quo, rem = quo-1, rem+b
	}
	return quo, rem
}

// FormatDatetime is the text that tostring(datetime) gives: seven digits and Z.
func FormatDatetime(ticks int64) string {
	return string(AppendDatetime(make([]byte, 0, 28), ticks))
}

// AppendDatetime is FormatDatetime to the end of b.
func AppendDatetime(b []byte, ticks int64) []byte {
	y, mo, d := ToTime(ticks).Date()
	_, rest := floorDiv(ticks, Day)
	b = pad(b, int64(y), 4)
	h, m, s, f := uint(rest/Hour), uint(rest/Minute%60), uint(rest/Second%60), uint(rest%Second)
	return append(b, '-', digit(uint(mo)/10), digit(uint(mo)), '-', digit(uint(d)/10), digit(uint(d)),
		'T', digit(h/10), digit(h), ':', digit(m/10), digit(m), ':', digit(s/10), digit(s),
		'.', digit(f/1e6), digit(f/1e5), digit(f/1e4), digit(f/1e3), digit(f/100), digit(f/10), digit(f), 'Z')
}

// digit is the last digit of a number.
func digit(n uint) byte { return byte('0' + n%10) }

// pad writes a number that is not negative in at least so many digits.
func pad(b []byte, v int64, width int) []byte {
	var digits [20]byte
	i := len(digits)
	for ; v > 0 || width > 0; v /= 10 {
		i--
		digits[i] = byte('0' + v%10)
		width--
	}
	return append(b, digits[i:]...)
}

// FormatTimespan is the text that tostring(timespan) gives: [-][d.]hh:mm:ss[.fffffff].
func FormatTimespan(ticks int64) string {
	var b strings.Builder
	u := uint64(ticks)
	if ticks < 0 {
		b.WriteByte('-')
		u = -u
	}
	if d := u / uint64(Day); d > 0 {
		fmt.Fprintf(&b, "%d.", d)
	}
	u %= uint64(Day)
	fmt.Fprintf(&b, "%02d:%02d:%02d", u/uint64(Hour), u/uint64(Minute)%60, u/uint64(Second)%60)
	if f := u % uint64(Second); f > 0 {
		fmt.Fprintf(&b, ".%07d", f)
	}
	return b.String()
}

// ParseDatetime reads the texts that todatetime() accepts and returns ticks.
// ISO 8601 with 'T' or a space, a fraction of any length (cut at 100 ns) and an
// optional zone; MM/dd/yyyy and MM-dd-yyyy with an optional time (and AM/PM);
// RFC 1123-like forms. Text without a zone is UTC. ok is false for anything else
// and for times outside 0001..9999.
func ParseDatetime(s string) (ticks int64, ok bool) {
	s = strings.TrimSpace(s)
	if t, ok := parseISO(s); ok {
		return inRange(t)
	}
	for _, layout := range lenientLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return inRange(FromTime(t))
		}
	}
	return 0, false
}

var lenientLayouts = []string{
	"1/2/2006", "1/2/2006 15:04", "1/2/2006 15:04:05.999999999", "1/2/2006 3:04:05 PM", "1/2/2006 3:04 PM", "1/2/2006 3:04:05.999999999 PM",
	"1-2-2006", "1-2-2006 15:04", "1-2-2006 15:04:05.999999999", "1-2-2006 3:04:05 PM",
	"2006/1/2", "2006/1/2 15:04", "2006/1/2 15:04:05.999999999",
	"Mon, 02 Jan 2006 15:04:05 MST", "Mon, 2 Jan 2006 15:04:05 MST", "Mon, 2 Jan 2006 15:04:05 -0700", "2 Jan 2006 15:04:05", "2 Jan 2006",
	"2 January 2006", "2 January 2006 15:04:05", "Jan 2, 2006", "Jan 2, 2006 15:04:05", "January 2, 2006", "January 2, 2006 15:04:05",
	"Jan 2 2006", "Jan 2 2006 15:04:05", "Jan 2, 2006 3:04:05 PM", "Mon Jan 2 15:04:05 2006",
}

func inRange(t int64) (int64, bool) { return t, t >= 0 && t <= MaxDatetime }

// parseISO reads yyyy[-MM[-dd[(T| )HH:mm[:ss[.f*]]]]][zone] without allocating.
func parseISO(s string) (int64, bool) {
	num := func(n int) (int, bool) {
		if len(s) < n {
			return 0, false
		}
		v := 0
		for i := 0; i < n; i++ {
			c := s[i]
			if c < '0' || c > '9' {
				return 0, false
			}
			v = v*10 + int(c-'0')
		}
		s = s[n:]
		return v, true
	}
	lit := func(c byte) bool {
		if s != "" && s[0] == c {
			s = s[1:]
			return true
		}
		return false
	}
	// oneOrTwo reads a part that may be written without its leading zero.
	oneOrTwo := func() (int, bool) {
		if len(s) >= 2 && s[1] >= '0' && s[1] <= '9' {
			return num(2)
		}
		return num(1)
	}
	y, ok := num(4)
	if !ok || y < 1 {
		return 0, false
	}
	mo, d, h, mi, sec := 1, 1, 0, 0, 0
	var frac int64
	if lit('-') {
		if mo, ok = oneOrTwo(); !ok {
			return 0, false
		}
		if lit('-') {
			if d, ok = oneOrTwo(); !ok {
				return 0, false
			}
		}
	} else if s != "" {
		return 0, false
	}
	if s != "" && (s[0] == 'T' || s[0] == 't' || s[0] == ' ') {
		s = strings.TrimLeft(s[1:], " ")
		if h, ok = oneOrTwo(); !ok {
			return 0, false
		}
		if lit(':') {
			if mi, ok = oneOrTwo(); !ok {
				return 0, false
			}
			if lit(':') {
				if sec, ok = oneOrTwo(); !ok {
					return 0, false
				}
				if lit('.') || lit(',') {
					n := 0
					for s != "" && s[0] >= '0' && s[0] <= '9' {
						if n < 7 {
							frac = frac*10 + int64(s[0]-'0')
							n++
						}
						s = s[1:]
					}
					if n == 0 {
						return 0, false
					}
					for ; n < 7; n++ {
						frac *= 10
					}
				}
			}
		}
	}
	s = strings.TrimLeft(s, " ")
	var offset int64
	switch {
	case s == "" || s == "Z" || s == "z" || s == "UTC" || s == "GMT":
	case s[0] == '+' || s[0] == '-':
		sign := int64(1)
		if s[0] == '-' {
			sign = -1
		}
		s = s[1:]
		oh, ok := oneOrTwo()
		if !ok || oh > 14 {
			return 0, false
		}
		om := 0
		if s != "" {
			lit(':')
			if om, ok = num(2); !ok || om > 59 || s != "" {
				return 0, false
			}
		}
		offset = sign * (int64(oh)*Hour + int64(om)*Minute)
	default:
		return 0, false
	}
	if mo < 1 || mo > 12 || d < 1 || d > daysIn(y, mo) || h > 24 || mi > 59 || sec > 59 || h == 24 && (mi > 0 || sec > 0 || frac > 0) {
		return 0, false
	}
	t := time.Date(y, time.Month(mo), d, h, mi, sec, 0, time.UTC)
	return UnixEpoch + t.Unix()*Second + frac - offset, true
}

func daysIn(y, m int) int { return time.Date(y, time.Month(m)+1, 0, 0, 0, 0, 0, time.UTC).Day() }

// ParseTimespan reads the texts that totimespan() accepts and returns ticks:
// [-][d.]hh:mm[:ss[.fffffff]], and a number with a unit ("5m", "1.5h", "-1d").
func ParseTimespan(s string) (ticks int64, ok bool) {
	s = strings.TrimSpace(s)
	neg := strings.HasPrefix(s, "-")
	s = strings.TrimPrefix(s, "-")
	if s == "" {
		return 0, false
	}
	if strings.Contains(s, ":") {
		ticks, ok = parseClock(s)
	} else {
		ticks, ok = parseUnit(s)
	}
	if neg {
		ticks = -ticks
	}
	return ticks, ok
}

func parseClock(s string) (int64, bool) {
	parts := strings.Split(s, ":")
	if len(parts) < 2 || len(parts) > 4 {
		return 0, false
	}
	var day, frac int64
	if len(parts) == 4 { // d:hh:mm:ss
		d, ok := digits(parts[0])
		if !ok {
			return 0, false
		}
		day, parts = d, parts[1:]
	} else if i := strings.IndexByte(parts[0], '.'); i >= 0 {
		d, ok := digits(parts[0][:i])
		if !ok {
			return 0, false
		}
		day, parts[0] = d, parts[0][i+1:]
	}
	if n := len(parts) - 1; n == 2 {
		if i := strings.IndexByte(parts[n], '.'); i >= 0 {
			f := parts[n][i+1:]
			if f == "" || len(f) > 7 {
				return 0, false
			}
			v, ok := digits(f)
			if !ok {
				return 0, false
			}
			for k := len(f); k < 7; k++ {
				v *= 10
			}
			frac, parts[n] = v, parts[n][:i]
		}
	}
	limits := []int64{23, 59, 59}
	units := []int64{Hour, Minute, Second}
	total := frac
	for i, p := range parts {
		v, ok := digits(p)
		if !ok || len(p) > 2 || v > limits[i] {
			return 0, false
		}
		total += v * units[i]
	}
	if day > math.MaxInt64/Day || day*Day > math.MaxInt64-total {
		return 0, false
	}
	return total + day*Day, true
}

func digits(s string) (int64, bool) {
	if s == "" || len(s) > 18 {
		return 0, false
	}
	var v int64
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		v = v*10 + int64(s[i]-'0')
	}
	return v, true
}

// TimespanUnits maps the unit spellings of KQL literals to ticks.
var TimespanUnits = map[string]int64{
	"d": Day, "day": Day, "days": Day,
	"h": Hour, "hr": Hour, "hrs": Hour, "hour": Hour, "hours": Hour,
	"m": Minute, "min": Minute, "minute": Minute, "minutes": Minute,
	"s": Second, "sec": Second, "second": Second, "seconds": Second,
	"ms": Millisecond, "milli": Millisecond, "millis": Millisecond, "millisec": Millisecond, "millisecond": Millisecond, "milliseconds": Millisecond,
	"micro": Microsecond, "micros": Microsecond, "microsec": Microsecond, "microsecond": Microsecond, "microseconds": Microsecond,
	"nano": 0, "nanos": 0, "nanosec": 0, "nanosecond": 0, "nanoseconds": 0,
	"tick": 1, "ticks": 1,
}

func parseUnit(s string) (int64, bool) {
	i := strings.IndexFunc(s, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
	if i <= 0 {
		if d, ok := digits(s); ok && d < math.MaxInt64/Day { // a bare integer is days
			return d * Day, true
		}
		return 0, false
	}
	unit, ok := TimespanUnits[strings.ToLower(strings.TrimSpace(s[i:]))]
	if !ok {
		return 0, false
	}
	return ScaleTimespan(s[:i], unit)
}

// ScaleTimespan multiplies a non-negative decimal number text by a unit in ticks.
func ScaleTimespan(number string, unit int64) (int64, bool) {
	if v, ok := digits(number); ok {
		if v != 0 && unit != 0 && v > math.MaxInt64/unit {
			return 0, false
		}
		return v * unit, true
	}
	f, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return 0, false
	}
	r := math.Round(f * float64(unit))
	if r > math.MaxInt64 {
		return 0, false
	}
	return int64(r), true
}
