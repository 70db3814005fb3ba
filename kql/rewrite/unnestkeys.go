package rewrite

import (
	"slices"
	"strings"

	"quarry/kql/builtin"
	"quarry/kql/plan"
	"quarry/kql/types"
)

// unnestKeys has mv-expand read the keys of its elements that are asked for above, where
// nothing else of the elements is: they need not be written one by one, and parsed again.
//
// It is exact because a path leads to the same from the element and from the array that it
// lies in. It is not wider because a struct has no two fields that differ in case only, and
// none that are one within the other.
func unnestKeys(root *plan.Root) *plan.Root {
	var last plan.ID
	for _, n := range nodes(root) {
		last = max(last, largest(n))
	}
	return mapRoot(root, func(n plan.Node) plan.Node {
		if k := elementsBelow(n); k != nil && k.look() {
			return k.apply(&last)
		}
		return n
	})
}

// keyReaders are the nodes over an Unnest up to the one that does not hand elements on.
type keyReaders struct {
	unnest *plan.Unnest
	nodes  []plan.Node // from the lowest
	ids    ids         // the columns that are elements
	keys   []plan.KeyOf
}

// elementsBelow finds the Unnest that a node stands over, with but filters and projections
// between.
func elementsBelow(n plan.Node) *keyReaders {
	switch n.(type) {
	case *plan.Aggregate, *plan.Project:
	default:
		return nil
	}
	k := &keyReaders{ids: ids{}}
	for {
		switch m := n.(type) {
		case *plan.Unnest:
			if len(m.Items) != 1 || m.Limit != nil || len(m.Items[0].Keys) > 0 {
				return nil
			}
			k.unnest = m
			slices.Reverse(k.nodes)
			return k
		case *plan.Aggregate:
			if m.Order != nil || len(k.nodes) > 0 {
				return nil
			}
		case *plan.Project:
			if m.Order != nil || len(m.Partition) > 0 {
				return nil
			}
		case *plan.Filter:
			if m.Order != nil {
				return nil
			}
		default:
			return nil
		}
		k.nodes = append(k.nodes, n)
		n = n.Inputs()[0]
	}
}

// look notes the keys that are read. It is false where an element itself is.
func (k *keyReaders) look() bool {
	good := true
	k.ids.add(k.unnest.Items[0].Col.ID)
	for i, n := range k.nodes {
		p, _ := n.(*plan.Project)
		if p == nil {
			plan.Exprs(n, func(e plan.Expr) { good = good && k.reads(e) })
			continue
		}
		for _, it := range p.Items {
			if k.element(it.Expr) {
				k.ids.add(it.Col.ID)
				good = good && i < len(k.nodes)-1
			} else {
				good = good && k.reads(it.Expr)
			}
		}
	}
	return good && len(k.keys) > 0
}

func (k *keyReaders) element(e plan.Expr) bool {
	ref, ok := e.(plan.ColRef)
	return ok && k.ids.has(ref.ID)
}

// reads notes the keys that an expression reads.
func (k *keyReaders) reads(e plan.Expr) bool {
	if path, t := k.path(e); path != nil {
		return k.add(path, t)
	}
	switch e := e.(type) {
	case plan.ColRef:
		return !k.ids.has(e.ID)
	case *plan.Call:
		return !slices.ContainsFunc(e.Args, func(a plan.Expr) bool { return !k.reads(a) })
	case *plan.InQuery:
		return k.reads(e.X)
	}
	return true
}

// path is the path that an expression reads of an element, and whether as a text.
func (k *keyReaders) path(e plan.Expr) ([]string, types.Type) {
	c, ok := e.(*plan.Call)
	t := types.Dynamic
	if ok && c.Row.Name() == "tostring" {
		t = types.String
		c, ok = c.Args[0].(*plan.Call)
	}
	var path []string
	for ok && c.Row.Name() == builtin.KeyRow {
		key, isConst := c.Args[1].(plan.Const)
		name, _ := key.Value.(string)
		if !isConst || !plan.PlainKey(name) {
			return nil, t
		}
		path = append(path, name)
		if k.element(c.Args[0]) {
			slices.Reverse(path)
			return path, t
		}
		c, ok = c.Args[0].(*plan.Call)
	}
	return nil, t
}

// add notes a key, unless it cannot be beside the others.
func (k *keyReaders) add(path []string, t types.Type) bool {
	for i, old := range k.keys {
		same := min(len(old.Path), len(path))
		for j := range same {
			if old.Path[j] == path[j] {
				continue
			}
			if strings.EqualFold(old.Path[j], path[j]) {
				return false
			}
			same = -1
			break
		}
		switch {
		case same < 0:
		case len(old.Path) != len(path):
			return false
		default:
			if t != old.Col.Type { // the text can be made of the value
				k.keys[i].Col.Type = types.Dynamic
			}
			return true
		}
	}
	k.keys = append(k.keys, plan.KeyOf{Path: path, Col: plan.Col{Name: strings.Join(path, "_"), Type: t}})
	return true
}

// apply makes the nodes anew, over an Unnest that reads the keys.
func (k *keyReaders) apply(last *plan.ID) plan.Node {
	for i := range k.keys {
		*last++
		k.keys[i].Col.ID = *last
	}
	u := *k.unnest
	u.Items = slices.Clone(u.Items)
	u.Items[0].Keys = k.keys
	var in plan.Node = &u
	for _, n := range k.nodes {
		switch n := n.(type) {
		case *plan.Filter:
			in = &plan.Filter{In: in, Pred: n.Pred}
		case *plan.Aggregate:
			in = &plan.Aggregate{In: in, Keys: n.Keys, Aggs: n.Aggs}
		case *plan.Project:
			in = &plan.Project{In: in, Items: k.handedOn(n.Items)}
		}
		in = plan.MapCalls(in, func(c *plan.Call) plan.Expr {
			if path, t := k.path(c); path != nil {
				if col := k.key(path); col.Type == t {
					return plan.ColRef{ID: col.ID, T: t}
				}
			}
			return c
		})
	}
	return in
}

// handedOn are the items of a projection with keys in the place of elements.
func (k *keyReaders) handedOn(items []plan.Item) []plan.Item {
	var out []plan.Item
	done := false
	for _, it := range items {
		switch {
		case !k.element(it.Expr):
			out = append(out, it)
		case !done:
			done = true
			for _, key := range k.keys {
				out = append(out, plan.Item{Col: key.Col, Expr: plan.ColRef{ID: key.Col.ID, T: key.Col.Type}})
			}
		}
	}
	return out
}

func (k *keyReaders) key(path []string) plan.Col {
	i := slices.IndexFunc(k.keys, func(key plan.KeyOf) bool { return slices.Equal(key.Path, path) })
	return k.keys[i].Col
}
