package bind

import (
	"fmt"
	"slices"
	"strings"

	"quarry/kql/diag"
	"quarry/kql/source"
	"quarry/kql/types"
)

// problem is a message before it has a place.
type problem struct {
	code  diag.Code
	text  string
	hint  string
	needs string
	name  string // that is unknown
}

// report notes an error and lets binding go on.
func (b *binder) report(at source.Span, p problem) {
	b.failed = true
	if len(b.list.Items) < maxReported {
		b.list.Items = append(b.list.Items, diag.Diagnostic{Code: p.code, Span: at, Message: p.text, Hint: p.hint, Needs: p.needs, Name: p.name})
	}
}

// warn notes a remark that does not stop the query.
func (b *binder) warn(at source.Span, p problem) {
	if len(b.list.Items) < maxReported {
		b.list.Items = append(b.list.Items, diag.Diagnostic{Code: p.code, Span: at, Message: p.text, Hint: p.hint, Needs: p.needs, Name: p.name, Warning: true})
	}
}

// fail notes an error that leaves nothing to go on with.
func (b *binder) fail(at source.Span, p problem) {
	b.report(at, p)
	panic(bail{})
}

// unread fails the query because data could not be read for its columns. Who runs the
// query may know what to do about err.
func (b *binder) unread(at source.Span, op string, err error) {
	b.list.Cause = err
	b.fail(at, errColumnsAfterData(op, err))
}

// hasErrors reports a diagnostic that is no warning.
func (b *binder) hasErrors() bool {
	return slices.ContainsFunc(b.list.Items, func(d diag.Diagnostic) bool { return !d.Warning })
}

// sortList sorts the diagnostics by their place in the text, as a reader meets them,
// and drops what was said twice: an expression may be bound more than once.
func (b *binder) sortList() {
	slices.SortStableFunc(b.list.Items, func(x, y diag.Diagnostic) int { return x.Span.Start - y.Span.Start })
	b.list.Items = slices.Compact(b.list.Items)
}

// maxReported bounds the diagnostics of one query.
const maxReported = 50

func didYouMean(name string, candidates []string) string {
	if n := diag.Nearest(name, candidates); n != "" {
		return fmt.Sprintf("did you mean %q?", n)
	}
	return ""
}

