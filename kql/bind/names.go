package bind

import (
	"strconv"
	"strings"

	"quarry/kql/builtin"
	"quarry/kql/plan"
	"quarry/kql/source"
	"quarry/kql/syntax"
	"quarry/kql/types"
)

// uniqueNames hands out column names the way Kusto does: a taken name gets the
// smallest free numeric suffix, and the search goes on from the last one used.
type uniqueNames struct {
	taken map[string]bool
	last  map[string]int
	// input are the columns of the operator's input: a generated ColumnN avoids them.
	input *rows
}

func newNames(cols ...plan.Col) *uniqueNames {
	u := &uniqueNames{taken: make(map[string]bool, len(cols)), last: map[string]int{}}
	for _, c := range cols {
		u.taken[c.Name] = true
	}
	return u
}

// over makes generated names avoid the columns of r.
func (u *uniqueNames) over(r *rows) *uniqueNames {
	u.input = r
	return u
}

func (u *uniqueNames) add(name string) string {
	if !u.taken[name] {
		u.taken[name] = true
		return name
	}
	for n := u.last[name] + 1; ; n++ {
		if c := name + strconv.Itoa(n); !u.taken[c] {
			u.last[name] = n
			u.taken[c] = true
			return c
		}
	}
}

// autoName is the name an expression gives its column when none is written; ""
// when it gives none.
func (b *binder) autoName(x syntax.Expr) string {
	switch x := x.(type) {
	case *syntax.Name:
		return x.Text
	case *syntax.Paren:
		return b.autoName(x.X)
	case *syntax.Typed:
		return b.autoName(x.X)
	case *syntax.Ordered:
		return b.autoName(x.X)
	case *syntax.Path:
		if n, ok := x.X.(*syntax.Name); ok && (n.Text == "$left" || n.Text == "$right") {
			return b.autoName(x.Name)
		}
		if base, member := b.autoName(x.X), b.autoName(x.Name); base != "" && member != "" {
			return base + "_" + member
		}
	case *syntax.Index:
		base := b.autoName(x.X)
		if base == "" {
			return ""
		}
		if l, ok := x.Key.(*syntax.Literal); ok {
			switch v := l.Value.(type) {
			case string:
				return base + "_" + identifier(v)
			case int64:
				if v >= 0 {
					return base + "_" + strconv.FormatInt(v, 10)
				}
			}
		}
	case *syntax.Call:
		return b.callName(x)
	}
	return ""
}

func (b *binder) callName(x *syntax.Call) string {
	rows := b.table.Aggregate(x.Name.Text)
	if rows == nil {
		rows = b.table.Scalar(x.Name.Text)
	}
	if rows == nil {
		return ""
	}
	first := ""
	if len(x.Args) > 0 {
		first = b.argumentName(x.Args[0])
	}
	r := rows[0]
	switch r.ResultName {
	case builtin.NameFirstArg:
		return first
	case builtin.NamePrefixArg:
		return r.Prefix + "_" + first
	case builtin.NamePrefix:
		return r.Prefix
	case builtin.NameFuncArg:
		return x.Name.Text + "_" + first
	case builtin.NameOnlyArg:
		if len(x.Args) == 1 {
			return first
		}
	case builtin.NameArgSuffix:
		if first != "" {
			return first + r.Prefix
		}
	case builtin.NameTwoArgs:
		for i := len(x.Args) - 1; i > 0; i-- {
			if last := b.autoName(x.Args[i]); last != "" {
				return r.Prefix + "_" + first + "_" + last
			}
			if l, ok := x.Args[i].(*syntax.Literal); ok {
				return r.Prefix + "_" + first + "_" + builtin.NumberName(l.Value)
			}
		}
		return r.Prefix + "_" + first
	}
	return ""
}

// argumentName is the name that a call's first argument lends to its result.
func (b *binder) argumentName(a syntax.Expr) string {
	if as, ok := a.(*syntax.Assign); ok {
		return as.Names[0].Text
	}
	return b.autoName(a)
}

// identifier makes a column name of a bag key.
func identifier(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r > 127 {
			b.WriteRune(r)
		} else {
			b.WriteByte('_')
		}
	}
	return b.String()
}

// match reports whether a column name fits a wildcard pattern.
func match(pattern, name string) bool {
	part, rest, more := strings.Cut(pattern, "*")
	if !more {
		return pattern == name
	}
	if !strings.HasPrefix(name, part) {
		return false
	}
	for name = name[len(part):]; ; {
		part, rest, more = strings.Cut(rest, "*")
		if !more {
			return strings.HasSuffix(name, part)
		}
		i := strings.Index(name, part)
		if i < 0 {
			return false
		}
		name = name[i+len(part):]
	}
}

// zero is the value of a column that has none: empty for strings, null otherwise.
func zero(t types.Type) plan.Const {
	if t == types.String {
		return plan.Const{T: t, Value: ""}
	}
	return plan.Const{T: t}
}

// outputName is the name of one of several outputs of a call; see builtin.Output.
func (b *binder) outputName(name string, call syntax.Expr) string {
	if !strings.Contains(name, "{") {
		return name
	}
	var args []syntax.Expr
	if s, ok := call.(*syntax.Call); ok {
		args = s.Args
	}
	if len(args) > 0 {
		name = strings.ReplaceAll(name, "{}", b.argumentName(args[0]))
	}
	for i, a := range args {
		if slot := "{" + strconv.Itoa(i) + "}"; strings.Contains(name, slot) {
			arg := b.argumentName(a)
			if arg == "" {
				arg = "array" + strconv.Itoa(i)
			}
			name = strings.ReplaceAll(name, slot, arg)
		}
	}
	return strings.ReplaceAll(name, "{}", "")
}

func keySpan(x syntax.Expr) source.Span {
	if as, ok := x.(*syntax.Assign); ok {
		return as.X.Pos()
	}
	return x.Pos()
}
