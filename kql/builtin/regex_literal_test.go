package builtin

import (
	"strings"
	"testing"
)

func TestRequiredText(t *testing.T) {
	for _, c := range []struct{ pattern, want string }{
		{`https?://[0-9]+`, "http"},
		{`[a-z]+://www\.`, "://www."},
		{`abc|abd`, "ab"},
		{`foo|barbar`, ""},
		{`(?i)powershell`, ""},
		{`(?i:a)bcd`, "bcd"},
		{`(abc)def`, "abcdef"},
		{`(abc)?def`, "def"},
		{`(?:abc)*de+fgh`, "fgh"},
		{`(?:abc){2,}x`, "abc"},
		{`(?:abc){0,2}x`, "x"},
		{`^cmd\.exe$`, "cmd.exe"},
		{`a.*bcd.*ef`, "bcd"},
		{`[abc`, ""},
	} {
		if got := requiredText(c.pattern); got != c.want {
			t.Errorf("%s: %q, want %q", c.pattern, got, c.want)
		}
	}
}

func TestRequiredTexts(t *testing.T) {
	for _, c := range []struct{ pattern, want string }{
		{`https?://[0-9]+`, "http"},
		{`foo|barbar`, "foo barbar"},
		{`(?i)power(shell|point)\.exe`, "POWER"},
		{`a(b.*longer|c.*even longer)`, "longer even longer"},
		{`(foo|)bar`, "bar"},
		{`(foo|[a-z])`, ""},
		{`foo|dar|baz|qux`, ""}, // more than are asked for
		{`(abc|def){2,3}`, "abc def"},
		{`(abc|def)*`, ""},
		{`(?i)abc(?-i:DEF)`, "ABCDEF"},
		{`[abc`, ""},
	} {
		if got := strings.Join(requiredTexts(c.pattern, required{most: 3, folded: true}), " "); got != c.want {
			t.Errorf("%s: %q, want %q", c.pattern, got, c.want)
		}
	}
}
