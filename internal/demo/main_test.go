package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const planted = `{"plants": [
	{"case": "typical", "expect": "fires", "device": "ws01", "time": "2026-01-05T10:00:00.0000000Z"},
	{"case": "late", "expect": "quiet", "device": "ws02", "time": "2026-01-05T11:00:00.0000000Z"}]}`

func TestCheck(t *testing.T) {
	for _, c := range []struct{ name, rows, want string }{
		{"found", `["2026-01-05T10:00:02.0000000Z"]`, ""},
		{"missed", ``, "was not found"},
		{"near miss", `["2026-01-05T10:00:02.0000000Z"], ["2026-01-05T11:00:05.0000000Z"]`, `near miss "late"`},
		{"noise", `["2026-01-05T10:00:02.0000000Z"], ["2026-01-05T15:00:00.0000000Z"]`, "no one planted"},
	} {
		dir := t.TempDir()
		hunt := `{"rules": [{"name": "` + chain + `", "status": "fired", "types": ["datetime"], "rows": [` + c.rows + `]}]}`
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
