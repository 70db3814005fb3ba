package builtin

import (
	"regexp"
	"strings"
	"testing"
)

func TestTranslateRegex(t *testing.T) {
	for _, c := range []struct {
		pattern, match, noMatch string
	}{
		{`^\d+$`, "１2", "a"},
		{`^\w+$`, "naïve_1", "a-b"},
		{`^\s$`, "\u00a0", "x"},
		{`^\W$`, "-", "é"},
		{`^[\W]$`, "-", "é"},
		{`^[^\W_]+$`, "aé1", "a_"},
		{`^[\s\S]$`, "\n", ""},
		{`^[^\S]$`, " ", "x"},
		{`^[\D]$`, "x", "3"},
		{`(?<user>\w+)@`, "bob@", "@"},
		{`^\u0041\u{42}\U00000043$`, "ABC", "abc"},
		{`^(?iu)a$`, "A", "b"},
		{`(?u)a`, "a", "b"},
		{`^[]a]$`, "]", "b"},
		{`^[^]a]$`, "b", "]"},
		{`^[[:alpha:]_]$`, "_", "1"},
		{`^\/\"\-\é$`, `/"-é`, "x"},
		{`^a.c$`, "abc", "a\nc"},
		{"a\x00b", "a\x00b", "ab"},
		{`^a[\0]\0$`, "a\x00\x00", "a0"},
	} {
		p, err := TranslateRegex(c.pattern)
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		re := regexp.MustCompile(p)
		if !re.MatchString(c.match) {
			t.Errorf("%s (%.60s) does not match %q", c.pattern, p, c.match)
		}
		if re.MatchString(c.noMatch) {
			t.Errorf("%s (%.60s) matches %q", c.pattern, p, c.noMatch)
		}
	}
}

func TestTranslateRegexRefuses(t *testing.T) {
	for pattern, why := range map[string]string{
		`a(?=b)`:      "look-around",
		`(?<!a)b`:     "look-around",
		`(?>a)`:       "atomic",
		`(a)\1`:       "back-references",
		`[a-c&&[^b]]`: "class operation",
		`[a--b]`:      "class operation",
		`[a[b]]`:      "classes within classes",
		`\<a`:         `\b`,
		`\b{start}a`:  `\b`,
		`(?x)a b`:     `"x"`,
		`(?-u)a`:      "Unicode",
		`\Qa.b\E`:     `\Q`,
		`[a`:          "missing closing",
		`(a`:          "missing closing",
		`a{2000}`:     "repeat count",
		`a\`:          "ends the pattern",
		`\u12`:        "hexadecimal",
		"\xff":        "UTF-8",
	} {
		if p, err := TranslateRegex(pattern); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s gave %q, %v; want a refusal that says %q", pattern, p, err, why)
		}
	}
}

// Whatever is translated compiles.
func FuzzTranslateRegex(f *testing.F) {
	for _, s := range []string{`\d+`, `[\W_]`, `(?<a>b)`, `[^]]`, `\u{41}`, `(?i-s)x`, `[[:`, `(?`, `\`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, pattern string) {
		if p, err := TranslateRegex(pattern); err == nil {
			if _, err := regexp.Compile(p); err != nil {
				t.Fatalf("%q became %q: %v", pattern, p, err)
			}
		}
	})
}
