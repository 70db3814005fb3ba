package events

import (
	"maps"
	"math"
	"slices"
	"strings"

	"quarry/events/schema"
	"quarry/kql/types"
)

// catalog answers which table a record belongs to. It and the spare memory are
// shared by the readers of all files.
type catalog struct {
	set    *schema.Set
	byName map[string][]string // column name -> tables that have it, in order
	spare  *spareRows
}

func newCatalog(set *schema.Set) *catalog {
	c := &catalog{set: set, byName: map[string][]string{}, spare: newSpareRows()}
	for _, t := range set.Names() {
		cols, _ := set.Table(t)
		for _, col := range cols {
			c.byName[col.Name] = append(c.byName[col.Name], t)
		}
	}
	return c
}

// fit is the share of the names that are columns of the table.
func (c *catalog) fit(table string, names []string) float64 {
	cols, ok := c.set.Table(table)
	if !ok || len(names) == 0 {
		return 0
	}
	have := map[string]bool{}
	for _, col := range cols {
		have[strings.ToLower(col.Name)] = true
	}
	n := 0
	for _, name := range names {
		if have[strings.ToLower(name)] {
			n++
		}
	}
	return float64(n) / float64(len(names))
}

// byFile finds the table that a file is named after: the longest table name
// that the base name starts with in any case, if no letter or digit but a
// number follows. A name that only matches in another case must be borne out
// by the columns, for "event" and "update" are words as well.
func (c *catalog) byFile(base string, names []string) (string, bool) {
	end := 0
	for end < len(base) && (base[end] == '_' || isAlnum(base[end])) {
		end++
	}
	for n := end; n > 0; n-- {
		if n < end && isAlnum(base[n]) && (base[n] < '0' || base[n] > '9') {
			continue
		}
		own, ok := c.set.Resolve(base[:n])
		if ok && (own == base[:n] || c.fit(own, names) >= 1.0/3) {
			return own, true
		}
	}
	return "", false
}

func isAlnum(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9'
}

// byValue finds the table that a record names in one of its own columns.
func (c *catalog) byValue(column, value string, names []string) (string, bool) {
	if rest, ok := strings.CutPrefix(value, "AdvancedHunting-"); ok {
		own, ok := c.set.Resolve(rest)
		if !ok && isIdentifier(rest) {
			return rest, true
		}
		return own, ok
	}
	if column == "$table" {
		if own, ok := c.set.Resolve(value); ok {
			return own, true
		}
		return value, isIdentifier(value)
	}
	own, ok := c.set.Resolve(value)
	if !ok && strings.EqualFold(column, "category") {
		own, ok = c.set.Resolve("AAD" + value) // as Entra ID names its sign-in categories
	}
	return own, ok && c.fit(own, names) >= 0.5
}

func isIdentifier(s string) bool {
	if s == "" || len(s) > 256 || s[0] >= '0' && s[0] <= '9' {
		return false
	}
	for i := range len(s) {
		if !isAlnum(s[i]) && s[i] != '_' {
			return false
		}
	}
	return true
}

// tableFor makes a table name of a file's base name: "dhcp log (2)" becomes
// dhcp_log_2.
func tableFor(base string) string {
	var b strings.Builder
	for i := range len(base) {
		if isAlnum(base[i]) {
			b.WriteByte(base[i])
		} else if s := b.String(); s != "" && s[len(s)-1] != '_' {
			b.WriteByte('_')
		}
	}
	name := strings.TrimRight(b.String(), "_")
	if name == "" {
		return "Data"
	}
	if name[0] >= '0' && name[0] <= '9' {
		name = "_" + name
	}
	return name[:min(len(name), 128)]
}

// own names the table that the records of a file define themselves. If it is a
// known table's name, which they do not fit, it gets the suffix that Log
// Analytics gives to custom tables.
func (c *catalog) own(base string) string {
	name := tableFor(base)
	if _, taken := c.set.Resolve(name); taken {
		name += "_CL"
	}
	return name
}

// actionTables tells where Defender puts rows that several tables could hold.
// Every other device action is a row of DeviceEvents.
var actionTables = map[string]string{
	"ProcessCreated": "DeviceProcessEvents",
	"OpenProcess":    "DeviceProcessEvents",

	"ConnectionSuccess":          "DeviceNetworkEvents",
	"ConnectionFailed":           "DeviceNetworkEvents",
	"ConnectionFound":            "DeviceNetworkEvents",
	"ConnectionRequest":          "DeviceNetworkEvents",
	"ConnectionAttempt":          "DeviceNetworkEvents",
	"ConnectionAcknowledged":     "DeviceNetworkEvents",
	"InboundConnectionAccepted":  "DeviceNetworkEvents",
	"InboundConnectionBlocked":   "DeviceNetworkEvents",
	"ListeningConnectionCreated": "DeviceNetworkEvents",
	"HttpConnectionInspected":    "DeviceNetworkEvents",
	"DnsConnectionInspected":     "DeviceNetworkEvents",
	"SslConnectionInspected":     "DeviceNetworkEvents",
	"NetworkSignatureInspected":  "DeviceNetworkEvents",

	"FileCreated":  "DeviceFileEvents",
	"FileModified": "DeviceFileEvents",
	"FileDeleted":  "DeviceFileEvents",
	"FileRenamed":  "DeviceFileEvents",

	"RegistryKeyCreated":   "DeviceRegistryEvents",
	"RegistryKeyDeleted":   "DeviceRegistryEvents",
	"RegistryKeyRenamed":   "DeviceRegistryEvents",
	"RegistryValueSet":     "DeviceRegistryEvents",
	"RegistryValueDeleted": "DeviceRegistryEvents",

	"LogonSuccess":   "DeviceLogonEvents",
	"LogonFailed":    "DeviceLogonEvents",
	"LogonAttempted": "DeviceLogonEvents",

	"ImageLoaded": "DeviceImageLoadEvents",
}

// byColumns finds the known table whose columns fit the names best. It wants a
// time, at least six known columns, and no more than one unknown in five. Of
// tables that fit equally well it takes the one where Defender puts the action,
// then the one with fewest columns.
func (c *catalog) byColumns(names []string, action string) (string, bool) {
	if !slices.Contains(names, "Timestamp") && !slices.Contains(names, "TimeGenerated") {
		return "", false
	}
	count := map[string]int{}
	for _, n := range names {
		for _, t := range c.byName[n] {
			count[t]++
		}
	}
	want := actionTables[action]
	if want == "" {
		want = "DeviceEvents"
	}
	best, most, width := "", 0, math.MaxInt
	for _, t := range slices.Sorted(maps.Keys(count)) {
		cols, _ := c.set.Table(t)
		w := len(cols)
		if t == want && action != "" {
			w = 0
		} else if strings.HasPrefix(t, "DeviceCustom") {
			w += 1000
		}
		if n := count[t]; n > most || n == most && w < width {
			best, most, width = t, n, w
		}
	}
	return best, most >= 6 && float64(most) >= 0.8*float64(len(names))
}

// known is the schema of a table, empty for one that the records will define.
func (c *catalog) known(table string) (string, types.Schema) {
	if own, ok := c.set.Resolve(table); ok {
		cols, _ := c.set.Table(own)
		return own, cols
	}
	return table, nil
}
