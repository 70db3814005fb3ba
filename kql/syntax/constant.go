package syntax

import "quarry/kql/types"

// literal reads a constant; a sign belongs to it only here.
func (p *parser) literal() Expr {
	t := p.tok()
	switch t.kind {
	case tString:
		value, text, hidden := p.strings()
		return &Literal{At: p.at(t.start), Type: types.String, Value: value, Text: text, Obfuscated: hidden}
	case tLong, tInt, tReal, tDecimal, tBool, tDatetime, tTimespan, tGuid, tRawGuid:
		p.next()
		return p.constant(t.kind, t.start)
	case kwDynamic:
		return p.dynamic()
	case tPlus, tMinus:
		n := p.ahead(1)
		if p.adjacent(1) && (n.kind == tLong || n.kind == tReal || n.kind == tTimespan) && isDigit(p.src[n.start]) {
			p.pos += 2
			return p.constant(n.kind, t.start)
		}
	case kwTypeof:
		if p.ahead(1).kind == tLParen {
			return p.typeOf()
		}
	case tLBrace:
		if n := p.placeholderName(); n != nil {
			return n
		}
	}
	return nil
}

// constant makes the literal whose text reaches from start to the last token.
func (p *parser) constant(k kind, start int32) Expr {
	text := p.src[start:p.lastEnd()]
	l := &Literal{At: p.at(start), Type: literalTypes[k], Text: text}
	if k == tRawGuid {
		p.report(bareGuidNotAllowed(l.Span, text))
	}
	body, neg := text, false
	if body[0] == '+' || body[0] == '-' {
		neg, body = body[0] == '-', body[1:]
	}
	v, ok := literalValue(k, body)
	if !ok {
		d := badLiteral(l.Span, text, l.Type.String())
		// Text in quotes is converted, and what can't be converted is null; a rule with a
		// date left to fill in is still a rule.
		if _, quoted := quotedIn(body); quoted {
			d.Message += ", it counts as null"
			d.Warning, d.Hint = true, ""
			p.warnings = append(p.warnings, d)
			return l
		}
		p.later(d)
		return l
	}
	if neg {
		switch x := v.(type) {
		case int64:
			v = -x
		case float64:
			v = -x
		}
	}
	l.Value = v
	return l
}

// typeOf reads "typeof(type)" and "typeof(a:type, *)".
func (p *parser) typeOf() Expr {
	start := p.next().start
	p.next()
	n := &TypeOf{}
	if t := p.tok(); isTypeKeyword(t.kind, true) || t.kind == tName && p.ahead(1).kind == tRParen {
		n.Type = p.anyType()
	} else {
		n.Columns = commaList(p, listRule[*Param]{item: (*parser).typeOfItem, missing: (*parser).missingTypeOfItem, end: (*parser).commonEnd})
	}
	if n.Type == types.Unknown && len(n.Columns) == 0 {
		p.later(missingType(p.gap()))
	}
	p.expect(tRParen, ")")
	n.At = p.at(start)
	return n
}

func (p *parser) typeOfItem() *Param {
	if p.kind() == tStar {
		t := p.next()
		return &Param{At: At{t.span()}, Star: true}
	}
	return p.nameAndType()
}

func (p *parser) missingTypeOfItem() *Param {
	p.report(missingType(p.gap()))
	return &Param{At: At{p.gap()}}
}
