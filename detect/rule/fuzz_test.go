package rule

import (
	"archive/zip"
	"bytes"
	"context"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// readAnything reads a file, writes what it finds in every format and reads that
// back: nothing panics, and what was a rule stays one.
func readAnything(t *testing.T, name string, body []byte) {
	out := &Pack{}
	(&loader{ctx: context.Background(), out: out}).file(name, name, body)
	out.dropDuplicates()
	for _, r := range out.Rules {
		r.Text().Position(len(r.Query))
		if r.ID == "" || r.Name == "" {
			t.Fatalf("a rule without id or name: %+v", r)
		}
		if yaml, err := r.document().yaml(); err == nil && r.Kind != Custom {
			again := &Pack{}
			(&loader{ctx: context.Background(), out: again}).file("a.yaml", "a.yaml", yaml)
			if len(again.Rules) != 1 {
				t.Fatalf("%q became %q: %v", body, yaml, again.Problems)
			}
			if r.Query != again.Rules[0].Query && !bytes.ContainsAny([]byte(r.Query), "\r\u0085\u2028\u2029") {
				t.Fatalf("the query %q became %q", r.Query, again.Rules[0].Query)
			}
		}
		_, _, _ = r.YAML()
		_, _, _ = r.KQL()
		if xdr, _, err := r.XDR(); err == nil {
			if _, err := parseJSON(xdr); err != nil {
				t.Fatalf("%v in %s", err, xdr)
			}
		}
	}
	for _, f := range out.Functions {
		f.Definition().Position(0)
		_, _ = f.YAML()
	}
	arm, _, _ := Template(out.Rules, out.Functions)
	if _, err := parseJSON(arm); err != nil {
		t.Fatalf("%v in %s", err, arm)
	}
}

func seeds(f *testing.F, file string, ext ...string) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		f.Fatal(err)
	}
	for _, x := range archive.Files {
		for _, e := range ext {
			if e == "" || bytes.HasSuffix([]byte(x.Name), []byte(e)) {
				f.Add(x.Data)
			}
		}
	}
}

func FuzzYAMLRule(f *testing.F) {
	seeds(f, "testdata/fields.txtar", "")
	seeds(f, "testdata/bad.txtar", ".yaml")
	f.Add([]byte("id: a\nname: 😀\nquery: |2\n   x\n\ty\n---\n- {id: b, name: c, query: &q T, x: *q}\n...\nid: z"))
	f.Fuzz(func(t *testing.T, body []byte) { readAnything(t, "a.yaml", body) })
}

func FuzzExport(f *testing.F) {
	seeds(f, "testdata/imports.txtar", ".json")
	f.Add([]byte(`{"resources":[{"name":"[concat(variables('a').b[0],'x')]","properties":{"query":"[[x]","displayName":"[variables('a')]"}}],"variables":{"a":"[variables('a')]"}}`))
	f.Fuzz(func(t *testing.T, body []byte) { readAnything(t, "a.json", body) })
}

func FuzzMarkdownRule(f *testing.F) {
	f.Add([]byte("# T\n\ntext\n\n```kql\nT | count\n```\n\n| Technique, tactic, or state | Covered? |\n|-|-|\n| Impact | v |\n"))
	f.Add([]byte("\n|Name | Value|\n| --- | --- |\n|DetectionId | x |\n## x\n|Name | Value|\n|-|-|\n|DetectionId | y |\n\n```kql\nT\n```"))
	f.Add([]byte("|Name | Value|\n| --- | --- |\n|DetectionId | x |\n## x\n|Name | Value|\n|-|-|\n|DetectionId | y |\n\n```kql\n \n```"))
	f.Fuzz(func(t *testing.T, body []byte) { readAnything(t, "a.md", body) })
}

func FuzzQueryFile(f *testing.F) {
	f.Add([]byte("// Name: x\n// Tactics: Impact, Execution\n// T1059\nlet a = 1;\nT | where x == a"))
	f.Fuzz(func(t *testing.T, body []byte) {
		readAnything(t, "a.kql", body)
		readAnything(t, "a.txt", body)
	})
}

func FuzzArchive(f *testing.F) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, _ := z.Create("a/b.yaml")
	_, _ = w.Write([]byte("id: a\nname: b\nquery: T\n"))
	z.Close()
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, body []byte) {
		_ = (&loader{ctx: context.Background(), out: &Pack{}}).zip(bytes.NewReader(body), int64(len(body)), "a.zip")
	})
}

func FuzzDuration(f *testing.F) {
	for _, s := range []string{"5m", "PT5M", "P1DT1H", "14.00:00:00", "14", "1w"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseDuration(s)
		if err != nil {
			return
		}
		for _, text := range []string{FormatDuration(d), ISODuration(d)} {
			if again, err := ParseDuration(text); err != nil || again.Truncate(1e9) != d.Truncate(1e9) {
				t.Fatalf("%q is %v and prints %s, which is %v (%v)", s, d, text, again, err)
			}
		}
	})
}
