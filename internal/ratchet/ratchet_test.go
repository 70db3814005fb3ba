package ratchet

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"quarry/internal/cli"
)

var (
	update  = flag.Bool("update", false, "write better scores to ratchet.txt")
	details = flag.String("details", "", "write what failed, and why, to this folder")
)

// TestRatchet starts a server, has it judged, and compares the scores with those kept.
func TestRatchet(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	shared := filepath.Join(root, "..", "shared")
	if _, err := os.Stat(shared); err != nil {
		t.Skip("../shared is not there: it holds the recorded answers and the public rules")
	}
	if testing.Short() {
		t.Skip("takes minutes")
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed: it runs the judges")
	}
	file := filepath.Join(root, "ratchet.txt")
	kept, err := readScores(file)
	if err != nil {
		t.Fatal(err)
	}
	url := serve(t, filepath.Join(shared, "schemas", "tables.csv"))
	out := *details
	if out == "" {
		out = t.TempDir()
	}
	run := func(script, name string, cases ...string) string {
		args := []string{filepath.Join(shared, script), "--url", url, "--fail-out", filepath.Join(out, name+".jsonl")}
		for _, c := range cases {
			args = append(args, filepath.Join(shared, c))
		}
		cmd := exec.Command(python, args...)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v\n%s", script, err, stderr.String())
		}
		t.Logf("%s\n%s", script, out)
		return string(out)
	}
	answers := run("conformance/run.py", "conformance", "conformance/docs.jsonl", "conformance/generated.jsonl")
	rules := run("rules/run.py", "rules", "rules/rules.jsonl")
	rejected, of := rejections(t, url, filepath.Join(shared, "conformance", "generated.jsonl"))
	var now []score
	for _, f := range []struct{ name, pattern, text string }{
		{"answers-docs", `docs\.jsonl: (\d+) of (\d+)`, answers},
		{"answers-generated", `generated\.jsonl: (\d+) of (\d+)`, answers},
		{"rules-run", `(\d+) of (\d+) run`, rules},
		{"rules-columns", `(\d+) of (\d+) with the right columns`, rules},
	} {
		m := regexp.MustCompile(f.pattern).FindStringSubmatch(f.text)
		if m == nil {
			t.Fatalf("no score %s in\n%s", f.name, f.text)
		}
		have, _ := strconv.Atoi(m[1])
		of, _ := strconv.Atoi(m[2])
		now = append(now, score{f.name, have, of})
	}
	now = append(now, score{"errors-rejected", rejected, of})
	checkDifferences(t, filepath.Join(root, "docs", "differences.md"), map[string]string{
		"": filepath.Join(out, "conformance.jsonl"), "rules/": filepath.Join(out, "rules.jsonl"),
	})
	better := false
	for i, s := range now {
		k, ok := kept[s.name]
		switch {
		case ok && k.of == s.of && s.have < k.have:
			t.Errorf("%s fell from %d to %d of %d", s.name, k.have, s.have, s.of)
			now[i] = k
		case !ok || k != s:
			better = true
			t.Logf("%s rose: write %q to ratchet.txt, or run make ratchet", s.name, s)
		}
	}
	if better && *update {
		if err := writeScores(file, now); err != nil {
			t.Fatal(err)
		}
	}
}

