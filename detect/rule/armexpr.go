package rule

import (
	"errors"
	"strconv"
	"strings"
)

// armScope is what a template expression such as [variables('id')] can refer to: the
// variables of a template and the defaults of its parameters, then those of the
// template around it.
type armScope struct {
	variables, parameters *Node
	outer                 *armScope
	steps                 *int // calls left for the whole file
}

// Bounds on one expression: variables may refer to each other.
const (
	maxARMDepth = 24
	maxARMText  = 1 << 20
	maxARMSteps = 200_000
)

var errARM = errors.New("only a deployment knows its value")

// isARM recognises an expression: text in brackets, unless the first one is doubled.
func isARM(s string) bool {
	return strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") && !strings.HasPrefix(s, "[[")
}

// plainARM takes away the bracket that keeps text in brackets from being an expression.
func plainARM(s string) string {
	if strings.HasPrefix(s, "[[") && strings.HasSuffix(s, "]") {
		return s[1:]
	}
	return s
}

// quoteARM is the reverse of plainARM.
func quoteARM(s string) string {
	if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		return "[" + s
	}
	return s
}

// resolve replaces the expressions below n that the template itself answers. The
// others stay as they are.
func (s *armScope) resolve(n *Node) {
	if n.kind == scalar && n.quoted {
		if !isARM(n.text) {
			n.text = plainARM(n.text)
		} else if v, err := s.eval(n.text[1:len(n.text)-1], 0); err == nil && v.kind == scalar {
			n.text = v.text
		}
	}
	if n.kind == object && n.get("resources") != nil && s.variables != n.get("variables") {
		s = &armScope{n.get("variables"), n.get("parameters"), s, s.steps}
	}
	for i, k := range n.kids {
		if n.kind != object || !strings.EqualFold(n.keys[i], "variables") && !strings.EqualFold(n.keys[i], "parameters") {
			s.resolve(k)
		}
	}
}

func (s *armScope) eval(text string, depth int) (*Node, error) {
	p := &armParser{scope: s, text: text, depth: depth}
	v, err := p.expr()
	if err == nil && strings.TrimSpace(p.text) != "" {
		err = errARM
	}
	return v, err
}

// value is a node whose own text may be an expression again.
func (s *armScope) value(n *Node, depth int) (*Node, error) {
	if n == nil || depth > maxARMDepth {
		return nil, errARM
	}
	if n.kind != scalar || !n.quoted {
		return n, nil
	}
	if isARM(n.text) {
		return s.eval(n.text[1:len(n.text)-1], depth+1)
	}
	return textNode(plainARM(n.text)), nil
}

// armParser reads 'text', 12, name(arguments) and what follows them: .member, ['member'], [0].
type armParser struct {
	scope *armScope
	text  string
	depth int
}

func (p *armParser) next() byte {
	p.text = strings.TrimLeft(p.text, " \t\r\n")
	if p.text == "" {
		return 0
	}
	return p.text[0]
}

func (p *armParser) take(c byte) bool {
	if p.next() != c {
		return false
	}
	p.text = p.text[1:]
	return true
}

func (p *armParser) expr() (*Node, error) {
	if p.depth++; p.depth > maxARMDepth {
		return nil, errARM
	}
	defer func() { p.depth-- }()
	var v *Node
	switch c := p.next(); {
	case c == '\'':
		s, err := p.str()
		if err != nil {
			return nil, err
		}
		v = textNode(s)
	case c >= '0' && c <= '9' || c == '-':
		n := 1
		for n < len(p.text) && p.text[n] >= '0' && p.text[n] <= '9' {
			n++
		}
		v, p.text = plainNode(p.text[:n]), p.text[n:]
	default:
		name := p.word()
		if name == "" || !p.take('(') {
			return nil, errARM
		}
		var args []*Node
		for !p.take(')') {
			if len(args) > 0 && !p.take(',') {
				return nil, errARM
			}
			a, err := p.expr()
			if err != nil {
				return nil, err
			}
			args = append(args, a)
		}
		var err error
		if v, err = p.call(strings.ToLower(name), args); err != nil {
			return nil, err
		}
	}
	return p.members(v)
}

func (p *armParser) members(v *Node) (*Node, error) {
	for {
		var key string
		switch {
		case p.take('.'):
			key = p.word()
		case p.take('['):
			k, err := p.expr()
			if err != nil || !p.take(']') {
				return nil, errARM
			}
			key = k.text
		default:
			return v, nil
		}
		if v.kind == list {
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(v.kids) {
				return nil, errARM
			}
			v = v.kids[i]
		} else {
			v = v.get(key)
		}
		var err error
		if v, err = p.scope.value(v, p.depth); err != nil {
			return nil, err
		}
	}
}

func (p *armParser) word() string {
	p.next()
	n := 0
	for n < len(p.text) && (p.text[n] == '_' || p.text[n] >= '0' && p.text[n] <= '9' || p.text[n]|0x20 >= 'a' && p.text[n]|0x20 <= 'z') {
		n++
	}
	w := p.text[:n]
	p.text = p.text[n:]
	return w
}

func (p *armParser) str() (string, error) {
	var b strings.Builder
	for i := 1; i < len(p.text); i++ {
		if p.text[i] != '\'' {
			b.WriteByte(p.text[i])
		} else if i+1 < len(p.text) && p.text[i+1] == '\'' {
			b.WriteByte('\'')
			i++
		} else {
			p.text = p.text[i+1:]
			return b.String(), nil
		}
	}
	return "", errARM
}

// call knows the functions that name things in templates; the rest asks for a deployment.
func (p *armParser) call(name string, args []*Node) (*Node, error) {
	var texts []string
	for _, a := range args {
		if a.kind != scalar {
			return nil, errARM
		}
		texts = append(texts, a.text)
	}
	if *p.scope.steps--; len(args) == 0 || *p.scope.steps < 0 {
		return nil, errARM
	}
	switch name {
	case "variables":
		return p.lookup(func(s *armScope) *Node { return s.variables.get(texts[0]) })
	case "parameters":
		return p.lookup(func(s *armScope) *Node { return s.parameters.get(texts[0]).get("defaultValue") })
	case "concat":
		out := strings.Join(texts, "")
		if len(out) > maxARMText {
			return nil, errARM
		}
		return textNode(out), nil
	case "string":
		return textNode(texts[0]), nil
	case "tolower":
		return textNode(strings.ToLower(texts[0])), nil
	case "toupper":
		return textNode(strings.ToUpper(texts[0])), nil
	case "trim":
		return textNode(strings.TrimSpace(texts[0])), nil
	}
	return nil, errARM
}

func (p *armParser) lookup(in func(*armScope) *Node) (*Node, error) {
	for s := p.scope; s != nil; s = s.outer {
		if v := in(s); v != nil {
			return s.value(v, p.depth)
		}
	}
	return nil, errARM
}

func textNode(s string) *Node  { return &Node{kind: scalar, text: s, quoted: true} }
func plainNode(s string) *Node { return &Node{kind: scalar, text: s} }
