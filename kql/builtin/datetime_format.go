package builtin

import (
	"fmt"
	"strings"

	"quarry/kql/sqlx"
	"quarry/kql/types"
)

// formatRows print times. A format is read from the left, each time the longest
// specifier that exists ("ddd" is dd then d); letters that are no specifier are refused.
var formatRows = []Row{
	{Sig: "format_datetime(date: datetime, format: const string) -> string", ResultName: NameFirstArg, Sem: NullOnNull | EmptyOnNull,
		Doc:   "The time as text: yy yyyy M MM d dd h hh H HH m mm s ss, tt for AM and PM, f to fffffff for the fraction, F to FFFFFFF for it without zeros at its end.",
		Check: checkFormat(datetimeSpecs), Lower: lowerFormatDatetime,
		Go: func(_ *Env, a []types.Value) types.Value {
			pieces, err := splitFormat(a[1].(string), datetimeSpecs)
			if err != nil {
				return nil
			}
			return formatDatetime(a[0].(int64), pieces)
		},
		Examples: []Example{
			{`format_datetime(datetime(2017-01-29 09:00:05), "yy-MM-dd [HH:mm:ss]")`, `"17-01-29 [09:00:05]"`},
			{`format_datetime(datetime(2017-01-29 13:00:05.12), "M/d/yyyy h:mm tt fffffff")`, `"1/29/2017 1:00 PM 1200000"`}}},
	{Sig: "format_timespan(timespan: timespan, format: const string) -> string", ResultName: NameFirstArg, Sem: NullOnNull | EmptyOnNull,
		Doc:   "The timespan as text: d to dddddddd for days, h hh H HH, m mm, s ss, f to fffffff for the fraction, F to FFFFFFF for it without zeros at its end.",
		Check: checkFormat(timespanSpecs),
		Lower: lowerFormatTimespan,
		Go: func(_ *Env, a []types.Value) types.Value {
			pieces, err := splitFormat(a[1].(string), timespanSpecs)
			if err != nil {
				return nil
			}
			return formatTimespan(a[0].(int64), pieces)
		},
		Examples: []Example{
			{`format_timespan(time(29.09:00:05.12345), "dd.hh:mm:ss:FF")`, `"29.09:00:05:12"`},
			{`format_timespan(-2h - 30m, "hh:mm")`, `"-02:30"`}}},
}

// The lengths that each specifier letter may have, the longest first.
var (
	fraction      = []int{7, 6, 5, 4, 3, 2, 1}
	datetimeSpecs = map[byte][]int{'y': {4, 2, 1}, 'M': {2, 1}, 'd': {2, 1}, 'h': {2, 1}, 'H': {2, 1}, 'm': {2, 1}, 's': {2, 1}, 't': {2}, 'f': fraction, 'F': fraction}
	timespanSpecs = map[byte][]int{'d': {8, 7, 6, 5, 4, 3, 2, 1}, 'h': {2, 1}, 'H': {2, 1}, 'm': {2, 1}, 's': {2, 1}, 'f': fraction, 'F': fraction}
)

// spec is a specifier, or literal text when width is 0.
type spec struct {
	letter byte
	width  int
	text   string
}

func splitFormat(f string, specs map[byte][]int) ([]spec, error) {
	var out []spec
	for i := 0; i < len(f); {
		c := f[i]
		widths, ok := specs[c]
		if !ok {
			if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
				return nil, fmt.Errorf("%q is not a format specifier", string(c))
			}
			if n := len(out); n > 0 && out[n-1].width == 0 {
				out[n-1].text += string(c)
			} else {
				out = append(out, spec{text: string(c)})
			}
			i++
			continue
		}
		run := 1
		for i+run < len(f) && f[i+run] == c {
			run++
		}
		width := 0
		for _, w := range widths {
			if w <= run {
				width = w
				break
			}
		}
		if width == 0 {
			return nil, fmt.Errorf("%q is not a format specifier; use %q", f[i:i+run], strings.Repeat(string(c), widths[0]))
		}
		out = append(out, spec{letter: c, width: width})
		i += width
	}
	return out, nil
}

func checkFormat(specs map[byte][]int) func(args []Arg) (int, string) {
	return func(args []Arg) (int, string) {
		f, _ := args[1].Value.(string)
		if f == "" {
			return 1, "the format must not be empty"
		}
		if _, err := splitFormat(f, specs); err != nil {
			return 1, err.Error()
		}
		return 0, ""
	}
}

func formatDatetime(t int64, pieces []spec) string {
	at := types.ToTime(t)
	y, mo, d := at.Date()
	h, mi, s := at.Clock()
	var b strings.Builder
	for _, p := range pieces {
		switch p.letter {
		case 0:
			b.WriteString(p.text)
		case 'y':
			if p.width < 4 {
				y %= 100
			}
			fmt.Fprintf(&b, "%0*d", p.width, y)
			y = at.Year()
		case 'M':
			fmt.Fprintf(&b, "%0*d", p.width, int(mo))
		case 'd':
			fmt.Fprintf(&b, "%0*d", p.width, d)
		case 'h':
			fmt.Fprintf(&b, "%0*d", p.width, (h+11)%12+1)
		case 'H':
			fmt.Fprintf(&b, "%0*d", p.width, h)
		case 'm':
			fmt.Fprintf(&b, "%0*d", p.width, mi)
		case 's':
			fmt.Fprintf(&b, "%0*d", p.width, s)
		case 't':
			b.WriteString([]string{"AM", "PM"}[h/12])
		case 'f', 'F':
			b.WriteString(fractionText(t%types.Second, p))
		}
	}
	return b.String()
}

