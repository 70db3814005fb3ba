package syntax

// valueRule says what may stand after the '=' of an operator's modifier.
type valueRule uint8

const (
	anyValue    valueRule = iota // a constant or a word
	wordValue                    // one of the listed words
	newNameRule                  // a column to make
	columnValue                  // a column
	columnsRule                  // columns, separated by commas
	exprValue                    // a scalar expression
	signedReal                   // a number
)

// paramRule is one modifier that an operator knows.
type paramRule struct {
	name   string
	rule   valueRule
	values []string // of wordValue; empty for any word
	bare   bool     // written without '='
}

// The modifiers of each operator. Names that are no longer documented are kept:
// queries still have them.
var (
	hintStrategies = []string{"auto", "broadcast", "centralized", "shuffle"}
	joinRemotes    = []string{"auto", "left", "local", "right", "unresolved"}

	asParams       = []paramRule{{name: "hint.materialized"}}
	consumeParams  = []paramRule{{name: "decodeblocks"}}
	distinctParams = []paramRule{{name: "hint.shufflekey", rule: columnValue}, {name: "hint.strategy", rule: wordValue, values: hintStrategies}, {name: "hint.num_partitions"}}
	evaluateParams = []paramRule{
		{name: "hint.distribution", rule: wordValue, values: []string{"single", "per_node", "per_shard", "default"}},
		{name: "hint.remote", rule: wordValue, values: []string{"auto", "local"}},
	}
	findParams       = []paramRule{{name: "withsource", rule: newNameRule}, {name: "with_source", rule: newNameRule}}
	graphMatchParams = []paramRule{{name: "cycles", rule: wordValue, values: []string{"none", "all", "unique_edges"}}}
	shortestParams   = []paramRule{{name: "output", rule: wordValue, values: []string{"any", "all"}}}
	graphMarkParams  = []paramRule{{name: "kind", rule: wordValue, values: []string{"weak", "strong"}}, {name: "with_component_id", rule: newNameRule}}
	makeGraphParams  = []paramRule{{name: "hint.strategy", rule: wordValue, values: []string{"shuffle", "native"}}}
	graphEdgesParams = []paramRule{{name: "with_source_id", rule: newNameRule}, {name: "with_target_id", rule: newNameRule}}
	graphNodesParams = []paramRule{{name: "with_node_id", rule: newNameRule}}
	joinParams       = []paramRule{
		{name: "kind", rule: wordValue, values: []string{"inner", "fullouter", "innerunique", "leftanti", "leftantisemi", "anti", "leftouter", "leftsemi", "rightanti", "rightantisemi", "rightouter", "rightsemi"}},
		{name: "hint.remote", rule: wordValue, values: joinRemotes},
		{name: "hint.shufflekey", rule: columnValue},
		{name: "hint.strategy", rule: wordValue, values: hintStrategies},
		{name: "hint.num_partitions"},
	}
	lookupParams     = []paramRule{{name: "kind", rule: wordValue, values: []string{"inner", "leftouter"}}}
	makeSeriesParams = []paramRule{{name: "hint.shufflekey", rule: columnValue}, {name: "kind", rule: wordValue, values: []string{"nonempty"}}}
	mvApplyParams    = []paramRule{{name: "with_itemindex", rule: newNameRule}}
	mvExpandParams   = []paramRule{
		{name: "kind", rule: wordValue, values: []string{"bag", "array"}},
		{name: "bagexpansion", rule: wordValue, values: []string{"bag", "array"}},
		{name: "with_itemindex", rule: newNameRule},
	}
	parseParams   = []paramRule{{name: "kind", rule: wordValue, values: []string{"simple", "regex", "relaxed"}}, {name: "flags", rule: wordValue}}
	parseKVParams = []paramRule{{name: "pair_delimiter"}, {name: "kv_delimiter"}, {name: "regex"}, {name: "quote"}, {name: "escape"}, {name: "greedy"}}

	partitionParams = []paramRule{
		{name: "hint.concurrency", rule: wordValue, values: nil},
		{name: "hint.spread", rule: wordValue, values: nil},
		{name: "hint.materialized"},
		{name: "hint.shufflekey", rule: columnValue},
		{name: "hint.strategy", rule: wordValue, values: []string{"shuffle", "native", "legacy"}},
	}
	reduceParams    = []paramRule{{name: "threshold"}, {name: "characters"}}
	scanParams      = []paramRule{{name: "kind", rule: wordValue, values: []string{"partial", "full"}}, {name: "with_match_id", rule: newNameRule}}
	searchParams    = []paramRule{{name: "kind", rule: wordValue, values: []string{"default", "case_insensitive", "case_sensitive"}}}
	sortParams      = []paramRule{{name: "hint.strategy", rule: wordValue, values: []string{"splitBlock", "multipleBlocks"}}}
	summarizeParams = []paramRule{{name: "hint.shufflekey", rule: columnValue}, {name: "hint.strategy", rule: wordValue, values: []string{"shuffle"}}, {name: "hint.num_partitions"}}
	topParams       = []paramRule{{name: "hint.progressive_top"}}
	getSchemaParams = []paramRule{{name: "kind", rule: wordValue, values: []string{"csl"}}}
	toScalarParams  = []paramRule{{name: "kind", rule: wordValue, values: []string{"nooptimization"}}}
	unionParams     = []paramRule{
		{name: "kind", rule: wordValue, values: []string{"inner", "outer"}},
		{name: "withsource", rule: newNameRule}, {name: "with_source", rule: newNameRule},
		{name: "isfuzzy"}, {name: "__isFuzzy"}, {name: "best_effort"},
		{name: "hint.concurrency", rule: wordValue}, {name: "hint.spread", rule: wordValue},
	}

	renderOldParams = []paramRule{
		{name: "kind", rule: wordValue, values: chartKinds}, {name: "title", rule: exprValue}, {name: "accumulate"},
		{name: "with", bare: true}, {name: "by", rule: columnsRule, bare: true},
	}
	renderParams = []paramRule{
		{name: "kind", rule: wordValue, values: chartKinds}, {name: "title", rule: exprValue}, {name: "accumulate"},
		{name: "xcolumn", rule: columnValue}, {name: "ycolumns", rule: columnsRule}, {name: "anomalycolumns", rule: columnsRule},
		{name: "series", rule: columnsRule}, {name: "xtitle", rule: exprValue}, {name: "ytitle", rule: exprValue},
		{name: "xaxis", rule: wordValue, values: []string{"linear", "log"}}, {name: "yaxis", rule: wordValue, values: []string{"linear", "log"}},
		{name: "legend", rule: wordValue, values: []string{"visible", "hidden"}}, {name: "ysplit", rule: wordValue, values: []string{"none", "axes", "panels"}},
		{name: "ymin", rule: signedReal}, {name: "ymax", rule: signedReal}, {name: "xmin"}, {name: "xmax"},
	}
	chartKinds = []string{"default", "unstacked", "stacked", "stacked100", "map"}

	// commonParams are read after any operator that takes modifiers, so that one in the
	// wrong place is reported as what it is; the binder refuses it.
	commonParams = []paramRule{
		{name: "bagexpansion", rule: wordValue}, {name: "bin_legacy"}, {name: "__crossCluster"}, {name: "__crossDB"}, {name: "decodeblocks"},
		{name: "expandoutput"}, {name: "hint.concurrency", rule: wordValue}, {name: "hint.distribution", rule: wordValue}, {name: "hint.materialized"},
		{name: "hint.num_partitions"}, {name: "hint.pass_filters"}, {name: "hint.pass_filters_column", rule: columnValue}, {name: "hint.progressive_top"},
		{name: "hint.remote", rule: wordValue}, {name: "hint.shufflekey", rule: columnValue}, {name: "hint.spread", rule: wordValue},
		{name: "hint.strategy", rule: wordValue}, {name: "__id"}, {name: "isfuzzy"}, {name: "__isFuzzy"}, {name: "kind", rule: wordValue},
		{name: "__noWithSource"}, {name: "__packedColumn", rule: columnValue}, {name: "__sourceColumnIndex"}, {name: "cycles", rule: wordValue},
		{name: "with_match_id", rule: newNameRule}, {name: "with_itemindex", rule: newNameRule}, {name: "withsource", rule: newNameRule},
		{name: "with_source", rule: newNameRule}, {name: "with_step_name", rule: newNameRule}, {name: "force_remote"},
	}
)

