package lint

import (
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"quarry/detect/rule"
)

//go:embed entities.txt
var entitiesText string

// entityType is a kind of entity with what can identify one.
type entityType struct {
	name        string
	identifiers []string
	needs       [][]string // any one of these sets
}

var entityTypes = sync.OnceValue(func() []entityType {
	var out []entityType
	for _, line := range strings.Split(entitiesText, "\n") {
		name, rest, ok := strings.Cut(line, ":")
		if !ok || line[0] == '#' {
			continue
		}
		parts := strings.Split(rest, "|")
		t := entityType{name: name, identifiers: strings.Fields(parts[0])}
		for _, p := range parts[1:] {
			t.needs = append(t.needs, strings.Fields(p))
		}
		out = append(out, t)
	}
	return out
})

var columnName = regexp.MustCompile(`^[a-zA-Z_]+\w*$`)

func (d *document) entities() {
	if m, ok := member(d.n, "entityMappings"); ok && m.Value.IsList() {
		items := m.Value.Items()
		switch {
		case len(items) == 0:
			d.report("QL060", d.key(m), "entityMappings is empty", "take it out, or map an entity")
		case len(items) > 10:
			d.value("QL060", items[10], "", "the rule maps %d entities, at most 10 are allowed", len(items))
		}
		for _, e := range items {
			d.entity(e)
		}
	}
	for _, e := range d.n.Get("sentinelEntitiesMappings").Items() {
		if d.fields(e, "an entry of sentinelEntitiesMappings", entitiesFields, all, d.of(e)) {
			d.column(e.Get("columnName"), "sentinelEntitiesMappings")
		}
	}
	d.oldEntities()
}

func (d *document) entity(e *rule.Node) {
	if !d.fields(e, "an entity mapping", entityFields, all, d.of(e)) {
		return
	}
	name, known := e.Get("entityType"), true
	var names []string
	for _, t := range entityTypes() {
		names = append(names, t.name)
	}
	at := slices.Index(names, strings.TrimSpace(name.Text()))
	if at < 0 && name.IsText() && !empty(name) {
		if at = slices.IndexFunc(names, func(s string) bool { return strings.EqualFold(s, strings.TrimSpace(name.Text())) }); at >= 0 {
			d.spelling("QL024", name, names[at], "the entity type %s is written %s", name.Text(), names[at])
		} else {
			d.value("QL061", name, near(name.Text(), names), "%q is not an entity type", name.Text())
		}
	}
	known = at >= 0
	list := e.Get("fieldMappings")
	if !list.IsList() {
		return
	}
	fields := list.Items()
	switch {
	case len(fields) == 0:
		d.value("QL062", e, "", "an entity mapping has no field mapping")
		return
	case len(fields) > 3:
		d.value("QL062", fields[3], "", "an entity mapping has %d field mappings, at most 3 are allowed", len(fields))
	}
	var have []string
	for _, f := range fields {
		if !d.fields(f, "a field mapping", mappingFields, all, d.of(f)) {
			continue
		}
		d.column(f.Get("columnName"), "the mapping")
		id := f.Get("identifier")
		if !id.IsText() || empty(id) {
			continue
		}
		s := strings.TrimSpace(id.Text())
		if slices.Contains(have, s) {
			d.value("QL064", id, "map each once", "the identifier %s is mapped twice", s)
		}
		if known {
			s = d.identifier(id, s, entityTypes()[at])
		}
		have = append(have, s)
	}
	if known && !identified(entityTypes()[at], have) {
		d.value("QL065", e, "map "+setsText(entityTypes()[at].needs), "%s is not identified by %s", withArticle(entityTypes()[at].name), strings.Join(have, " and "))
	}
}

// identifier reports an identifier that the type does not have, and returns it as the
// type writes it.
func (d *document) identifier(n *rule.Node, s string, t entityType) string {
	if slices.Contains(t.identifiers, s) {
		return s
	}
	for _, i := range t.identifiers {
		if strings.EqualFold(i, s) {
			d.spelling("QL024", n, i, "the identifier %s is written %s", s, i)
			return i
		}
	}
	hint := near(s, t.identifiers)
	if hint == "" {
		hint = "one of " + strings.Join(t.identifiers, ", ")
	}
	d.value("QL063", n, hint, "%s has no identifier %q", withArticle(t.name), s)
	return s
}

func identified(t entityType, have []string) bool {
	return slices.ContainsFunc(t.needs, func(set []string) bool {
		return !slices.ContainsFunc(set, func(s string) bool { return !slices.Contains(have, s) })
	})
}

func setsText(sets [][]string) string {
	out := make([]string, len(sets))
	for i, s := range sets {
		out[i] = strings.Join(s, " and ")
	}
	return strings.Join(out, ", or ")
}

func withArticle(s string) string {
	if strings.ContainsRune("AI", rune(s[0])) {
		return "an " + s
	}
	return "a " + s
}

// column checks a value that names a column of the result.
func (d *document) column(n *rule.Node, what string) {
	if !n.IsText() || empty(n) {
		return
	}
	s := strings.TrimSpace(n.Text())
	if !columnName.MatchString(s) || length(s) > 500 {
		d.value("QL066", n, "", "%q is not a column name", snip(s))
		return
	}
	d.missing(d.of(n), n, s, what)
}

// missing reports a column that the result lacks.
func (d *document) missing(at place, n *rule.Node, name, what string) {
	if d.columns == nil || d.columns.has(name) {
		return
	}
	hint := near(name, d.columns.names)
	x := d.report("QL067", at, fmt.Sprintf("%s names the column %s, which the query does not return", what, name), hint)
	for _, c := range d.columns.names { // a difference of case alone is sure
		if strings.EqualFold(c, name) {
			x.Fix = d.edit(n, name, c)
		}
	}
}

func snip(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:57]) + "..."
	}
	return s
}

// oldColumns are columns that were entities by their names before there were mappings.
var oldColumns = []string{"AccountCustomEntity", "HostCustomEntity", "IPCustomEntity", "URLCustomEntity", "ProcessCustomEntity", "FileHashCustomEntity"}

func (d *document) oldEntities() {
	if d.columns == nil || d.kind&(scheduled|nrt|hunting) == 0 {
		return
	}
	mapped := map[string]bool{}
	for _, e := range d.Rule.EntityMappings {
		for _, f := range e.Fields {
			mapped[f.Column] = true
		}
	}
	for _, c := range oldColumns {
		if d.columns.has(c) && !mapped[c] {
			d.report("QL068", d.within(d.n.Get("query"), c), fmt.Sprintf("the result has %s, and entityMappings does not map it", c), "map it, or take the column out")
		}
	}
}