func errNoQuery() problem {
	return problem{code: "KQ200", text: "the text has no query to run", hint: "a query ends with a table, an operator chain or an expression"}
}
func errUnknownTable(name string, known []string) problem {
	hint := didYouMean(name, known)
	if hint == "" {
		hint = "give its data with --data, or its columns with --schema"
	}
	return problem{code: "KQ201", name: name, text: fmt.Sprintf("unknown table %q", name), hint: hint}
}
func errUnknownName(name string, known []string) problem {
	return problem{code: "KQ202", name: name, text: fmt.Sprintf("unknown name %q", name), hint: didYouMean(name, known)}
}
func errUnknownFunction(name string, known []string) problem {
	return problem{code: "KQ203", name: name, text: fmt.Sprintf("unknown function %q", name), hint: didYouMean(name, known)}
}
func errUnknownColumn(name string, known []string) problem {
	return problem{code: "KQ204", name: name, text: fmt.Sprintf("unknown column %q", name), hint: didYouMean(name, known)}
}
func errDuplicateLet(name string) problem {
	return problem{code: "KQ205", text: fmt.Sprintf("%q is already defined by a let statement", name), hint: "give it another name"}
}
func errDuplicateColumn(name string) problem {
	return problem{code: "KQ206", text: fmt.Sprintf("the column %q is named twice", name), hint: "give one of them another name"}
}
func errNoPattern(pattern string) problem {
	return problem{code: "KQ207", text: fmt.Sprintf("no column matches %q", pattern)}
}
func errParameterMissing(name string) problem {
	return problem{code: "KQ208", text: fmt.Sprintf("the query parameter %q has no value", name), hint: "set it with the request or give it a default"}
}
func errParameterValue(name, raw string, t types.Type) problem {
	return problem{code: "KQ209", text: fmt.Sprintf("%q is not a %s, the type of query parameter %q", raw, t, name)}
}
func errNotTable(name string) problem {
	return problem{code: "KQ210", text: fmt.Sprintf("%s is not a table", name), hint: "a table, a let table or an operator chain is needed here"}
}
func errIsTable(name string) problem {
	return problem{code: "KQ211", text: fmt.Sprintf("%s is a table where one value is needed", name), hint: "toscalar() takes the first value of a table"}
}
func errCallFunction(name string) problem {
	return problem{code: "KQ212", text: fmt.Sprintf("%q is a function", name), hint: "call it: " + name + "()"}
}
func errTooDeep(name string) problem {
	return problem{code: "KQ213", text: fmt.Sprintf("calls of %q are nested too deeply", name), hint: "functions cannot call themselves"}
}
func errNoMatch(text, hint string) problem {
	return problem{code: "KQ214", text: text, hint: hint}
}
func errTooLarge(what, why string) problem {
	return problem{code: "KQ214", text: what + " is too large when it is written out", hint: why}
}
func errType(want string, got types.Type) problem {
	return problem{code: "KQ301", text: fmt.Sprintf("%s is needed here, not a %s", want, got)}
}
func errArguments(text string) problem { return problem{code: "KQ302", text: text} }
func errOperands(op string, l, r types.Type) problem {
	p := problem{code: "KQ303", text: fmt.Sprintf("%s is not defined for %s and %s", op, l, r)}
	switch {
	case l == types.Dynamic && r == types.Dynamic:
		p.hint = "convert both sides, as with tostring() or tolong()"
	case l == types.String && r.Numeric():
		p.hint = "convert one side: tolong() or tostring()"
	}
	return p
}
func errNoConversion(from, to types.Type) problem {
	return problem{code: "KQ304", text: fmt.Sprintf("a %s cannot become a %s", from, to)}
}
func errNotConstant(what string) problem {
	return problem{code: "KQ305", text: what + " must be a constant", hint: "only literals, let constants and functions of them are known before the query runs"}
}
func errAggregateHere(name string) problem {
	return problem{code: "KQ306", text: fmt.Sprintf("the aggregate %s() is not allowed here", name), hint: "aggregates stand in summarize"}
}
func errNoAggregate() problem {
	return problem{code: "KQ307", text: "an aggregate is needed here", hint: "a column belongs after by; take_any() picks one of its values"}
}
func errNotSerialized(name string) problem {
	return problem{code: "KQ308", text: fmt.Sprintf("%s() needs rows in a defined order", name), hint: "sort the rows first, or add | serialize"}
}
func errDynamicKey(what string) problem {
	return problem{code: "KQ309", text: what + " cannot be dynamic", hint: "convert it, as with tostring()"}
}
func errJoinTypes(name string, l, r types.Type) problem {
	return problem{code: "KQ310", text: fmt.Sprintf("the join key %s is %s on the left and %s on the right", name, l, r), hint: "convert one side before the join"}
}
func errJoinCondition() problem {
	return problem{code: "KQ311", text: "a join condition is a column name or $left.a == $right.b", hint: "put other conditions in a where after the join"}
}
func errChoice(what, got string, want []string) problem {
	h := "one of " + strings.Join(want, ", ")
	if n := didYouMean(got, want); n != "" {
		h = n + " (" + h + ")"
	}
	return problem{code: "KQ312", text: fmt.Sprintf("%q is not a %s", got, what), hint: h}
}
func errColumnCount(values, columns int) problem {
	return problem{code: "KQ313", text: fmt.Sprintf("%d values do not fill rows of %d columns", values, columns)}
}
func errValue(text, hint string) problem { return problem{code: "KQ314", text: text, hint: hint} }
func errOutputs(name string, have, want int) problem {
	return problem{code: "KQ315", text: fmt.Sprintf("%s gives %s where %d names are written", name, plural(have, "column"), want)}
}
func errRefused(what, why string) problem {
	return problem{code: "KQ401", text: what + ": " + why}
}
func errNeeds(what, hint string) problem {
	return problem{code: "KQ501", text: "the query needs " + what, hint: hint, needs: what}
}
func errColumnsAfterData(op string, err error) problem {
	return problem{code: "KQ402", text: fmt.Sprintf("the columns of %s depend on the data, and its input cannot be read now: %v", op, err)}
}

func errGraphResult() problem {
	return errValue("a graph is no result", "end it with graph-match, graph-shortest-paths or graph-to-table")
}

func errDuplicateStep(name string) problem {
	return errValue("the step \""+name+"\" is named twice", "give it another name")
}

func errUnknownPlugin(name string, known []string) problem {
	return problem{code: "KQ203", text: "unknown plug-in \"" + name + "\"", hint: didYouMean(name, known)}
}

func errBagConflict(name string) problem {
	return problem{code: "KQ206", text: "bag_unpack makes a column \"" + name + "\", which the input has already",
		hint: "say columnsConflict='keep_source' or 'replace_source', or give a prefix"}
}
