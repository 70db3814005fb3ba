package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const planted = `{"rules": {"chain": 1}, "plants": [
	{"case": "typical", "expect": "fires", "rules": ["chain"], "also": ["other"], "time": "2026-01-05T10:00:00.0000000Z", "end": "2026-01-05T10:00:05.0000000Z"},
	{"case": "late", "expect": "quiet", "rules": ["chain"], "time": "2026-01-05T11:00:00.0000000Z", "end": "2026-01-05T11:00:00.0000000Z"}]}`

func TestCheck(t *testing.T) {
	for _, c := range []struct{ name, rule, rows, want string }{
		{"found", "chain", `["2026-01-05T10:00:02.0000000Z"]`, ""},
		{"missed", "chain", ``, "was not found"},
		{"near miss", "chain", `["2026-01-05T10:00:02.0000000Z"], ["2026-01-05T11:00:05.0000000Z"]`, `near miss "late"`},
		{"noise", "chain", `["2026-01-05T10:00:02.0000000Z"], ["2026-01-05T15:00:00.0000000Z"]`, "no one planted"},
		{"another rule too", "other", `["2026-01-05T10:00:02.0000000Z"]`, "was not found"},
		{"a rule of nothing", "third", `["2026-01-05T10:00:02.0000000Z"]`, "nothing was planted for it"},
	} {
		dir := t.TempDir()
		hunt := `{"rules": [{"name": "` + c.rule + `", "status": "fired", "types": ["datetime"], "rows": [` + c.rows + `]}]}`
		for name, text := range map[string]string{"truth.json": planted, "hunt.json": hunt} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		err := check(dir)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}
