package syntax

// operatorRow ties an operator's name to the method that reads it; the current
// token is the name.
type operatorRow struct {
	name string
	read func(*parser) Op
}

// operators lists every tabular operator. Those that only name a refusal are read
// by unsupported.
var operators = newOperatorTable([]operatorRow{
	{"as", (*parser).as},
	{"assert-schema", (*parser).assertSchema},
	{"consume", (*parser).consume},
	{"count", (*parser).count},
	{"distinct", (*parser).distinct},
	{"evaluate", (*parser).evaluate},
	{"__executeAndCache", (*parser).executeAndCache},
	{"extend", (*parser).extend},
	{"facet", (*parser).facet},
	{"filter", (*parser).where},
	{"find", (*parser).find},
	{"fork", (*parser).fork},
	{"getschema", (*parser).getSchema},
	{"graph-mark-components", (*parser).graphMark},
	{"graph-match", (*parser).graphMatch},
	{"graph-shortest-paths", (*parser).graphShortestPaths},
	{"graph-to-table", (*parser).graphToTable},
	{"graph-where-edges", (*parser).graphWhere},
	{"graph-where-nodes", (*parser).graphWhere},
	{"inline_external_table", (*parser).inlineExternalTable},
	{"invoke", (*parser).invoke},
	{"join", (*parser).join},
	{"limit", (*parser).take},
	{"lookup", (*parser).lookup},
	{"macro-expand", (*parser).macroExpand},
	{"make-graph", (*parser).makeGraph},
	{"make-series", (*parser).makeSeries},
	{"mv-apply", (*parser).mvApply},
	{"mv-expand", (*parser).mvExpand},
	{"mvapply", (*parser).mvApply},
	{"mvexpand", (*parser).mvExpand},
	{"order", (*parser).sort},
	{"parse", (*parser).parse},
	{"parse-kv", (*parser).parseKV},
	{"parse-where", (*parser).parse},
	{"partition", (*parser).partition},
	{"__partitionby", (*parser).partitionBy},
	{"print", (*parser).printOp},
	{"project", (*parser).project},
	{"project-away", (*parser).projectAway},
	{"project-by-names", (*parser).projectByNames},
	{"project-keep", (*parser).projectAway},
	{"project-rename", (*parser).project},
	{"project-reorder", (*parser).projectReorder},
	{"range", (*parser).rangeOp},
	{"reduce", (*parser).reduce},
	{"render", (*parser).render},
	{"sample", (*parser).sample},
	{"sample-distinct", (*parser).sampleDistinct},
	{"scan", (*parser).scan},
	{"search", (*parser).search},
	{"serialize", (*parser).serialize},
	{"sort", (*parser).sort},
	{"summarize", (*parser).summarize},
	{"take", (*parser).take},
	{"top", (*parser).top},
	{"top-hitters", (*parser).topHitters},
	{"top-nested", (*parser).topNested},
	{"union", (*parser).union},
	{"where", (*parser).where},
})

// operatorTable is the list by token, and the names for "did you mean".
type operatorTable struct {
	read  [numKinds]func(*parser) Op
	names []string
}

func newOperatorTable(rows []operatorRow) *operatorTable {
	t := &operatorTable{}
	for _, r := range rows {
		t.read[keywords[r.name].kind] = r.read
		if r.name[0] != '_' {
			t.names = append(t.names, r.name)
		}
	}
	return t
}

// Operators returns the names of the tabular operators, in order.
func Operators() []string { return append([]string(nil), operators.names...) }

// operator reads the operator at the current token, nil when there is none.
func (p *parser) operator() Op {
	t := p.tok()
	read := p.table.read[t.kind]
	if read == nil {
		return nil
	}
	if !p.enter() {
		p.leave()
		return nil
	}
	op := read(p)
	p.leave()
	if op == nil {
		return nil
	}
	b := op.base()
	b.Key, b.Span = t.span(), p.since(t.start)
	return op
}

// scanOperator reports that the current token begins an operator even where a
// scalar expression could stand.
func (p *parser) scanOperator() bool {
	t := p.tok()
	if p.table.read[t.kind] == nil {
		return false
	}
	next := p.ahead(1)
	switch t.kind {
	case kwEvaluate:
		return p.scanName(1) > 0 || p.scanParam(nil, true, false, 1) != nil
	case kwFacet:
		return next.kind == kwBy
	case kwPartition, kwReduce:
		return next.kind == kwBy || p.scanParam(nil, true, false, 1) != nil
	case kwRange:
		n := p.scanName(1)
		return n > 0 && p.ahead(1+n).kind == kwFrom
	case kwInlineExternalTable:
		return next.kind == tLParen || next.kind == kwKind
	case kwRender:
		return next.kind == tName || next.use&(asName|isKeyword) != 0 && isChart(p.text(next)) || next.use&asName != 0
	case kwGraphShortestPaths, kwGraphWhereNodes, kwGraphWhereEdges:
		return false
	}
	return t.use&asName == 0
}
