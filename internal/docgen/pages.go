package docgen

import (
	"fmt"
	"strings"

	"quarry/kql/builtin"
)

// Pages makes every generated page: path below docs/ to text.
func Pages() (map[string]string, error) {
	table, err := builtin.New()
	if err != nil {
		return nil, err
	}
	fns := functions(table)
	ops, err := operatorEntries()
	if err != nil {
		return nil, err
	}
	pages := map[string]string{
		"reference/README.md":    index(fns, ops, table.Plugins()),
		"reference/operators.md": operatorsPage(ops),
		"support-matrix.md":      matrix(fns, ops, table.Plugins()),
		"reference/plugins.md":   pluginsPage(table.Plugins()),
		"errors.md":              errorsPage(),
		"lint.md":                lintPage(),
	}
	for _, g := range pageOrder {
		if text := functionsPage(g, fns); text != "" {
			pages["reference/"+g.file] = text
		}
	}
	return pages, nil
}

// made stands on top of each page.
const made = "<!-- Made by `make docs` from the program's own tables. Change those, not this file. -->\n\n"

// cell is text within a table of Markdown.
func cell(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\n", " "), "|", `\|`)
}

// code is s as inline code.
func code(s string) string {
	if strings.Contains(s, "`") {
		return "`` " + s + " ``"
	}
	return "`" + s + "`"
}

// signs are the names of operator signs in anchors.
var signs = strings.NewReplacer("==", "equal", "=~", "equal-fold", "!~", "not-equal-fold", "!=", "not-equal", "<>", "unequal",
	"<=", "at-most", ">=", "at-least", "<", "less", ">", "greater", "+", "plus", "-", "minus", "*", "times", "/", "divided", "%", "modulo", "!", "not-", "~", "-fold")

// anchor is the fragment of a heading: the one that GitHub makes for it, or, for
// operators, one of its own.
func anchor(s string) string {
	if strings.Trim(s, "!~=<>+-*/% ") == "" || strings.ContainsAny(s, "!~") {
		s = "op-" + signs.Replace(s)
	}
	var b strings.Builder
	for _, r := range strings.ToLower(s) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_' || r == '-':
			b.WriteRune(r)
		case r == ' ':
			b.WriteByte('-')
		}
	}
	return b.String()
}

func plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}
