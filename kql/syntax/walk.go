package syntax

// Walk visits n and, while visit returns true for a node, what is below it, in
// the order of the text. A chain of infix operators is walked without recursion.
func Walk(n Node, visit func(Node) bool) {
	switch n := n.(type) {
	case nil:
	case *Script:
		if visit(n) {
			for _, d := range n.Directives {
				visit(d)
			}
			walkStatements(n.Statements, visit)
		}
	case *Directive:
		visit(n)
	case Statement:
		walkStatement(n, visit)
	case Expr:
		walkExpr(n, visit)
	case Op:
		walkOp(n, visit)
	case *Param:
		walkParam(n, visit)
	case *OpParam:
		walkOpParams([]*OpParam{n}, visit)
	case *PatternArm:
		walkArm(n, visit)
	default:
		visit(n)
	}
}

func walkStatements(list []Statement, visit func(Node) bool) {
	for _, s := range list {
		walkStatement(s, visit)
	}
}

func walkStatement(s Statement, visit func(Node) bool) {
	if !visit(s) {
		return
	}
	switch s := s.(type) {
	case *Let:
		walkName(s.Name, visit)
		walkExpr(s.Value, visit)
	case *Set:
		walkName(s.Name, visit)
		walkExpr(s.Value, visit)
	case *Declare:
		walkParams(s.Params, visit)
	case *Alias:
		walkName(s.Name, visit)
		walkExpr(s.Value, visit)
	case *Restrict:
		walkExprs(s.Entities, visit)
		walkOpParams(s.Props, visit)
	case *Pattern:
		walkName(s.Name, visit)
		walkParams(s.Params, visit)
		if s.Path != nil {
			walkParam(s.Path, visit)
		}
		for _, a := range s.Arms {
			walkArm(a, visit)
		}
	case *Query:
		walkExpr(s.X, visit)
	}
}

func walkArm(a *PatternArm, visit func(Node) bool) {
	if visit(a) {
		walkExprs(a.Values, visit)
		walkExpr(a.Path, visit)
		walkStatements(a.Body, visit)
	}
}

func walkOp(op Op, visit func(Node) bool) {
	if visit(op) {
		walkOpParams(op.base().Params, visit)
		op.each(visit)
	}
}

func walkExprs(list []Expr, visit func(Node) bool) {
	for _, x := range list {
		walkExpr(x, visit)
	}
}

func walkName(n *Name, visit func(Node) bool) {
	if n != nil {
		visit(n)
	}
}

func walkKeys(keys []*Ordered, visit func(Node) bool) {
	for _, k := range keys {
		walkExpr(k, visit)
	}
}

func walkParams(list []*Param, visit func(Node) bool) {
	for _, d := range list {
		walkParam(d, visit)
	}
}

func walkParam(d *Param, visit func(Node) bool) {
	if visit(d) {
		walkName(d.Name, visit)
		walkParams(d.Columns, visit)
		walkExpr(d.Default, visit)
	}
}

func walkOpParams(list []*OpParam, visit func(Node) bool) {
	for _, d := range list {
		if visit(d) {
			walkExpr(d.Value, visit)
		}
	}
}

func walkExpr(x Expr, visit func(Node) bool) {
	if x == nil {
		return
	}
	if b, ok := x.(*Binary); ok {
		walkBinary(b, visit)
		return
	}
	if !visit(x) {
		return
	}
	switch x := x.(type) {
	case *TypeOf:
		walkParams(x.Columns, visit)
	case *Call:
		walkName(x.Name, visit)
		if x.Kind != nil {
			walkOpParams([]*OpParam{x.Kind}, visit)
		}
		walkExprs(x.Args, visit)
	case *Path:
		walkExpr(x.X, visit)
		walkExpr(x.Name, visit)
	case *Index:
		walkExpr(x.X, visit)
		walkExpr(x.Key, visit)
	case *Unary:
		walkExpr(x.X, visit)
	case *In:
		walkExpr(x.X, visit)
		walkExprs(x.List, visit)
	case *Between:
		walkExpr(x.X, visit)
		walkExpr(x.Low, visit)
		walkExpr(x.High, visit)
	case *Assign:
		for _, n := range x.Names {
			walkName(n, visit)
		}
		walkExpr(x.X, visit)
	case *Paren:
		walkExpr(x.X, visit)
	case *Ordered:
		walkExpr(x.X, visit)
	case *Typed:
		walkExpr(x.X, visit)
	case *Pipe:
		walkExpr(x.Source, visit)
		for _, op := range x.Ops {
			walkOp(op, visit)
		}
	case *DataTable:
		walkOpParams(x.Params, visit)
		walkParams(x.Columns, visit)
		walkExprs(x.Values, visit)
	case *ExternalData:
		walkOpParams(x.Params, visit)
		walkParams(x.Columns, visit)
		walkExprs(x.URIs, visit)
		walkOpParams(x.Props, visit)
	case *Function:
		walkParams(x.Params, visit)
		walkStatements(x.Body, visit)
	case *EntityGroup:
		walkExprs(x.Items, visit)
	case *ColumnList:
		walkExprs(x.Items, visit)
	}
}

func walkBinary(b *Binary, visit func(Node) bool) {
	var open []*Binary // visited, right side still to come
	for visit(b) {
		open = append(open, b)
		l, ok := b.L.(*Binary)
		if !ok {
			walkExpr(b.L, visit)
			break
		}
		b = l
	}
	for i := len(open) - 1; i >= 0; i-- {
		walkExpr(open[i].R, visit)
	}
}
