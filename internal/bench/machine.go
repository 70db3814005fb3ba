package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"

	"quarry/engine/duckdb"
	"quarry/kql/types"
)

// Machine is where a result was seen.
type Machine struct {
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	Memory string `json:"memory"`
	System string `json:"system"`
	Go     string `json:"go"`
	DuckDB string `json:"duckdb"`
	Load   string `json:"load,omitempty"` // processes that wanted a core in the minute before, if the system says
}

func (m Machine) String() string {
	text := fmt.Sprintf("%s, %d cores, %s of memory, %s, %s, DuckDB %s", m.CPU, m.Cores, m.Memory, m.System, m.Go, m.DuckDB)
	if m.Load != "" {
		text += ", load " + m.Load + " before the run"
	}
	return text
}

func thisMachine(ctx context.Context) (Machine, error) {
	m := Machine{CPU: "an unknown processor", Cores: runtime.NumCPU(), Memory: "an unknown amount", System: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version()}
	if s := field("/proc/cpuinfo", "model name"); s != "" {
		m.CPU = s
	}
	var kib float64
	if _, err := fmt.Sscanf(field("/proc/meminfo", "MemTotal"), "%f kB", &kib); err == nil {
		m.Memory = fmt.Sprintf("%.0f GiB", kib/(1<<20))
	}
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		m.Load, _, _ = strings.Cut(string(text), " ")
	}
	db, err := duckdb.Open(duckdb.Options{})
	if err != nil {
		return m, err
	}
	defer db.Close()
	c, err := db.Conn(ctx)
	if err != nil {
		return m, err
	}
	defer c.Release()
	rows, err := c.Collect(ctx, "SELECT version()", types.Schema{{Name: "v", Type: types.String}})
	if err != nil {
		return m, err
	}
	m.DuckDB = strings.TrimPrefix(rows.Values[0][0].(string), "v")
	return m, nil
}

// field is what a file of the lines "name : value" says first of a name.
func field(file, name string) string {
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer f.Close()
	for in := bufio.NewScanner(f); in.Scan(); {
		if k, v, ok := strings.Cut(in.Text(), ":"); ok && strings.TrimSpace(k) == name {
			return strings.TrimSpace(v)
		}
	}
	return ""
}
