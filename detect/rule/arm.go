package rule

import (
	"regexp"
	"slices"
	"strings"
)

var guidText = regexp.MustCompile(`[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}`)

// What an ARM template keeps for a rule that the service does not store: a member of
// the resource's metadata, which Azure ignores. See asideOf and restore.
const (
	asideKey = "rule"  // fields of the rule's YAML
	addedKey = "added" // properties that the service demands and the rule does not have
)

// export finds the rules in a JSON file: ARM templates of alert rules, saved
// searches and summary rules at any depth (a solution's mainTemplate nests templates
// in resources), Defender custom detections, and plain lists of rules in Sentinel's schema.
func (r *reader) export(n *Node) {
	if n.get("resources") != nil {
		steps := maxARMSteps
		(&armScope{steps: &steps}).resolve(n)
	}
	before := len(r.out.Rules) + len(r.out.Functions) + len(r.out.Problems)
	r.search(n, "")
	if len(r.out.Rules)+len(r.out.Functions)+len(r.out.Problems) == before {
		r.warn(n, "not a rule: there is no query")
	}
}

// search reads what it knows and looks below everything else. version is that of the
// nearest template around n.
func (r *reader) search(n *Node, version string) {
	if n.kind == object {
		p := n.get("properties")
		kind := strings.ToLower(n.get("type").str())
		switch {
		case n.get("queryCondition") != nil:
			r.custom(n)
			return
		case p.get("query") != nil && strings.Contains(kind, "savedsearches"):
			r.savedSearch(n, p)
			return
		case p.get("ruleDefinition").get("query") != nil:
			r.summary(n, p)
			return
		case p.get("query") != nil && p.get("displayName") != nil,
			strings.Contains(kind, "alertrule") && p.get("displayName") != nil, strings.HasSuffix(kind, "/alertrules"):
			doc := resource(n, p)
			if doc.get("version") == nil && strings.Contains(kind, "template") && version != "" {
				doc.put("version", textNode(version))
			}
			r.sentinel(doc, docText{}, ExportForm)
			return
		case n.get("FunctionQuery") != nil, n.get("ParserQuery") != nil:
			r.function(n, "")
			return
		case n.get("query").str() != "" && (n.get("name") != nil || n.get("displayName") != nil):
			r.sentinel(n, docText{}, SentinelForm)
			return
		}
		if v := n.get("contentVersion").str(); v != "" && !isARM(v) && v != "1.0.0.0" {
			version = v
		}
	}
	for _, k := range n.kids {
		r.search(k, version)
	}
}

// resourceID takes the rule's id out of a resource's name or id, such as
// "[concat(parameters('workspace'),'/Microsoft.SecurityInsights/GUID')]".
func resourceID(n *Node) string {
	for _, key := range []string{"name", "id"} {
		if g := guidText.FindAllString(n.get(key).str(), -1); len(g) > 0 {
			return g[len(g)-1]
		}
	}
	if m := lastSegment.FindStringSubmatch(n.get("name").str()); m != nil {
		return m[1]
	}
	return ""
}

var lastSegment = regexp.MustCompile(`(?:^|/)([\w-]+)(?:'\)\])?$`)

// resource puts a resource and its properties together into one document in
// Sentinel's YAML schema.
func resource(n, p *Node) *Node {
	doc := &Node{kind: object, line: n.line, col: n.col}
	if id := resourceID(n); id != "" {
		if own := n.get("metadata").get(asideKey).get("id").str(); resourceName(own) == id {
			id = own
		}
		v := textNode(id)
		v.line, v.col = first(n.get("name"), n.get("id")).Place()
		doc.put("id", v)
	}
	doc.put("kind", n.get("kind"))
	if p != nil {
		for i, k := range p.keys {
			if doc.index(k) < 0 && p.kids[i].kind != null {
				doc.put(k, p.kids[i])
				if i < len(p.keyAt) {
					doc.keyAt[len(doc.keyAt)-1] = p.keyAt[i]
				}
			}
		}
	}
	return restore(doc, n.get("metadata"))
}

// restore brings back what the writer put aside, where the properties still say
// what they said then.
func restore(doc, metadata *Node) *Node {
	if added := metadata.get(addedKey); added.IsMap() {
		for i, path := range added.keys {
			if path := strings.Split(path, "."); doc.at(path).str() == added.kids[i].str() {
				doc = doc.without(path)
			}
		}
	}
	aside := metadata.get(asideKey)
	if aside == nil || aside.kind != object {
		return doc
	}
	if t := aside.get("relevantTechniques"); t != nil {
		whole, subs := splitTechniques(scalars(t))
		if slices.Equal(whole, scalars(doc.get("techniques"))) && slices.Equal(subs, scalars(doc.get("subTechniques"))) {
			doc = doc.without([]string{"techniques"}).without([]string{"subTechniques"})
		} else {
			aside = aside.without([]string{"relevantTechniques"})
		}
	}
	for i, k := range aside.keys {
		if doc.index(k) < 0 {
			doc.put(k, aside.kids[i])
		}
	}
	return doc
}

