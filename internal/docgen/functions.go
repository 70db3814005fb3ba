package docgen

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"quarry/kql/builtin"
)

// page is one page of the reference and the groups of rows on it.
type page struct {
	file, title, intro string
	groups             []string
}

// pageOrder is the order of the reference. A group that no page names goes to "other".
var pageOrder = []page{
	{"scalar-operators.md", "Scalar operators", "Written between or before their operands, of which the forms show the types.", []string{"operator"}},
	{"strings.md", "Strings", "", []string{"string"}},
	{"conversions.md", "Conversions and tests of type", "", []string{"convert"}},
	{"conditions.md", "Conditions", "", []string{"condition"}},
	{"datetime.md", "Dates and times", "", []string{"datetime"}},
	{"math.md", "Mathematics", "", []string{"math"}},
	{"dynamic.md", "Dynamic values", "Arrays and bags (objects) as JSON.", []string{"dynamic"}},
	{"network.md", "IP addresses and networks", "", []string{"network"}},
	{"geo.md", "Geography", "", []string{"geo", "geospatial"}},
	{"series.md", "Series", "Functions over arrays of numbers, as make-series gives them.", []string{"series"}},
	{"aggregates.md", "Aggregates", "They stand in summarize, make-series, top-nested, pivot and mv-apply.", []string{"aggregate"}},
	{"windows.md", "Windows", "They speak of neighbouring rows, so the rows must have an order: after sort, top or serialize.", []string{"window"}},
	{"query.md", "The query and its surroundings", "", []string{"query"}},
	{"other.md", "Other functions", "", nil},
}

// entry is all that one name means on one page.
type entry struct {
	name string
	page *page
	kind builtin.Kind
	rows []*builtin.Row
}

// functions collects the rows of the table by page and name, leaving out those that
// users cannot type.
func functions(table *builtin.Table) []*entry {
	byGroup := map[string]*page{}
	for i := range pageOrder {
		for _, g := range pageOrder[i].groups {
			byGroup[g] = &pageOrder[i]
		}
	}
	other := &pageOrder[len(pageOrder)-1]
	found := map[string]*entry{}
	var out []*entry
	for _, r := range table.Rows() {
		if strings.HasPrefix(r.Name(), ".") {
			continue
		}
		p := byGroup[r.Group]
		if p == nil {
			p = other
		}
		key := fmt.Sprintf("%s %d %s", p.file, r.Kind, r.Name())
		e := found[key]
		if e == nil {
			e = &entry{name: r.Name(), page: p, kind: r.Kind}
			found[key] = e
			out = append(out, e)
		}
		e.rows = append(e.rows, r)
	}
	sort.SliceStable(out, func(i, j int) bool {
		if out[i].page != out[j].page {
			return slices.IndexFunc(pageOrder, func(p page) bool { return p.file == out[i].page.file }) <
				slices.IndexFunc(pageOrder, func(p page) bool { return p.file == out[j].page.file })
		}
		if out[i].kind == builtin.Infix {
			return false // operators keep the order of the table
		}
		return strings.ToLower(out[i].name) < strings.ToLower(out[j].name)
	})
	return out
}

// signatures are the forms of an entry as they are written. Overloads that differ in
// one type only are written as one.
func (e *entry) signatures() []string {
	var out []string
	for _, r := range e.rows {
		sig := r.Sig
		if e.kind == builtin.Infix {
			sig = infixForm(r)
		}
		if !slices.Contains(out, sig) {
			out = append(out, sig)
		}
	}
	return out
}

// infixForm writes an operator between its operands: "long + long -> long".
func infixForm(r *builtin.Row) string {
	open, arrow := strings.IndexByte(r.Sig, '('), strings.LastIndex(r.Sig, "->")
	result := strings.TrimSpace(r.Sig[arrow+2:])
	inner := strings.TrimSuffix(strings.TrimSpace(r.Sig[open+1:arrow]), ")")
	var operands []string
	for _, p := range strings.Split(inner, ",") {
		name, typ, _ := strings.Cut(p, ":")
		typ = strings.TrimSpace(typ)
		if strings.HasSuffix(strings.TrimSpace(name), "...") {
			typ += ", ..."
		}
		operands = append(operands, typ)
	}
	name := r.Name()
	switch {
	case len(operands) == 1:
		return name + " " + operands[0] + " -> " + result
	case strings.Contains(name, "between") && len(operands) == 3:
		return operands[0] + " " + name + " (" + operands[1] + " .. " + operands[2] + ") -> " + result
	case len(operands) > 2 || strings.HasSuffix(operands[1], "..."):
		return operands[0] + " " + name + " (" + strings.Join(operands[1:], ", ") + ") -> " + result
	}
	return operands[0] + " " + name + " " + operands[1] + " -> " + result
}

