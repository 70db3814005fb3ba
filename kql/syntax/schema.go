package syntax

import "quarry/kql/types"

// isTypeKeyword reports a keyword that names a type in a declaration; wide adds
// those that only typeof() takes.
func isTypeKeyword(k kind, wide bool) bool {
	switch k {
	case kwBool, kwBoolean, kwDate, kwDatetime, kwDecimal, kwDouble, kwDynamic, kwGuid, kwInt, kwInt64, kwInt8, kwLong,
		kwReal, kwString, kwTime, kwTimespan, kwUniqueid:
		return true
	case kwFloat, kwInt16, kwInt32, kwUint, kwUint16, kwUint32, kwUint64, kwUint8, kwUlong:
		return wide
	}
	return false
}

// anyType reads a type name where typeof() takes one.
func (p *parser) anyType() types.Type {
	t := p.next()
	typ, ok := types.Parse(p.text(t))
	if !ok || t.kind == tName {
		p.report(unknownType(t.span(), p.text(t)))
	}
	return typ
}

// declaredType reads the type after "name:"; wide as in isTypeKeyword.
func (p *parser) declaredType(wide bool) types.Type {
	t := p.tok()
	switch {
	case isTypeKeyword(t.kind, wide):
		p.next()
		typ, _ := types.Parse(p.text(t))
		return typ
	case isTypeKeyword(t.kind, true) || t.kind == tName || t.use&asName != 0:
		p.next()
		p.report(unknownType(t.span(), p.text(t)))
	default:
		p.report(missingType(p.gap()))
	}
	return types.Unknown
}

// nameAndType reads "name:type" or "name:(schema)".
func (p *parser) nameAndType() *Param {
	t := p.tok()
	d := &Param{}
	if d.Name = p.newName(); d.Name == nil {
		if t.kind != tColon {
			return nil
		}
		d.Name = p.requiredName()
	}
	p.expect(tColon, ":")
	if p.kind() == tLParen {
		p.tableSchema(d)
	} else {
		d.Type = p.declaredType(false)
	}
	d.At = p.at(t.start)
	return d
}

// tableSchema reads "(a:long, b:string)" or "(*)" of a tabular parameter.
func (p *parser) tableSchema(d *Param) {
	d.Tabular = true
	if !p.enter() {
		p.leave()
		return
	}
	defer p.leave()
	p.next()
	if p.kind() == tStar {
		p.next()
		d.Star = true
	} else {
		d.Columns = commaList(p, listRule[*Param]{item: (*parser).nameAndType, missing: (*parser).missingParam, end: (*parser).commonEnd, trailing: true})
	}
	p.expect(tRParen, ")")
}

func (p *parser) missingParam() *Param {
	p.report(missingValue(p.gap(), "name:type", p.found()))
	return &Param{At: At{p.gap()}, Name: &Name{At: At{p.gap()}}}
}

// rowSchema reads "(a:long, b:string)" of datatable and its kin.
func (p *parser) rowSchema() []*Param {
	if p.kind() != tLParen {
		p.report(missingClause(p.gap(), "a schema", "write (name:type, ...)"))
		return nil
	}
	p.next()
	p.accept(tComma)
	list := commaList(p, listRule[*Param]{item: (*parser).nameAndType, missing: (*parser).missingParam, end: (*parser).commonEnd, trailing: true})
	p.expect(tRParen, ")")
	return list
}

// functionParam reads "name:type = default".
func (p *parser) functionParam() *Param {
	d := p.nameAndType()
	if d != nil && p.accept(tAssign) {
		if d.Default = p.literal(); d.Default == nil {
			if t := p.tok(); t.kind == tName || t.use&asName != 0 {
				d.Default = p.name()
			} else {
				d.Default = p.missingExpr()
			}
		}
		d.Span = p.since(int32(d.Span.Start))
	}
	return d
}

func (p *parser) functionParams(atLeast1 bool) []*Param {
	p.expect(tLParen, "(")
	list := commaList(p, listRule[*Param]{item: (*parser).functionParam, missing: (*parser).missingParam, end: (*parser).commonEnd, atLeast1: atLeast1})
	p.expect(tRParen, ")")
	return list
}

// dataTable reads "datatable (schema) [values]".
func (p *parser) dataTable() Expr {
	start := p.next().start
	d := &DataTable{Params: p.operatorParams(nil, false)}
	d.Columns = p.rowSchema()
	p.expect(tLBracket, "[")
	p.accept(tComma)
	d.Values = commaList(p, listRule[Expr]{item: (*parser).literal, missing: (*parser).missingConstant, end: (*parser).commonEnd, trailing: true})
	p.expect(tRBracket, "]")
	d.At = p.at(start)
	return d
}

func (p *parser) missingConstant() Expr {
	p.report(missingValue(p.gap(), "a constant", p.found()))
	return &Bad{At{p.gap()}}
}

// externalData reads "externaldata (schema) [uris] with (props)".
func (p *parser) externalData() Expr {
	start := p.next().start
	d := &ExternalData{Params: p.operatorParams(nil, false)}
	d.Columns = p.rowSchema()
	p.expect(tLBracket, "[")
	d.URIs = commaList(p, listRule[Expr]{item: (*parser).expression, missing: (*parser).missingConstant, end: (*parser).commonEnd, trailing: true})
	p.expect(tRBracket, "]")
	if p.accept(kwWith) {
		d.Props = p.properties()
	}
	d.At = p.at(start)
	return d
}

// properties reads "(name = value, ...)" with free names.
func (p *parser) properties() []*OpParam {
	p.expect(tLParen, "(")
	list := commaList(p, listRule[*OpParam]{item: (*parser).property, missing: (*parser).missingProperty, end: (*parser).commonEnd})
	p.expect(tRParen, ")")
	return list
}

func (p *parser) property() *OpParam {
	start := p.tok().start
	n := p.newName()
	if n == nil {
		return nil
	}
	d := &OpParam{Name: n.Text}
	p.expect(tAssign, "=")
	switch p.kind() {
	case tString, tLong, tReal, tBool, tDatetime, tRawGuid, tGuid:
		d.Value = p.literal()
	default:
		if n := p.newName(); n != nil {
			d.Value = n
		} else {
			d.Value = p.missingConstant()
		}
	}
	d.At = p.at(start)
	return d
}

func (p *parser) missingProperty() *OpParam {
	p.report(missingValue(p.gap(), "name = value", p.found()))
	return &OpParam{At: At{p.gap()}, Value: &Bad{At{p.gap()}}}
}
