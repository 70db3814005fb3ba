package bind

import (
	"strconv"
	"strings"

	"quarry/kql/diag"
	"quarry/kql/syntax"
	"quarry/kql/types"
)

// pattern declares a pattern: a name whose uses pick one of several bodies by the
// strings they give.
func (b *binder) pattern(st *syntax.Pattern) {
	name := st.Name.Text
	if prev := b.env.find(name); prev != nil && prev.let {
		b.report(st.Name.Span, errDuplicateLet(name))
	}
	params := st.Params
	if st.Path != nil {
		params = append(params[:len(params):len(params)], st.Path)
	}
	b.checkParams(&syntax.Function{Params: params})
	for _, p := range params {
		if p.Type != types.String {
			b.report(p.Span, errType("a string", p.Type))
		}
	}
	seen := map[string]bool{}
	for _, arm := range st.Arms {
		if len(arm.Values) != len(st.Params) {
			b.report(arm.Span, errArguments("the pattern "+name+" takes "+plural(len(st.Params), "argument")+", not "+itoa(len(arm.Values))))
			continue
		}
		if (arm.Path == nil) != (st.Path == nil) {
			text, hint := "the pattern "+name+" has no path", "leave out .[...]"
			if st.Path != nil {
				text, hint = "the pattern "+name+" has a path", `write ("value").["path"] = { query };`
			}
			b.report(arm.Span, errValue(text, hint))
			continue
		}
		key, ok := armKey(arm)
		if !ok {
			b.report(arm.Span, errValue("the pattern "+name+" is matched with strings", `write ("value") = { query };`))
		} else if seen[key] {
			b.report(arm.Span, errValue("the pattern "+name+" has two bodies for "+key, ""))
		}
		seen[key] = true
	}
	b.env = b.env.with(name, &binding{let: true, name: name, pattern: st, env: b.env})
}

// armKey is an arm's values and path as a use of the pattern writes them.
func armKey(arm *syntax.PatternArm) (string, bool) {
	path, ok := "", true
	if arm.Path != nil {
		if path, ok = stringLiteral(arm.Path); !ok {
			return "", false
		}
		path = ".[" + strconv.Quote(path) + "]"
	}
	values, ok := literalList(arm.Values)
	return values + path, ok
}

func literalList(list []syntax.Expr) (string, bool) {
	texts := make([]string, len(list))
	for i, x := range list {
		s, ok := stringLiteral(x)
		if !ok {
			return "", false
		}
		texts[i] = strconv.Quote(s)
	}
	return "(" + strings.Join(texts, ", ") + ")", true
}

func stringLiteral(x syntax.Expr) (string, bool) {
	l, ok := x.(*syntax.Literal)
	if !ok || l.Type != types.String {
		return "", false
	}
	s, ok := l.Value.(string)
	return s, ok
}

// application splits a use of a pattern, NAME(values) or NAME(values).path; the
// binding is nil when x is none.
func application(x syntax.Expr, env *scope) (bd *binding, call *syntax.Call, path *syntax.Name) {
	if p, ok := x.(*syntax.Path); ok {
		if path, ok = p.Name.(*syntax.Name); !ok {
			return nil, nil, nil
		}
		x = p.X
	}
	call, ok := x.(*syntax.Call)
	if !ok {
		return nil, nil, nil
	}
	if bd = env.find(call.Name.Text); bd == nil || bd.pattern == nil {
		return nil, nil, nil
	}
	return bd, call, path
}

// matched finds the arm that a use of a pattern picks, as a function and the call of
// it. Without one, fn is nil and the problem says why.
func matched(bd *binding, use *syntax.Call, path *syntax.Name) (fn *binding, call *syntax.Call, why problem) {
	st := bd.pattern
	if len(st.Arms) == 0 {
		return nil, nil, errNoMatch("the pattern "+bd.name+" is declared without a body", "give it one: declare pattern "+bd.name+` = (a:string) { ("value") = { query }; };`)
	}
	if len(use.Args) != len(st.Params) {
		return nil, nil, errArguments("the pattern " + bd.name + " takes " + plural(len(st.Params), "argument") + ", not " + itoa(len(use.Args)))
	}
	key, ok := literalList(use.Args)
	if !ok {
		return nil, nil, errValue("the arguments of the pattern "+bd.name+" are strings as they are", "write "+bd.name+`("value")`)
	}
	switch {
	case st.Path != nil && path == nil:
		return nil, nil, errArguments("the pattern " + bd.name + " needs a path: " + bd.name + key + `.["path"]`)
	case st.Path == nil && path != nil:
		return nil, nil, errArguments("the pattern " + bd.name + " has no path")
	case path != nil:
		key += ".[" + strconv.Quote(path.Text) + "]"
	}
	var known []string
	for _, arm := range st.Arms {
		k, ok := armKey(arm)
		if !ok || k != key {
			known = append(known, k)
			continue
		}
		lambda := &syntax.Function{At: arm.At, Params: st.Params, Body: arm.Body}
		call = &syntax.Call{At: use.At, Name: use.Name, Args: use.Args}
		if path != nil {
			lambda.Params = append(lambda.Params[:len(lambda.Params):len(lambda.Params)], st.Path)
			call.Args = append(call.Args[:len(call.Args):len(call.Args)],
				&syntax.Literal{At: path.At, Type: types.String, Value: path.Text})
		}
		return &binding{name: bd.name, fn: lambda, env: bd.env}, call, problem{}
	}
	hint := ""
	if near := diag.Nearest(key, known); near != "" {
		hint = "did you mean " + bd.name + near + "?"
	}
	return nil, nil, errNoMatch("the pattern "+bd.name+" has no body for "+key, hint)
}
