package rule

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// TestXDR pins what a custom detection says of a rule, and exactly what it does not.
func TestXDR(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/xdr.txtar")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, f := range archive.Files {
		want[f.Name] = string(f.Data)
	}
	for name, text := range want {
		name, yaml := strings.CutSuffix(name, ".yaml")
		if !yaml {
			continue
		}
		t.Run(name, func(t *testing.T) {
			p := load(t, map[string]string{"a.yaml": text})
			data, notes, err := p.Rules[0].XDR()
			if err != nil {
				t.Fatal(err)
			}
			doc, err := parseJSON(data)
			if err != nil {
				t.Fatal(err)
			}
			var has, list strings.Builder
			for _, leaf := range flatten(doc) {
				fmt.Fprintf(&has, "%s = %s\n", leaf.Name, strings.TrimSpace(leaf.Value))
			}
			for _, l := range notes.Lost {
				fmt.Fprintf(&list, "lost %s: %s\n", l.Field, l.Why)
			}
			for _, l := range notes.Added {
				fmt.Fprintf(&list, "added %s: %s\n", l.Field, l.Why)
			}
			if diff := cmp.Diff(want[name+".has"]+"--\n"+want[name+".notes"], has.String()+"--\n"+list.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}