func findParam(rules []paramRule, name string) *paramRule {
	for i := range rules {
		if rules[i].name == name {
			return &rules[i]
		}
	}
	return nil
}

// scanParam finds the rule of the modifier n tokens on. With equals, a name
// without '=' after it is no modifier; known admits the common ones.
func (p *parser) scanParam(rules []paramRule, known, equals bool, n int) *paramRule {
	t := p.ahead(n)
	if t.kind != tName && t.use&isKeyword == 0 {
		return nil
	}
	if followed := p.ahead(n+1).kind == tAssign; !followed && equals {
		return nil
	}
	name := p.text(t)
	if r := findParam(rules, name); r != nil {
		return r
	}
	if known {
		return findParam(commonParams, name)
	}
	return nil
}

// operatorParams reads the modifiers after an operator's name.
func (p *parser) operatorParams(rules []paramRule, equals bool) []*OpParam {
	var list []*OpParam
	for {
		r := p.scanParam(rules, true, equals, 0)
		if r == nil {
			return list
		}
		list = append(list, p.param(r))
	}
}

// operatorParam reads the one modifier that rules admit.
func (p *parser) operatorParam(rules []paramRule) *OpParam {
	if r := p.scanParam(rules, false, true, 0); r != nil {
		return p.param(r)
	}
	return nil
}

