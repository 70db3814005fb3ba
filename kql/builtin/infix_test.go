package builtin

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"quarry/kql/types"
)

func TestHasTerm(t *testing.T) {
	full := textTest{testTerm, true, true, true}
	prefix := textTest{testTerm, true, true, false}
	suffix := textTest{testTerm, true, false, true}
	for _, c := range []struct {
		test      textTest
		s, needle string
		want      bool
	}{
		{full, "alpha_beta", "alpha", true}, // an underscore separates terms
		{full, "alphabeta", "alpha", false},
		{full, "ПриветМир", "привет", false},
		{full, "NAÏVE", "naïve", true},
		{full, "1.2.3-rc", "2.3", true},
		{full, "v1.2.3", "1", false},
		{full, "abcXYZabc abc", "abc", true},
		{full, "a b", " ", true},
		{full, "x", "", true},
		{full, "", "x", false},
		{full, "x  -enc", "-enc", true}, // no boundary where the needle's edge is no letter
		{full, "x-encoded", "-enc", false},
		{full, "cmd.exe_1", ".exe", true},
		{full, "aaa", "aa", false},
		{prefix, "North America", "ame", true},
		{prefix, "North America", "eric", false},
		{suffix, "North America", "rica", true},
		{suffix, "North Americas", "rica", false},
	} {
		got := c.test.holds(c.test.folded(c.s), c.test.folded(c.needle))
		if got != c.want {
			t.Errorf("%q has %q = %v, want %v", c.s, c.needle, got, c.want)
		}
		if c.needle == "" {
			continue
		}
		if re := regexp.MustCompile(termPattern(c.test, c.needle)); re.MatchString(c.s) != c.want {
			t.Errorf("%q matches %s = %v, want %v", c.s, re, !c.want, c.want)
		}
	}
}

// The pattern, the Go form and the set of terms are ways to say the same.
func TestTermFormsAgree(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	letters := []rune("aB1_-. éД")
	text := func(n int) string {
		out := make([]rune, r.IntN(n)+1)
		for i := range out {
			out[i] = letters[r.IntN(len(letters))]
		}
		return string(out)
	}
	has := textTest{testTerm, true, true, true}
	for range 20000 {
		test := textTest{testTerm, r.IntN(2) == 0, r.IntN(2) == 0, r.IntN(2) == 0}
		s, needle := text(12), text(3)
		want := test.holds(test.folded(s), test.folded(needle))
		if got := regexp.MustCompile(termPattern(test, needle)).MatchString(s); got != want {
			t.Fatalf("%+v: %q has %q: pattern says %v, search %v", test, s, needle, got, want)
		}
		needles := []string{needle, text(4)}
		want = has.holds(has.folded(s), has.folded(needles[0])) || has.holds(has.folded(s), has.folded(needles[1]))
		if got := newTermSet(needles).match(s); got != want {
			t.Fatalf("%q has any of %q: set says %v, search %v", s, needles, got, want)
		}
	}
}

// termPattern finds a needle as a term; it says apart from the code what a term is.
func termPattern(t textTest, needle string) string {
	const edge = `[^\p{L}\p{Nd}]`
	left, right := edges(needle, t.left, t.right)
	p := regexp.QuoteMeta(needle)
	if left {
		p = "(?:^|" + edge + ")" + p
	}
	if right {
		p += "(?:$|" + edge + ")"
	}
	if t.fold {
		p = "(?i)" + p
	}
	return p
}

func BenchmarkTermSet(b *testing.B) {
	needles := []string{"whoami", "-enc", "net user", "mimikatz", "sekurlsa", "evil.com", "certutil", "bitsadmin", "rundll32", "regsvr32"}
	set := newTermSet(needles)
	line := `C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe -NoProfile -ExecutionPolicy Bypass -File C:\a.ps1`
	b.Run("set", func(b *testing.B) {
		for b.Loop() {
			set.match(line)
		}
	})
	re := regexp.MustCompile(`(?i)` + strings.Join(needles, "|"))
	b.Run("regexp", func(b *testing.B) {
		for b.Loop() {
			re.MatchString(line)
		}
	})
}

func TestArithmeticLimits(t *testing.T) {
	const least, most = -1 << 63, 1<<63 - 1
	for _, c := range []struct {
		name string
		got  types.Value
		want types.Value
	}{
		{"add", addChecked(most, 1), nil},
		{"add", addChecked(most, 0), int64(most)},
		{"add", addChecked(least, -1), nil},
		{"sub", subChecked(0, least), nil},
		{"sub", subChecked(-1, least), int64(most)},
		{"mul", mulChecked(least, -1), nil},
		{"mul", mulChecked(-1, least), nil},
		{"mul", mulChecked(1<<32, 1<<31), nil},
		{"mul", mulChecked(1<<31, 1<<31), int64(1 << 62)},
		{"div", divide(least, -1), nil},
		{"div", divide(7, -2), int64(-3)},
		{"mod", modulo(-5, 3), int64(1)},
		{"mod", modulo(-5, -3), int64(1)},
		{"mod", modulo(least, -1), int64(0)},
		{"mod", modulo(-14, 12), int64(10)},
		{"time", shift(types.MaxDatetime, 1), nil},
		{"time", unshift(0, 1), nil},
		{"ticks", ticksOf(1e300), nil},
	} {
		if c.got != c.want {
			t.Errorf("%s = %v, want %v", c.name, c.got, c.want)
		}
	}
}

func TestDecimals(t *testing.T) {
	for _, c := range []struct {
		op         decimalOp
		a, b, want string
	}{
		{addDecimal, "0.1", "0.2", "0.3"},
		{addDecimal, "1.500000000000000000", "1", "2.5"},
		{subDecimal, "1", "1.0", "0"},
		{mulDecimal, "-1.5", "2", "-3"},
		{divDecimal, "1", "3", "0.3333333333333333333333333333333333"},
		{divDecimal, "1", "0", ""},
		{modDecimal, "-7.5", "2", "0.5"},
		{modDecimal, "7", "0", ""},
		{mulDecimal, "99999999999999999999", "10", ""}, // too large for a column
	} {
		got, _ := decimalResult(c.op, c.a, c.b).(string)
		if got != c.want {
			t.Errorf("%s ? %s = %q, want %q", c.a, c.b, got, c.want)
		}
	}
}

// A list that comes as the same array for every row is parsed once.
func TestListCache(t *testing.T) {
	e := NewEnv(nil)
	list := types.Value(`["A",[1,2.0],null]`)
	if p := e.list(list, types.String, true); p != e.list(list, types.String, true) {
		t.Error("the list was parsed twice")
	}
	if _, ok := e.valueSet(list, types.Long, false)[int64(2)]; !ok {
		t.Error("2 is not in the list")
	}
	if _, ok := e.valueSet(list, types.String, true)["a"]; !ok {
		t.Error("a is not in the list")
	}
}