// serve runs "quarry serve" with the schemas and with an empty file for every address,
// and returns its URL.
func serve(t *testing.T, schemas string) string {
	t.Helper()
	dir := t.TempDir()
	empty, copies := filepath.Join(dir, "empty"), filepath.Join(dir, "external.csv")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(copies, []byte("url,file\n*,"+empty+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	out, in := io.Pipe()
	var stderr bytes.Buffer
	done := make(chan int, 1)
	go func() {
		status := cli.Run(ctx, []string{"serve", "--listen", "127.0.0.1:0", "--schema", schemas, "--external-data", copies}, strings.NewReader(""), in, &stderr)
		in.Close()
		done <- status
	}()
	t.Cleanup(func() {
		stop()
		<-done
	})
	url := regexp.MustCompile(`http://\S+`)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if m := url.FindString(lines.Text()); m != "" {
			go io.Copy(io.Discard, out)
			return m
		}
	}
	t.Fatalf("quarry serve ended before it listened: %s", stderr.String())
	return ""
}

// rejections counts the queries that Kusto answered with an error and that Quarry
// refuses too. Such a case is recorded without columns and rows, so the judge, which
// compares answers, cannot count it.
func rejections(t *testing.T, url, path string) (rejected, of int) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Timeout: time.Minute}
	for _, line := range bytes.Split(text, []byte("\n")) {
		var c struct {
			ID, KQL string
			Columns []any
			Rows    []any
			RowText []string `json:"row_text"`
		}
		if len(line) == 0 {
			continue
		}
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		if len(c.Columns) > 0 || len(c.Rows) > 0 || len(c.RowText) > 0 {
			continue
		}
		of++
		body, _ := json.Marshal(map[string]string{"csl": c.KQL})
		resp, err := client.Post(url+"/v1/rest/query", "application/json", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusBadRequest {
			rejected++
		} else {
			t.Logf("answered where Kusto has an error: %s: %s", c.ID, c.KQL)
		}
	}
	return rejected, of
}

// checkDifferences holds the page of known differences to what failed, in both ways: a
// case that differs stands there with its reason, and one that agrees by now must leave.
// failed are the judges' files by the prefix that the page gives their ids.
func checkDifferences(t *testing.T, page string, failed map[string]string) {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	listed, err := differences(string(text))
	if err != nil {
		t.Fatal(err)
	}
	still := map[string]bool{}
	for prefix, file := range failed {
		fails, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range bytes.Split(fails, []byte("\n")) {
			var c struct{ ID, Why string }
			if json.Unmarshal(line, &c) != nil || c.ID == "" {
				continue
			}
			still[prefix+c.ID] = true
			if listed[prefix+c.ID] == "" {
				t.Errorf("%s differs, and docs/differences.md does not say why: %.300s", prefix+c.ID, c.Why)
			}
		}
	}
	for id := range listed {
		if !still[id] {
			t.Errorf("docs/differences.md lists %s, which agrees: take it out", id)
		}
	}
}

// differences reads the tables "| case | why |" of the page.
func differences(page string) (map[string]string, error) {
	tables := strings.Split(page, "| case | why |\n|---|---|\n")
	if len(tables) == 1 {
		return nil, errors.New("docs/differences.md has no table of cases")
	}
	listed := map[string]string{}
	for _, table := range tables[1:] {
		for _, line := range strings.Split(table, "\n") {
			if strings.TrimSpace(line) == "" {
				break
			}
			cells := strings.SplitN(strings.Trim(line, "| "), "|", 2)
			id := strings.Trim(strings.TrimSpace(cells[0]), "`")
			if len(cells) != 2 || id == "" || strings.TrimSpace(cells[1]) == "" || listed[id] != "" {
				return nil, fmt.Errorf("docs/differences.md: %q is not | case | why |, or is there twice", line)
			}
			listed[id] = strings.TrimSpace(cells[1])
		}
	}
	return listed, nil
}

func TestDifferencesPage(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "differences.md"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := differences(string(text)); err != nil {
		t.Error(err)
	}
}

type score struct {
	name     string
	have, of int
}

func (s score) String() string { return fmt.Sprintf("%s %d of %d", s.name, s.have, s.of) }

func readScores(path string) (map[string]score, error) {
	text, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	scores := map[string]score{}
	for i, line := range strings.Split(string(text), "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		var s score
		if _, err := fmt.Sscanf(line, "%s %d of %d", &s.name, &s.have, &s.of); err != nil {
			return nil, fmt.Errorf("%s:%d: want NAME N of TOTAL", path, i+1)
		}
		scores[s.name] = s
	}
	return scores, nil
}

const head = `# Scores that may only rise. make ratchet measures them against ../shared and writes better ones here.
# answers-*: queries that give Kusto's own recorded answer; rules-*: public rules that run, and that
# give the columns Microsoft's language service derives; errors-rejected: wrong queries that are refused.
`

func writeScores(path string, scores []score) error {
	var b strings.Builder
	b.WriteString(head)
	for _, s := range scores {
		b.WriteString(s.String() + "\n")
	}
	return os.WriteFile(path, []byte(b.String()), 0o644)
}