func fractionText(ticks int64, p spec) string {
	s := fmt.Sprintf("%07d", ticks)[:p.width]
	if p.letter == 'F' {
		s = strings.TrimRight(s, "0")
	}
	return s
}

func formatTimespan(t int64, pieces []spec) string {
	var b strings.Builder
	u := uint64(t)
	if t < 0 {
		b.WriteByte('-')
		u = -u
	}
	for _, p := range pieces {
		switch p.letter {
		case 0:
			b.WriteString(p.text)
		case 'f', 'F':
			b.WriteString(fractionText(int64(u%uint64(types.Second)), p))
		default:
			unit, mod := timespanUnit(p.letter)
			n := u / uint64(unit)
			if mod > 0 {
				n %= uint64(mod)
			}
			fmt.Fprintf(&b, "%0*d", p.width, n)
		}
	}
	return b.String()
}

func timespanUnit(letter byte) (unit, mod int64) {
	switch letter {
	case 'd':
		return types.Day, 0
	case 'h', 'H':
		return types.Hour, 24
	case 'm':
		return types.Minute, 60
	}
	return types.Second, 60
}

// strftimeSpecs are the engine's names of what it can print as Kusto does.
var strftimeSpecs = map[spec]string{
	{letter: 'y', width: 4}: "%Y", {letter: 'y', width: 2}: "%y", {letter: 'y', width: 1}: "%-y",
	{letter: 'M', width: 2}: "%m", {letter: 'M', width: 1}: "%-m", {letter: 'd', width: 2}: "%d", {letter: 'd', width: 1}: "%-d",
	{letter: 'H', width: 2}: "%H", {letter: 'H', width: 1}: "%-H", {letter: 'h', width: 2}: "%I", {letter: 'h', width: 1}: "%-I",
	{letter: 'm', width: 2}: "%M", {letter: 'm', width: 1}: "%-M", {letter: 's', width: 2}: "%S", {letter: 's', width: 1}: "%-S",
	{letter: 't', width: 2}: "%p", {letter: 'f', width: 6}: "%f", {letter: 'f', width: 3}: "%g",
}

// lowerFormatDatetime prints with strftime in one call, and the digits of fractions
// it does not know between calls.
func lowerFormatDatetime(l *Lowering) (sqlx.Expr, error) {
	pieces, err := splitFormat(l.Args[1].Value.(string), datetimeSpecs)
	if err != nil {
		return nil, err
	}
	t := l.once(0)
	var parts []sqlx.Expr
	pattern := ""
	flush := func() {
		if pattern != "" {
			parts = append(parts, sqlx.Call("strftime", timestampOf(t), sqlx.String(pattern)))
			pattern = ""
		}
	}
	for _, p := range pieces {
		if p.width == 0 {
			pattern += strings.ReplaceAll(p.text, "%", "%%")
		} else if s, ok := strftimeSpecs[p]; ok {
			pattern += s
		} else {
			flush()
			parts = append(parts, fractionSQL(sqlx.Infix("%", t, sqlx.BigInt(types.Second)), p))
		}
	}
	flush()
	if len(parts) == 1 {
		return parts[0], nil
	}
	return sqlx.Func{Name: "concat", Args: parts}, nil
}

func fractionSQL(ticks sqlx.Expr, p spec) sqlx.Expr {
	digits := padded(ticks, 7)
	if p.width < 7 {
		digits = sqlx.Call("left", digits, sqlx.Raw(itoa(p.width)))
	}
	if p.letter == 'F' {
		digits = sqlx.Call("rtrim", digits, sqlx.String("0"))
	}
	return digits
}

func lowerFormatTimespan(l *Lowering) (sqlx.Expr, error) {
	pieces, err := splitFormat(l.Args[1].Value.(string), timespanSpecs)
	if err != nil {
		return nil, err
	}
	t := l.once(0)
	abs := l.Hoist(sqlx.Call("abs", sqlx.Cast{X: t, Type: "HUGEINT"}))
	parts := []sqlx.Expr{when(sqlx.Infix("<", t, sqlx.BigInt(0)), sqlx.String("-"), sqlx.String(""))}
	for _, p := range pieces {
		switch p.letter {
		case 0:
			parts = append(parts, sqlx.String(p.text))
		case 'f', 'F':
			parts = append(parts, fractionSQL(sqlx.Infix("%", abs, sqlx.BigInt(types.Second)), p))
		default:
			unit, mod := timespanUnit(p.letter)
			n := sqlx.Infix("//", abs, sqlx.BigInt(unit))
			if mod > 0 {
				n = sqlx.Infix("%", n, sqlx.BigInt(mod))
			}
			parts = append(parts, atLeast(n, p.width))
		}
	}
	return sqlx.Func{Name: "concat", Args: parts}, nil
}

// atLeast prints a number with zeros before it up to a width; longer ones stay whole.
func atLeast(n sqlx.Expr, width int) sqlx.Expr {
	if width == 1 {
		return varchar(n)
	}
	text := varchar(n)
	return sqlx.Call("lpad", text, sqlx.Call("greatest", sqlx.Raw(itoa(width)), sqlx.Cast{X: sqlx.Call("length", text), Type: "INTEGER"}), sqlx.String("0"))
}
