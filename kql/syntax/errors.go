package syntax

import (
	"strconv"
	"strings"

	"quarry/kql/diag"
	"quarry/kql/source"
)

// problem is what the lexer and the parser report.
type problem = diag.Diagnostic

// The codes of the syntax phase.
const (
	CodeCharacter   diag.Code = "KQ101"
	CodeString      diag.Code = "KQ102"
	CodeEnclosed    diag.Code = "KQ103"
	CodeExpected    diag.Code = "KQ104"
	CodeExpression  diag.Code = "KQ105"
	CodeName        diag.Code = "KQ106"
	CodeBrackets    diag.Code = "KQ107"
	CodeOperator    diag.Code = "KQ108"
	CodeSeparator   diag.Code = "KQ109"
	CodeRest        diag.Code = "KQ110"
	CodeType        diag.Code = "KQ111"
	CodeLiteral     diag.Code = "KQ112"
	CodeBareGuid    diag.Code = "KQ113"
	CodeValue       diag.Code = "KQ114"
	CodeDepth       diag.Code = "KQ115"
	CodePlaceholder diag.Code = "KQ116"
	CodeClause      diag.Code = "KQ117"
	CodeUnsupported diag.Code = "KQ118"
	CodeLength      diag.Code = "KQ119"
)

func unexpectedCharacter(at source.Span, c string) problem {
	return problem{Code: CodeCharacter, Span: at, Message: "unexpected character " + strconv.Quote(c)}
}

func unknownNegation(at source.Span, word string) problem {
	p := problem{Code: CodeCharacter, Span: at, Message: "unknown operator " + word, Hint: "negate a condition with not(...)"}
	names := make([]string, 0, len(negated))
	for n := range negated {
		names = append(names, "!"+n)
	}
	if near := nearest(word, names); near != "" {
		p.Hint = "did you mean " + near + "?"
	}
	return p
}

func stringNotClosed(at source.Span, text string, open, end int) problem {
	p := problem{Code: CodeString, Span: at, Message: "the string is not closed"}
	switch {
	case end < len(text) && text[end] == '\\':
		p.Message = "the backslash begins no escape"
		p.Hint = `write \\ for a backslash, or put @ before the quote`
	case text[open] == '`' || text[open] == '~':
		p.Hint = "close it with " + text[open:open+3]
	default:
		p.Hint = "close it with " + text[open:open+1] + " on the same line"
	}
	return p
}

func literalNotClosed(at source.Span, word string) problem {
	return problem{Code: CodeEnclosed, Span: at, Message: "the literal " + word + "(...) is not closed", Hint: "write ) on the same line"}
}

// expected names what must stand at a position, and what stands there instead.
func expected(at source.Span, found string, what ...string) problem {
	p := problem{Code: CodeExpected, Span: at, Message: "expected " + orList(what)}
	if found != "" {
		p.Message += ", found " + found
	}
	return p
}

func missingExpression(at source.Span, found string, keyword string) problem {
	p := problem{Code: CodeExpression, Span: at, Message: "expected an expression"}
	if found != "" {
		p.Message += ", found " + found
	}
	if keyword != "" {
		p.Hint = "if " + keyword + " is a name, write ['" + keyword + "']"
	}
	return p
}

func missingName(at source.Span, what, found, keyword string) problem {
	p := problem{Code: CodeName, Span: at, Message: "expected " + what}
	if found != "" {
		p.Message += ", found " + found
	}
	if keyword != "" {
		p.Hint = "if " + keyword + " is a name, write ['" + keyword + "']"
	}
	return p
}

func needsBrackets(at source.Span, name string) problem {
	return problem{Code: CodeBrackets, Span: at, Message: "the name " + name + " must stand in brackets here", Hint: "write ['" + name + "']"}
}

func operatorExpected(at source.Span, word string, names []string) problem {
	p := problem{Code: CodeOperator, Span: at, Message: "expected an operator after |"}
	if word != "" {
		p.Message = "unknown operator " + word
		if near := nearest(word, names); near != "" {
			p.Hint = "did you mean " + near + "?"
		}
	}
	return p
}

func separatorExpected(at source.Span, sep, found string) problem {
	p := problem{Code: CodeSeparator, Span: at, Message: "expected " + sep}
	if found != "" {
		p.Message += " before " + found
	}
	return p
}

func unexpectedRest(at source.Span, found string) problem {
	return problem{Code: CodeRest, Span: at, Message: "unexpected " + found, Hint: "nothing that precedes it can go on like this"}
}

func unknownType(at source.Span, name string) problem {
	p := problem{Code: CodeType, Span: at, Message: "unknown type " + name}
	if near := nearest(name, typeNames); near != "" {
		p.Hint = "did you mean " + near + "?"
	} else {
		p.Hint = "the types are " + strings.Join(typeNames, ", ")
	}
	return p
}

// typeNames are the spellings to write; synonyms are understood too.
var typeNames = []string{"bool", "datetime", "decimal", "dynamic", "guid", "int", "long", "real", "string", "timespan"}

func missingType(at source.Span) problem {
	return problem{Code: CodeType, Span: at, Message: "expected a type", Hint: "the types are " + strings.Join(typeNames, ", ")}
}

func badLiteral(at source.Span, text, typ string) problem {
	if len(text) > 60 {
		text = text[:57] + "..."
	}
	p := problem{Code: CodeLiteral, Span: at, Message: text + " is not a value of type " + typ}
	if i := strings.IndexByte(text, '('); i > 0 {
		p.Hint = "to convert an expression, use to" + typ + "(...)"
	} else if typ == "long" {
		p.Hint = "a long lies between -9223372036854775807 and 9223372036854775807"
	}
	return p
}

func bareGuidNotAllowed(at source.Span, text string) problem {
	return problem{Code: CodeBareGuid, Span: at, Message: "a guid can't stand alone", Hint: "write guid(" + text + ")"}
}

func missingValue(at source.Span, what, found string) problem {
	p := problem{Code: CodeValue, Span: at, Message: "expected " + what}
	if found != "" {
		p.Message += ", found " + found
	}
	return p
}

func notOneOf(at source.Span, name, value string, values []string) problem {
	p := problem{Code: CodeValue, Span: at, Message: value + " is no value of " + name, Hint: "use " + orList(values)}
	if near := nearest(value, values); near != "" {
		p.Hint = "did you mean " + near + "?"
	}
	return p
}

func tooDeep(at source.Span) problem {
	return problem{Code: CodeDepth, Span: at, Message: "the query is nested more than " + strconv.Itoa(maxDepth) + " levels deep", Hint: "name inner parts with let"}
}

func placeholder(at source.Span, text string) problem {
	return problem{Code: CodePlaceholder, Span: at, Message: "the placeholder " + text + " has no value", Hint: "replace it by a value before the query runs"}
}

func missingClause(at source.Span, what, hint string) problem {
	return problem{Code: CodeClause, Span: at, Message: "expected " + what, Hint: hint}
}

func unsupported(at source.Span, what string) problem {
	return problem{Code: CodeUnsupported, Span: at, Message: what + " is not supported"}
}

func tooLong(n int) problem {
	return problem{Code: CodeLength, Message: "the query has " + strconv.Itoa(n) + " bytes, the limit is " + strconv.Itoa(maxLength)}
}

func orList(xs []string) string {
	switch n := len(xs); {
	case n == 0:
		return ""
	case n == 1:
		return xs[0]
	default:
		return strings.Join(xs[:n-1], ", ") + " or " + xs[n-1]
	}
}

// nearest is diag.Nearest over names in a fixed order.
func nearest(name string, names []string) string { return diag.Nearest(name, names) }
