package alert

import (
	"sort"
	"strconv"
	"strings"

	"quarry/detect/rule"
	"quarry/kql/types"
)

// Entity is one thing that an alert is about: a host, an account, an address.
type Entity struct {
	Type   string      // as the rule's mapping writes it: Account, Host, IP
	Fields []rule.Pair // identifier -> value, in the order of the mapping, none empty
}

// Key tells entities apart: those of one type whose identifiers all agree are one.
func (e Entity) Key() string {
	parts := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		parts[i] = strconv.Quote(f.Name) + "=" + strconv.Quote(f.Value)
	}
	sort.Strings(parts)
	return strings.ToLower(e.Type) + "(" + strings.Join(parts, ",") + ")"
}

// String is the entity for people, in the notation of exclusions: "Host.HostName=web01",
// "Account.Name=bob, UPNSuffix=x.org".
func (e Entity) String() string {
	parts := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		parts[i] = f.Name + "=" + f.Value
	}
	return e.Type + "." + strings.Join(parts, ", ")
}

// Limits on the entities of an alert. The number is divided among the mappings.
const (
	maxEntities    = 500
	maxEntityBytes = 64 << 10
)

// mapping finds the entities of one mapping in a row.
type mapping struct {
	kind    string
	fields  []string // nil for a column that holds entities
	columns []int
	list    int // the column that holds entities
}

func mappingsOf(r *rule.Rule, s types.Schema) []mapping {
	var out []mapping
	for _, e := range r.EntityMappings {
		m := mapping{kind: e.EntityType}
		for _, f := range e.Fields {
			m.fields, m.columns = append(m.fields, f.Identifier), append(m.columns, s.Index(f.Column))
		}
		out = append(out, m)
	}
	for _, a := range r.Assets {
		column := a.Identifier
		if column != "" {
			column = strings.ToUpper(column[:1]) + column[1:]
		}
		out = append(out, mapping{kind: assetTypes[strings.ToLower(a.Kind)], fields: []string{column}, columns: []int{s.Index(column)}})
	}
	for _, c := range r.SentinelEntities {
		out = append(out, mapping{list: s.Index(c)})
	}
	return out
}

// assetTypes are the kinds of a custom detection's assets as entities.
var assetTypes = map[string]string{"device": "Host", "user": "Account", "mailbox": "Mailbox"}

// Entities are the entities of one row, in the order of the rule's mappings.
func Entities(r *rule.Rule, s types.Schema, row []types.Value) []Entity {
	var out []Entity
	for _, m := range mappingsOf(r, s) {
		out = append(out, m.of(s, row)...)
	}
	return out
}

func (m mapping) of(s types.Schema, row []types.Value) []Entity {
	if m.fields == nil {
		if m.list < 0 {
			return nil
		}
		return listed(types.DynOf(s[m.list].Type, row[m.list]))
	}
	e := Entity{Type: m.kind}
	for i, c := range m.columns {
		if c < 0 {
			continue
		}
		if v := types.DynOf(s[c].Type, row[c]).Text(); v != "" {
			e.Fields = append(e.Fields, rule.Pair{Name: m.fields[i], Value: v})
		}
	}
	if len(e.Fields) == 0 {
		return nil
	}
	return []Entity{e}
}

// listed reads a column of entities as the table SecurityAlert writes them:
// [{"Type":"host","HostName":"web01"}, ...], as a dynamic value or as text. Members
// that are no plain values ("$id", references to other entities) say nothing of the
// entity itself.
func listed(v types.Dyn) []Entity {
	if s, ok := v.Str(); ok {
		v, _ = types.ParseDyn(s)
	}
	items := []types.Dyn{v}
	if v.Kind() == types.DynArray {
		items = v.Items()
	}
	var out []Entity
	for _, item := range items {
		if item.Kind() != types.DynBag {
			continue
		}
		e := Entity{Type: item.Key("Type").Text()}
		for i, k := range item.Keys() {
			field := item.Items()[i]
			if k == "Type" || strings.HasPrefix(k, "$") || field.Kind() == types.DynArray || field.Kind() == types.DynBag {
				continue
			}
			if s := field.Text(); s != "" {
				e.Fields = append(e.Fields, rule.Pair{Name: k, Value: s})
			}
		}
		if e.Type == "" || len(e.Fields) == 0 {
			continue
		}
		e.Type = typeName(e.Type)
		out = append(out, e)
	}
	return out
}

// entities collects the different entities of the alert's rows. Each mapping finds its
// share of the entities an alert may have; what is beyond it, or beyond the size of
// the list, is left out and noted.
func (m *maker) entities(a *Alert, values [][]types.Value) {
	if len(m.mappings) == 0 {
		return
	}
	share := maxEntities / len(m.mappings)
	seen := map[string]bool{}
	size, full := len("[]"), false
	for _, mp := range m.mappings {
		n := 0
		for _, row := range values {
			for _, e := range mp.of(m.rows.Schema, row) {
				key := e.Key()
				if seen[key] {
					continue
				}
				bytes := len(e.appendJSON(nil, len(a.Entities)+1)) + len(",")
				if n == share || size+bytes > maxEntityBytes {
					full = true
					continue
				}
				seen[key] = true
				n++
				size += bytes
				a.Entities = append(a.Entities, e)
			}
		}
	}
	if full {
		a.Cut = append(a.Cut, "entities")
	}
}
