package docgen

import (
	"fmt"
	"strings"

	"quarry/kql/bind"
	"quarry/kql/builtin"
	"quarry/kql/syntax"
)

// form says how the rows of an entry are run.
func (e *entry) form() string {
	var sql, inGo, binder bool
	for _, r := range e.rows {
		switch {
		case r.Unsupported != "":
		case r.Special != builtin.NotSpecial:
			binder = true
		case r.Duck != "" || r.Lower != nil:
			sql = true
		case r.Go != nil:
			inGo = true
		}
	}
	var forms []string
	if sql {
		forms = append(forms, "SQL")
	}
	if inGo {
		forms = append(forms, "Go")
	}
	if binder {
		forms = append(forms, "compiler")
	}
	return strings.Join(forms, " + ")
}

func (e *entry) state() string {
	if why := e.refused(); why != "" {
		return "refused: " + why
	}
	state := "yes"
	if n := e.needs(); n != "" {
		state = "with " + n
	}
	if e.deprecated() {
		state += ", old spelling"
	}
	return state
}

func matrix(fns []*entry, ops []operatorEntry, plugins []builtin.Plugin) string {
	var b strings.Builder
	b.WriteString(made + "# Support matrix\n\n")
	refused := 0
	for _, e := range fns {
		if e.refused() != "" {
			refused++
		}
	}
	opsRefused := 0
	for _, o := range ops {
		if o.refused != "" {
			opsRefused++
		}
	}
	fmt.Fprintf(&b, "%s, %d of them refused by name; %s of evaluate; %s of functions, aggregates and scalar operators, %d of them refused by name.\n",
		plural(len(ops), "tabular operator"), opsRefused, plural(len(plugins), "plug-in"), plural(len(fns), "name"), refused)
	b.WriteString("What is in neither list is unknown to Quarry: using it is an error at the place it stands, never a wrong answer.\n\n")
	b.WriteString("*Form*: **SQL** runs in the engine's own vectors, **Go** as a function called for each row, **compiler** while the query is compiled.\n\n")
	b.WriteString("## Tabular operators\n\n| operator | runs |\n|---|---|\n")
	for _, o := range ops {
		state := "yes"
		if o.refused != "" {
			state = "refused: " + o.refused
		}
		fmt.Fprintf(&b, "| [%s](reference/operators.md#%s) | %s |\n", cell(code(o.name)), anchor(o.name), cell(state))
	}
	b.WriteString(pluginsMatrix(plugins))
	for _, p := range pageOrder {
		first := true
		for _, e := range fns {
			if e.page.file != p.file {
				continue
			}
			if first {
				fmt.Fprintf(&b, "\n## %s\n\n| name | form | runs |\n|---|---|---|\n", p.title)
				first = false
			}
			fmt.Fprintf(&b, "| [%s](reference/%s#%s) | %s | %s |\n", cell(code(e.name)), p.file, anchor(e.name), e.form(), cell(e.state()))
		}
	}
	return b.String()
}

func errorsPage() string {
	var b strings.Builder
	b.WriteString(made + "# Errors\n\n")
	b.WriteString("Every error has a code, a place, one sentence and, where there is one, a hint. The first digit says what kind it is:\n")
	b.WriteString("1 syntax, 2 names, 3 types and arguments, 4 what Quarry refuses, 5 what a query needs and does not have.\n\n")
	b.WriteString("```\nrule.kql:3:9: KQ204 unknown column \"Acount\"\n    3 | | where Acount == \"x\"\n      |         ^^^^^^\n    hint: did you mean \"Account\"?\n```\n\n")
	b.WriteString("The examples of KQ2xx and later are about a table `T` with the columns `Timestamp:datetime`, `Account:string`, `Count:long` and `Details:dynamic`.\n")
	write := func(c syntax.CodeInfo) {
		fmt.Fprintf(&b, "\n## %s %s\n\n%s\n", c.Code, c.Title, c.Explain)
		if c.Example != "" {
			fmt.Fprintf(&b, "\n```kql\n%s\n```\n", c.Example)
		}
	}
	for _, c := range syntax.Codes() {
		write(c)
	}
	for _, c := range bind.Codes() {
		write(syntax.CodeInfo(c))
	}
	return b.String()
}
