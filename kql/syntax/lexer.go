package syntax

import (
	"strings"
	"unicode/utf8"

	"quarry/kql/source"
)

// lexer cuts a text into tokens. It never fails: what belongs to no token
// becomes tBad and is reported.
type lexer struct {
	text   string
	pos    int
	report func(problem)
}

// lex returns the tokens of text; the last one is tEnd.
func lex(text string, report func(problem)) []token {
	l := lexer{text: text, report: report}
	tokens := make([]token, 0, len(text)/5+8)
	for {
		t := l.next()
		tokens = append(tokens, t)
		if t.kind == tEnd {
			return tokens
		}
	}
}

// peek is the byte n after the current one, 0 behind the end.
func (l *lexer) peek(n int) byte {
	if l.pos+n < len(l.text) {
		return l.text[l.pos+n]
	}
	return 0
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isLetter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
func isWord(c byte) bool { return isLetter(c) || isDigit(c) || c == '_' }
func isHex(c byte) bool {
	return isDigit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// lineBreak reports whether a line ends at i: CR, LF, U+2028 or U+2029.
func lineBreak(s string, i int) bool {
	return s[i] == '\n' || s[i] == '\r' || s[i] == 0xE2 && (strings.HasPrefix(s[i:], "\u2028") || strings.HasPrefix(s[i:], "\u2029"))
}

// skipSpace passes white space and comments.
func (l *lexer) skipSpace() {
	for l.pos < len(l.text) {
		switch c := l.text[l.pos]; {
		case c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f':
			l.pos++
		case c == '/' && l.peek(1) == '/':
			l.skipLine()
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRuneInString(l.text[l.pos:])
			if !isSpaceRune(r) {
				return
			}
			l.pos += n
		default:
			return
		}
	}
}

func (l *lexer) skipLine() {
	for l.pos < len(l.text) && !lineBreak(l.text, l.pos) {
		l.pos++
	}
}

// isSpaceRune lists the white space of KQL beyond ASCII; the zero-width space
// and the byte order mark belong to it, U+0085 and the line separators do not.
func isSpaceRune(r rune) bool {
	switch r {
	case 0x00A0, 0x1680, 0x180E, 0x202F, 0x205F, 0x3000, 0xFEFF:
		return true
	}
	return r >= 0x2000 && r <= 0x200B
}

func (l *lexer) next() token {
	l.skipSpace()
	start := l.pos
	tok := func(k kind, n int) token {
		l.pos = start + n
		return token{kind: k, start: int32(start), end: int32(l.pos)}
	}
	if start >= len(l.text) {
		return tok(tEnd, 0)
	}
	switch c := l.text[start]; {
	case isLetter(c) || c == '_' || c == '$':
		return l.word()
	case isDigit(c):
		k, n := number(l.text[start:])
		return tok(k, n)
	case c == '"' || c == '\'':
		return l.quoted(start)
	case c == '`' || c == '~':
		if l.peek(1) == c && l.peek(2) == c {
			return l.quoted(start)
		}
	case c == '@':
		if q := l.peek(1); q == '"' || q == '\'' || (q == '`' || q == '~') && l.peek(2) == q && l.peek(3) == q {
			return l.quoted(start)
		}
		return tok(tAt, 1)
	case c == '#':
		l.skipLine()
		return tok(tDirective, l.pos-start)
	case c == '!':
		return l.bang()
	default:
		if k, n := punctuation(c, l.peek(1)); n > 0 {
			return tok(k, n)
		}
	}
	_, n := utf8.DecodeRuneInString(l.text[start:])
	t := tok(tBad, n)
	l.report(unexpectedCharacter(t.span(), l.text[start:l.pos]))
	return t
}

func punctuation(c, next byte) (kind, int) {
	switch c {
	case '(':
		return tLParen, 1
	case ')':
		return tRParen, 1
	case '[':
		return tLBracket, 1
	case ']':
		return tRBracket, 1
	case '{':
		return tLBrace, 1
	case '}':
		return tRBrace, 1
	case '|':
		return tBar, 1
	case '.':
		if next == '.' {
			return tDotDot, 2
		}
		return tDot, 1
	case '+':
		return tPlus, 1
	case '-':
		return tMinus, 1
	case '*':
		return tStar, 1
	case '/':
		return tSlash, 1
	case '%':
		return tPercent, 1
	case '<':
		switch next {
		case '=':
			return tLessEq, 2
		case '|':
			return tLessBar, 2
		case '>':
			return tNotEqSQL, 2
		}
		return tLess, 1
	case '>':
		if next == '=' {
			return tGreaterEq, 2
		}
		return tGreater, 1
	case '=':
		switch next {
		case '=':
			return tEqEq, 2
		case '>':
			return tArrow, 2
		case '~':
			return tEqTilde, 2
		}
		return tAssign, 1
	case ':':
		return tColon, 1
	case ';':
		return tSemicolon, 1
	case ',':
		return tComma, 1
	case '?':
		return tQuestion, 1
	}
	return 0, 0
}

// bang reads "!=", "!~" and the negated string operators.
func (l *lexer) bang() token {
	start := l.pos
	tok := func(k kind, end int) token {
		l.pos = end
		return token{kind: k, use: isKeyword, start: int32(start), end: int32(end)}
	}
	switch l.peek(1) {
	case '=':
		return tok(tNotEq, start+2)
	case '~':
		return tok(tNotTilde, start+2)
	}
	end := start + 1
	for end < len(l.text) && isWord(l.text[end]) {
		end++
	}
	word := l.text[start+1 : end]
	if end < len(l.text) && l.text[end] == '~' && word == "in" && (end+1 == len(l.text) || !isWord(l.text[end+1])) {
		return tok(tNotInCI, end+1)
	}
	if k, ok := negated[word]; ok {
		return tok(k, end)
	}
	if word == "" {
		return tok(tBang, start+1)
	}
	t := tok(tBad, start+1)
	l.report(unknownNegation(source.Span{Start: start, End: end}, "!"+word))
	return t
}

// word reads a name, a keyword, or a literal that begins like one: true,
// datetime(...), h"...", a bare guid.
func (l *lexer) word() token {
	start := l.pos
	end := start + 1
	for end < len(l.text) && isWord(l.text[end]) {
		end++
	}
	word := l.text[start:end]
	tok := func(k kind, use nameUse, end int) token {
		l.pos = end
		return token{kind: k, use: use, start: int32(start), end: int32(end)}
	}
	if end < len(l.text) {
		switch l.text[end] {
		case '-', '.', '~', ' ':
			for _, long := range compound[word] {
				if !strings.HasPrefix(l.text[start:], long) {
					continue
				}
				after := start + len(long)
				if after < len(l.text) && isWord(l.text[after]) {
					return tok(tName, wasKeyword, end)
				}
				if word == "matches" {
					return tok(tMatchesRegex, isKeyword, after)
				}
				k := keywords[long]
				return tok(k.kind, k.use, after)
			}
		case '(':
			if k := enclosedLiteral(word); k != tEnd {
				return l.enclosed(k, end)
			}
		}
	}
	if k, ok := keywords[word]; ok {
		return tok(k.kind, k.use, end)
	}
	switch word {
	case "true", "True", "TRUE", "false", "False", "FALSE":
		return tok(tBool, 0, end)
	case "h", "H":
		if q := l.peek(1); q == '"' || q == '\'' || q == '@' && (l.peek(2) == '"' || l.peek(2) == '\'') {
			return l.quoted(start)
		} else if q == '@' {
			if q = l.peek(2); (q == '`' || q == '~') && l.peek(3) == q && l.peek(4) == q {
				return l.quoted(start)
			}
		} else if (q == '`' || q == '~') && l.peek(2) == q && l.peek(3) == q {
			return l.quoted(start)
		}
	}
	if n := bareGuid(l.text[start:]); n > 0 {
		return tok(tRawGuid, 0, start+n)
	}
	return tok(tName, 0, end)
}

// enclosedLiteral is the literal that word followed at once by '(' begins, or tEnd.
func enclosedLiteral(word string) kind {
	switch word {
	case "long", "int64":
		return tLong
	case "int", "int32":
		return tInt
	case "real", "double":
		return tReal
	case "decimal":
		return tDecimal
	case "bool":
		return tBool
	case "datetime", "date":
		return tDatetime
	case "time", "timespan":
		return tTimespan
	case "guid":
		return tGuid
	}
	return tEnd
}

// enclosed reads "(...)" of a literal such as datetime(2020-01-01): everything up
// to the parenthesis, on one line.
func (l *lexer) enclosed(k kind, open int) token {
	start := l.pos
	end := open + 1
	for end < len(l.text) && l.text[end] != ')' && !lineBreak(l.text, end) {
		end++
	}
	closed := end < len(l.text) && l.text[end] == ')'
	if closed {
		end++
	}
	l.pos = end
	t := token{kind: k, start: int32(start), end: int32(end)}
	if !closed {
		l.report(literalNotClosed(source.Span{Start: end, End: end}, l.text[start:open]))
	}
	return t
}

// bareGuid is the length of a guid written without guid(), or 0.
func bareGuid(s string) int {
	if len(s) < 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return 0
	}
	for i := 0; i < 36; i++ {
		if i != 8 && i != 13 && i != 18 && i != 23 && !isHex(s[i]) {
			return 0
		}
	}
	return 36
}

// number reads what begins with a digit: long, real, timespan, a bare guid, or a
// name such as 3Dchart.
func number(s string) (kind, int) {
	if n := bareGuid(s); n > 0 {
		return tRawGuid, n
	}
	at := func(i int) byte {
		if i < len(s) {
			return s[i]
		}
		return 0
	}
	if at(0) == '0' && (at(1) == 'x' || at(1) == 'X') && isHex(at(2)) {
		i := 3
		for isHex(at(i)) {
			i++
		}
		if !isWord(at(i)) {
			return tLong, i
		}
	}
	n := 1
	for isDigit(at(n)) {
		n++
	}
	whole := n
	// A fraction: "1." counts, the dots of "1..2" do not.
	i, isReal := n, false
	if at(i) == '.' && (at(i+1) != '.' || at(i+2) == '.') {
		i++
		isReal = true
		for isDigit(at(i)) {
			i++
		}
	}
	if at(i) == 'e' || at(i) == 'E' {
		j := i + 1
		if at(j) == '+' || at(j) == '-' {
			j++
		}
		if isDigit(at(j)) {
			for isDigit(at(j)) {
				j++
			}
			i, isReal = j, true
		}
	}
	if isReal && !isWord(at(i)) {
		return tReal, i
	}
	// A timespan: digits, perhaps a fraction, a unit.
	i = whole
	if at(i) == '.' && isDigit(at(i+1)) {
		for i++; isDigit(at(i)); i++ {
		}
	}
	j := i
	for isLetter(at(j)) {
		j++
	}
	if j > i && !isWord(at(j)) && isTimespanUnit(s[i:j]) {
		return tTimespan, j
	}
	if !isWord(at(whole)) {
		return tLong, whole
	}
	i = whole
	for isWord(at(i)) {
		i++
	}
	return tName, i
}

// quoted reads a string literal: h or H, then @, then the quotes.
func (l *lexer) quoted(start int) token {
	i := start
	if l.text[i] == 'h' || l.text[i] == 'H' {
		i++
	}
	verbatim := l.text[i] == '@'
	if verbatim {
		i++
	}
	q := l.text[i]
	var end int
	var closed bool
	if q == '`' || q == '~' {
		mark := l.text[i : i+3]
		if n := strings.Index(l.text[i+3:], mark); n >= 0 {
			end, closed = i+3+n+3, true
		} else {
			end = len(l.text)
		}
	} else {
		end, closed = quotedEnd(l.text, i+1, q, verbatim)
	}
	l.pos = end
	if !closed {
		l.report(stringNotClosed(source.Span{Start: end, End: end}, l.text, i, end))
	}
	return token{kind: tString, start: int32(start), end: int32(end)}
}

// quotedEnd finds the end of a string whose first character is at i. A string ends,
// unclosed, before a line break and before a backslash that begins no escape.
func quotedEnd(s string, i int, quote byte, verbatim bool) (end int, closed bool) {
	for i < len(s) {
		switch c := s[i]; {
		case c == quote && verbatim && i+1 < len(s) && s[i+1] == quote:
			i += 2
		case c == '\\' && !verbatim:
			n := escapeLength(s[i:])
			if n == 0 {
				return i, false
			}
			i += n
		case c == quote:
			return i + 1, true
		case c == '\r' || c == '\n':
			return i, false
		default:
			i++
		}
	}
	return i, false
}

// escapeLength is the length of the escape sequence that s begins with, 0 if it is none.
func escapeLength(s string) int {
	if len(s) < 2 {
		return 0
	}
	hex := func(n int) int {
		if len(s) < 2+n {
			return 0
		}
		for i := 2; i < 2+n; i++ {
			if !isHex(s[i]) {
				return 0
			}
		}
		return 2 + n
	}
	switch c := s[1]; c {
	case '\\', '\'', '"', 'a', 'b', 'f', 'n', 'r', 't', 'v':
		return 2
	case 'u':
		return hex(4)
	case 'U':
		return hex(8)
	case 'x':
		return hex(2)
	default:
		octal := func(i int) bool { return i < len(s) && s[i] >= '0' && s[i] <= '7' }
		switch {
		case !octal(1):
			return 0
		case !octal(2):
			return 2
		case c <= '3' && octal(3):
			return 4
		}
		return 3
	}
}
