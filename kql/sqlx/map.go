package sqlx

// Walk calls visit for every part of an expression, larger parts first. Text that was
// printed already is one part.
func Walk(e Expr, visit func(Expr)) {
	visit(e)
	switch x := e.(type) {
	case Func:
		walkAll(x.Args, visit)
	case Op:
		walkAll(x.Args, visit)
	case Prefix:
		Walk(x.X, visit)
	case Postfix:
		Walk(x.X, visit)
	case Cast:
		Walk(x.X, visit)
	case Case:
		for _, w := range x.When {
			Walk(w.Cond, visit)
			Walk(w.Then, visit)
		}
		if x.Else != nil {
			Walk(x.Else, visit)
		}
	case InList:
		Walk(x.X, visit)
		walkAll(x.List, visit)
	case Parts:
		for _, p := range x {
			if sub, ok := p.(Expr); ok {
				Walk(sub, visit)
			}
		}
	}
}

func walkAll(list []Expr, visit func(Expr)) {
	for _, e := range list {
		Walk(e, visit)
	}
}

// Map copies an expression with f applied to every part, smaller parts first. Text that
// was printed already is one part.
func Map(e Expr, f func(Expr) Expr) Expr {
	list := func(es []Expr) []Expr {
		out := make([]Expr, len(es))
		for i, x := range es {
			out[i] = Map(x, f)
		}
		return out
	}
	switch x := e.(type) {
	case Func:
		e = Func{x.Name, list(x.Args)}
	case Op:
		e = Op{x.Op, list(x.Args)}
	case Prefix:
		e = Prefix{x.Op, Map(x.X, f)}
	case Postfix:
		e = Postfix{Map(x.X, f), x.Op}
	case Cast:
		e = Cast{Map(x.X, f), x.Type, x.Try}
	case Case:
		c := Case{When: make([]When, len(x.When))}
		for i, w := range x.When {
			c.When[i] = When{Map(w.Cond, f), Map(w.Then, f)}
		}
		if x.Else != nil {
			c.Else = Map(x.Else, f)
		}
		e = c
	case InList:
		e = InList{Map(x.X, f), x.Not, list(x.List)}
	case Parts:
		parts := make(Parts, len(x))
		for i, p := range x {
			if sub, ok := p.(Expr); ok {
				p = Map(sub, f)
			}
			parts[i] = p
		}
		e = parts
	}
	return f(e)
}