func (e *entry) docs() []string {
	var out []string
	for _, r := range e.rows {
		if r.Doc != "" && !slices.Contains(out, r.Doc) {
			out = append(out, r.Doc)
		}
	}
	return out
}

// refused is why the name cannot be used at all, "" when it can.
func (e *entry) refused() string {
	for _, r := range e.rows {
		if r.Unsupported == "" {
			return ""
		}
	}
	return e.rows[0].Unsupported
}

func (e *entry) needs() string {
	for _, r := range e.rows {
		if r.Needs != "" {
			return r.Needs
		}
	}
	return ""
}

func (e *entry) deprecated() bool {
	return !slices.ContainsFunc(e.rows, func(r *builtin.Row) bool { return r.Sem&builtin.Deprecated == 0 })
}

// maxExamples bounds the examples of one name, maxSignatures its forms.
const (
	maxExamples   = 6
	maxSignatures = 12
)

func functionsPage(p page, fns []*entry) string {
	var b strings.Builder
	for _, e := range fns {
		if e.page.file != p.file {
			continue
		}
		if b.Len() == 0 {
			fmt.Fprintf(&b, "%s# %s\n", made, p.title)
			if p.intro != "" {
				fmt.Fprintf(&b, "\n%s\n", p.intro)
			}
		}
		e.write(&b)
	}
	return b.String()
}

func (e *entry) write(b *strings.Builder) {
	if a := anchor(e.name); strings.HasPrefix(a, "op-") {
		fmt.Fprintf(b, "\n<a id=\"%s\"></a>\n", a)
	}
	fmt.Fprintf(b, "\n## %s\n\n", e.heading())
	if docs := e.docs(); len(docs) > 0 {
		fmt.Fprintf(b, "%s\n\n", strings.Join(docs, "\n"))
	}
	if why := e.refused(); why != "" {
		fmt.Fprintf(b, "**Refused:** %s.\n\n", strings.TrimSuffix(why, "."))
	}
	if n := e.needs(); n != "" {
		fmt.Fprintf(b, "**Needs** %s.\n\n", n)
	}
	if e.deprecated() {
		b.WriteString("An old spelling that still works.\n\n")
	}
	sigs := e.signatures()
	b.WriteString("```\n")
	for i, s := range sigs {
		if i == maxSignatures {
			fmt.Fprintf(b, "... and %s for other types\n", plural(len(sigs)-i, "form"))
			break
		}
		b.WriteString(s + "\n")
	}
	b.WriteString("```\n")
	var examples []builtin.Example
	for _, r := range e.rows {
		for _, x := range r.Examples {
			if len(examples) < maxExamples && !slices.Contains(examples, x) {
				examples = append(examples, x)
			}
		}
	}
	if len(examples) == 0 {
		return
	}
	b.WriteString("\n| example | gives |\n|---|---|\n")
	for _, x := range examples {
		fmt.Fprintf(b, "| %s | %s |\n", cell(code(x.Call)), cell(code(x.Want)))
	}
}

// heading is the name; those that Markdown would take for its own signs stand in code.
func (e *entry) heading() string {
	if e.kind == builtin.Infix || strings.ContainsAny(e.name, "_*<>") {
		return code(e.name)
	}
	return e.name
}

func index(fns []*entry, ops []operatorEntry, plugins []builtin.Plugin) string {
	var b strings.Builder
	b.WriteString(made + "# Reference\n\n")
	b.WriteString("What Quarry knows of KQL, made from the tables the compiler works with; the examples are run as tests.\n")
	b.WriteString("What is refused, and why, is in the [support matrix](../support-matrix.md).\n\n")
	b.WriteString("## [Tabular operators](operators.md)\n\n")
	var links []string
	for _, o := range ops {
		links = append(links, fmt.Sprintf("[%s](operators.md#%s)", code(o.name), anchor(o.name)))
	}
	b.WriteString(strings.Join(links, " ") + "\n\n## [Plug-ins of evaluate](plugins.md)\n\n" + pluginLinks(plugins) + "\n")
	for _, p := range pageOrder {
		links = links[:0]
		for _, e := range fns {
			if e.page.file == p.file {
				links = append(links, fmt.Sprintf("[%s](%s#%s)", code(e.name), p.file, anchor(e.name)))
			}
		}
		if len(links) > 0 {
			fmt.Fprintf(&b, "\n## [%s](%s)\n\n%s\n", p.title, p.file, strings.Join(links, " "))
		}
	}
	return b.String()
}
