package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"strings"
	"unicode"

	"quarry/detect/rule"
)

// ruleFiles are names for the files of rules and then of functions, without
// extensions: that of the YAML or KQL file a rule has for itself, else its name. Two
// that would be the same get a part of their id, so that a name depends on its own
// rule and never on the order.
func ruleFiles(rules []*rule.Rule, functions []*rule.Function) []string {
	inFile := map[string]int{}
	for _, r := range rules {
		inFile[r.File]++
	}
	for _, f := range functions {
		inFile[f.File]++
	}
	var names, ids []string
	name := func(file, title, id string) {
		switch ext := strings.ToLower(filepath.Ext(file)); {
		case inFile[file] == 1 && (ext == ".yaml" || ext == ".yml" || ext == ".kql" || ext == ".csl" || ext == ".kusto"):
			base := file[strings.LastIndexAny(file, `/\!`)+1:]
			names = append(names, safeName(strings.TrimSuffix(base, filepath.Ext(base)), false))
		default:
			names = append(names, safeName(title, true))
		}
		ids = append(ids, id)
	}
	for _, r := range rules {
		name(r.File, r.Name, r.ID)
	}
	for _, f := range functions {
		name(f.File, f.Name, f.ID+" "+f.Name)
	}
	used := map[string]int{}
	for _, n := range names {
		used[strings.ToLower(n)]++
	}
	for i, n := range names {
		if used[strings.ToLower(n)] > 1 {
			sum := sha256.Sum256([]byte(strings.ToLower(ids[i])))
			names[i] = n + "-" + hex.EncodeToString(sum[:4])
		}
	}
	return names
}

// safeName is text as the name of a file on any system.
func safeName(s string, lower bool) string {
	var b strings.Builder
	gap := false
	for _, r := range s {
		if b.Len() >= 100 {
			break
		}
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && (lower || !strings.ContainsRune("-_.() ", r)) {
			gap = true
			continue
		}
		if gap && b.Len() > 0 {
			b.WriteByte('-')
		}
		if gap = false; lower {
			r = unicode.ToLower(r)
		}
		b.WriteRune(r)
	}
	name := strings.Trim(b.String(), " .")
	switch strings.ToLower(name) {
	case "", "con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "lpt1", "lpt2", "lpt3":
		return strings.TrimRight("rule-"+name, "-")
	}
	return name
}
