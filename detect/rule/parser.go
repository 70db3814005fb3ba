package rule

import (
	"strconv"
	"strings"
)

// function reads a solution's parser or an ASIM parser.
func (r *reader) function(doc *Node, raw string) {
	head := first(r.mapping(doc, "Function"), r.mapping(doc, "Parser"))
	f := &Function{
		Name:        first(r.text(doc, "FunctionName"), r.text(doc, "ParserName"), r.text(doc, "FunctionAlias")),
		Title:       r.text(head, "Title"),
		Version:     r.text(head, "Version"),
		LastUpdated: r.text(head, "LastUpdated"),
		Description: clean(doc.get("Description").str()),
		Category:    r.text(doc, "Category"),
		ID:          r.text(doc, "id"),
		ASIM:        doc.get("ParserQuery") != nil,
		Product:     r.text(r.mapping(doc, "Product"), "Name"),
		Schema:      r.text(r.mapping(doc, "Normalization"), "Schema"),
		SchemaVer:   r.text(r.mapping(doc, "Normalization"), "Version"),
		BuiltIn:     r.text(doc, "EquivalentBuiltInParser"),
		Parsers:     r.texts(doc, "Parsers"),
		File:        r.file, Line: doc.line, doc: doc, raw: raw,
	}
	f.Category = first(f.Category, f.Schema)
	for _, alias := range []string{r.text(doc, "FunctionAlias"), f.BuiltIn} {
		if alias != "" && alias != f.Name {
			f.Aliases = union(f.Aliases, []string{alias})
		}
	}
	for _, ref := range r.list(doc, "References", "Title and Link") {
		f.References = append(f.References, Pair{r.text(ref, "Title"), r.text(ref, "Link")})
	}
	r.docs = append(r.docs, Document{Form: ParserForm, Node: doc, Function: f})
	q := first(doc.get("FunctionQuery"), doc.get("ParserQuery"))
	if q.kind != scalar || strings.TrimSpace(q.text) == "" || f.Name == "" {
		r.problem(q, "a parser needs a name and a query", "FunctionName and FunctionQuery, or ParserName and ParserQuery", false)
		return
	}
	f.Query, f.lineBase, f.indent, f.inline = placeOf(q)
	params := first(doc.get("ParserParams"), doc.get("FunctionParams"))
	if params != nil && params.kind == scalar {
		f.Params = splitParams(params.text)
	}
	for _, p := range kids(params) {
		if p.kind == scalar {
			f.Params = append(f.Params, splitParams(p.text)...)
			continue
		}
		d := p.get("Default")
		param := Param{Name: r.text(p, "Name"), Type: r.text(p, "Type"), Default: d.str()}
		if d != nil && param.Type == "string" && !strings.ContainsAny(param.Default, `"'`) {
			param.Default = strconv.Quote(param.Default) // ASIM writes text defaults bare: *
		}
		f.Params = append(f.Params, param)
	}
	r.out.Functions = append(r.out.Functions, f)
}

// splitParams reads "a:string, b:dynamic=dynamic([])", the form of saved searches.
func splitParams(s string) []Param {
	var out []Param
	depth, quote, start := 0, byte(0), 0
	cut := func(part string) {
		name, rest, _ := strings.Cut(part, ":")
		typ, def, _ := strings.Cut(rest, "=")
		if name = strings.TrimSpace(name); name != "" {
			out = append(out, Param{name, strings.TrimSpace(typ), strings.TrimSpace(def)})
		}
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '(' || c == '[':
			depth++
		case c == ')' || c == ']':
			depth--
		case c == ',' && depth == 0:
			cut(s[start:i])
			start = i + 1
		}
	}
	cut(s[start:])
	return out
}