// at is the value at a path of keys.
func (n *Node) at(path []string) *Node {
	for _, key := range path {
		n = n.get(key)
	}
	return n
}

// without is n without the member at a path; what is on the way is copied.
func (n *Node) without(path []string) *Node {
	i := n.index(path[0])
	if i < 0 {
		return n
	}
	out := *n
	out.keys, out.kids, out.keyAt = slices.Clone(n.keys), slices.Clone(n.kids), slices.Clone(n.keyAt)
	if len(path) > 1 {
		out.kids[i] = n.kids[i].without(path[1:])
	} else {
		out.keys, out.kids, out.keyAt = slices.Delete(out.keys, i, i+1), slices.Delete(out.kids, i, i+1), slices.Delete(out.keyAt, i, i+1)
	}
	return &out
}

func scalars(n *Node) []string {
	var out []string
	for _, k := range kids(n) {
		out = append(out, k.str())
	}
	return out
}

// savedSearch reads a workspace's saved query: a function when it has an alias,
// else a hunting query whose tags hold description, tactics and techniques.
func (r *reader) savedSearch(n, p *Node) {
	if alias := p.get("functionAlias"); r.text(p, "functionAlias") != "" {
		r.function(savedFunction(n, p, alias), "")
		return
	}
	doc := resource(n, nil).without([]string{"kind"})
	doc.put("name", p.get("displayName"))
	tags := &Node{kind: list}
	for _, t := range kids(p.get("tags")) {
		v := first(t.get("value"), textNode(""))
		switch strings.ToLower(r.text(t, "name")) {
		case "description":
			doc.put("description", v)
		case "tactics":
			doc.put("tactics", commaNode(v))
		case "techniques", "relevanttechniques":
			doc.put("relevantTechniques", commaNode(v))
		default:
			tag := &Node{kind: object, line: t.line, col: t.col}
			tag.put(r.text(t, "name"), v)
			tags.kids = append(tags.kids, tag)
		}
	}
	if len(tags.kids) > 0 {
		doc.put("tags", tags)
	}
	doc.put("query", p.get("query"))
	for i, k := range p.keys {
		switch strings.ToLower(k) {
		case "displayname", "tags", "query", "etag", "functionalias", "functionparameters":
		case "version": // of the query language
		case "category":
			if p.kids[i].str() != huntingCategory {
				doc.put(k, p.kids[i])
			}
		default:
			doc.put(k, p.kids[i])
		}
	}
	doc = restore(doc, n.get("metadata"))
	rule := r.rule(doc)
	r.docs = append(r.docs, Document{Form: SavedForm, Node: doc, Rule: rule})
	r.keep(rule, doc)
}

const huntingCategory = "Hunting Queries"

// savedFunction is a saved search with an alias as a solution's parser, or as the
// parser that it was before it was exported.
func savedFunction(n, p, alias *Node) *Node {
	doc := &Node{kind: object, line: n.line, col: n.col}
	aside := n.get("metadata").get(asideKey)
	if first(aside.get("FunctionAlias"), aside.get("ParserName"), aside.get("FunctionName")).str() == alias.str() {
		for i, k := range aside.keys {
			doc.put(k, aside.kids[i])
		}
		if aside.get("ParserName") != nil {
			doc.put("ParserQuery", p.get("query"))
		} else {
			doc.put("FunctionQuery", p.get("query"))
		}
		return doc
	}
	head := &Node{kind: object}
	head.put("Title", p.get("displayName"))
	doc.put("Function", head)
	doc.put("Category", p.get("category"))
	doc.put("FunctionName", alias)
	doc.put("FunctionQuery", p.get("query"))
	doc.put("FunctionParams", p.get("functionParameters"))
	return doc
}

// summary reads a summary rule of a workspace.
func (r *reader) summary(n, p *Node) {
	d := p.get("ruleDefinition")
	doc := resource(n, nil)
	for i, k := range p.keys {
		if k = strings.ToLower(k); k != "ruledefinition" && k != "ruletype" && p.kids[i].kind != null {
			doc.put(p.keys[i], p.kids[i])
		}
	}
	for i, k := range d.keys {
		doc.put(k, d.kids[i])
	}
	rule := r.rule(doc)
	r.docs = append(r.docs, Document{Form: SavedForm, Node: doc, Rule: rule})
	r.keep(rule, doc)
}

// commaNode is a text of values with commas between as a list.
func commaNode(n *Node) *Node {
	out := &Node{kind: list, line: n.line, col: n.col}
	for _, s := range commaList(n.text) {
		v := textNode(s)
		v.line, v.col = n.line, n.col
		out.kids = append(out.kids, v)
	}
	return out
}

func commaList(s string) []string {
	var out []string
	for _, part := range strings.Split(s, ",") {
		out = append(out, nonEmpty(strings.TrimSpace(part))...)
	}
	return out
}
