package rule

import (
	"reflect"
	"strings"
)

var parserFields = fieldsOf(`
	id Function.Title Function.Version Function.LastUpdated Category FunctionName FunctionAlias FunctionQuery* FunctionParams
	Parser.Title Parser.Version Parser.LastUpdated Product.Name Normalization.Schema Normalization.Version
	References.Title References.Link Description* ParserName EquivalentBuiltInParser
	ParserParams.Name ParserParams.Type ParserParams.Default Parsers ParserQuery*`)

// document is the parser as one document in the schema it was written in.
func (f *Function) document() *Node {
	doc := f.fields()
	if f.doc != nil {
		parserFields.overlay(doc, f.doc, "", f.unchanged())
	}
	return doc
}

// unchanged reports whether the parser still is what its document says.
func (f *Function) unchanged() bool {
	if f.doc == nil {
		return false
	}
	again := &reader{file: f.File, out: &Pack{}}
	again.function(f.doc, f.raw)
	return len(again.out.Functions) == 1 && reflect.DeepEqual(again.out.Functions[0], f)
}

func (f *Function) fields() *Node {
	head := mapOf("Title", textOf(f.Title), "Version", textOf(f.Version), "LastUpdated", textOf(f.LastUpdated))
	if len(head.kids) == 0 {
		head = nil
	}
	if !f.ASIM {
		return mapOf("id", textOf(f.ID), "Function", head, "Category", textOf(f.Category), "FunctionName", textOf(f.Name),
			"FunctionAlias", textOf(f.alias()), "FunctionQuery", textOf(f.Query), "FunctionParams", textOf(f.signature()))
	}
	var refs, params []*Node
	for _, r := range f.References {
		refs = append(refs, mapOf("Title", textOf(r.Name), "Link", textOf(r.Value)))
	}
	for _, p := range f.Params {
		params = append(params, mapOf("Name", textOf(p.Name), "Type", textOf(p.Type), "Default", textOf(bareDefault(p))))
	}
	doc := mapOf("id", textOf(f.ID), "Parser", head)
	if f.Product != "" {
		doc.put("Product", mapOf("Name", textOf(f.Product)))
	}
	if f.Schema != "" || f.SchemaVer != "" {
		doc.put("Normalization", mapOf("Schema", textOf(f.Schema), "Version", textOf(f.SchemaVer)))
	}
	doc.put("References", listOf(refs))
	doc.put("Description", textOf(f.Description))
	doc.put("ParserName", textOf(f.Name))
	doc.put("EquivalentBuiltInParser", textOf(f.BuiltIn))
	doc.put("ParserParams", listOf(params))
	doc.put("Parsers", textsOf(f.Parsers))
	doc.put("ParserQuery", textOf(f.Query))
	return doc
}

// alias is the name that queries call the parser by.
func (f *Function) alias() string {
	for _, a := range f.Aliases {
		if a != f.BuiltIn {
			return a
		}
	}
	return f.Name
}

// signature is the parameters as a saved search writes them.
func (f *Function) signature() string {
	var parts []string
	for _, p := range f.Params {
		s := p.Name + ":" + p.Type
		if p.Default != "" {
			s += "=" + p.Default
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, ", ")
}

// bareDefault takes the quotes off a text, as ASIM writes it.
func bareDefault(p Param) string {
	if d := p.Default; p.Type == "string" && len(d) >= 2 && d[0] == '"' && d[len(d)-1] == '"' && !strings.ContainsAny(d[1:len(d)-1], `"'\`) {
		return d[1 : len(d)-1]
	}
	return p.Default
}