func (p *parser) param(r *paramRule) *OpParam {
	t := p.next()
	d := &OpParam{Name: p.text(t)}
	if !r.bare {
		p.expect(tAssign, "=")
	}
	d.Value = p.paramValue(r)
	d.At = p.at(t.start)
	return d
}

func (p *parser) paramValue(r *paramRule) Expr {
	var v Expr
	t := p.tok()
	switch r.rule {
	case wordValue:
		if word := p.text(t); (t.kind == tName || t.use&isKeyword != 0) && contains(r.values, word) {
			p.next()
			return &Name{At: At{t.span()}, Text: word}
		}
		v = p.anyParamValue()
		if n, ok := v.(*Name); ok && len(r.values) > 0 && n.Text != "" {
			p.report(notOneOf(n.Span, r.name, n.Text, r.values))
		}
	case newNameRule, columnValue:
		if v = p.nameExpr(); v == nil {
			v = p.anyParamValue()
		}
	case columnsRule:
		return p.columnList(r.bare)
	case exprValue:
		v = p.path()
	case signedReal:
		v = p.anyParamValue()
	default:
		v = p.anyParamValue()
	}
	if v == nil {
		what := "a value for " + r.name
		if len(r.values) > 0 {
			what = orList(r.values)
		}
		p.report(missingValue(p.gap(), what, p.found()))
		v = &Bad{At{p.gap()}}
	}
	return v
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func (p *parser) anyParamValue() Expr {
	if v := p.literal(); v != nil {
		return v
	}
	return p.nameExpr()
}

// columnList reads columns up to the next modifier.
func (p *parser) columnList(old bool) Expr {
	rules := renderParams
	if old {
		rules = renderOldParams
	}
	end := func(p *parser) bool {
		if old {
			return findParam(rules, p.text(p.tok())) != nil
		}
		if p.kind() == tComma {
			return p.scanParam(rules, true, false, 1) != nil || endsList(p.ahead(1).kind)
		}
		return p.scanParam(rules, true, true, 0) != nil || p.commonEnd()
	}
	start := p.tok().start
	item := func(p *parser) Expr {
		if p.scanParam(rules, false, true, 0) != nil {
			return nil
		}
		if n := p.newName(); n != nil {
			return n
		}
		return nil
	}
	l := &ColumnList{Items: commaList(p, listRule[Expr]{item: item, missing: (*parser).missingNameExpr, end: end, atLeast1: true})}
	l.At = p.at(start)
	return l
}
