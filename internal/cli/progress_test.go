package cli

import (
	"testing"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
)

func TestProgressLine(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	now := start.Add(10 * time.Second)
	rules := []underWay{{"Rare process", start}, {"Beacons to a new host", start.Add(7 * time.Second)}, {"A rule whose name leaves no room at all", now}}
	for _, c := range []struct {
		state progressState
		width int
		want  string
	}{
		{progressState{"load", "bytes", start, 1536 << 20, 3 << 30, []underWay{{name: "logs/a.json"}}}, 79, "load  50%  1.5 GiB of 3.0 GiB  153.6 MiB/s  logs/a.json"},
		{progressState{"load", "bytes", start, 1536 << 20, 3 << 30, []underWay{{name: "evidence/host/2026/01/02/security.evtx.gz"}}}, 79, "load  50%  1.5 GiB of 3.0 GiB  153.6 MiB/s  …e/host/2026/01/02/security.evtx.gz"},
		{progressState{"load", "bytes", start, 500, 0, []underWay{{name: "(standard input)"}}}, 79, "load  500 B  50 B/s  (standard input)"},
		{progressState{"load", "bytes", start, 5, 4, nil}, 79, "load  100%  5 B of 4 B  0 B/s"}, // a file that grew
		{progressState{"rules", "rules", start, 0, 120, nil}, 79, "rules  0%  0 of 120 rules"},
		{progressState{"rules", "rules", start, 41, 120, rules}, 79, "rules  34%  41 of 120 rules  Rare process 10s, Beacons to a new host 3s"},
		{progressState{"rules", "rules", start, 41, 120, rules}, 60, "rules  34%  41 of 120 rules  Rare process 10s, Beacons t… 3s"},
		{progressState{"rules", "rules", start, 41, 120, rules}, 20, "rules  34%  41 of 1…"},
		{progressState{"rules", "rules", start, 1, 2, []underWay{{"日本語の規則の名前はとても長いことがある\x1b[2J", start}}}, 50, "rules  50%  1 of 2 rules  日本語の規則の名前… 10s"},
		{progressState{"replay", "%", start, 450, 1000, nil}, 79, "replay  45%"},
		{progressState{"simulate", "rows", start, 7, 0, nil}, 79, "simulate  7 rows"},
	} {
		got := c.state.line(c.width, now)
		if got != c.want || text.StringWidthWithoutEscSequences(got) > c.width {
			t.Errorf("in %d columns\n got %q\nwant %q", c.width, got, c.want)
		}
	}
}
