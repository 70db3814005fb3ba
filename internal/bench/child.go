package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"quarry/engine/duckdb"
)

// Usage is what a child process took.
type Usage struct {
	Wall, CPU time.Duration
	PeakRSS   int64 // bytes of memory at the highest; 0 where the system does not say
	Exit      int
}

// Child runs a program and says what it took; stdout may be nil. Exit status 1 is no
// error: it means findings.
func (e *Env) Child(ctx context.Context, stdout io.Writer, name string, args ...string) (Usage, error) {
	return e.again(ctx, stdout, append([]string{childMode, name}, args...))
}

// DuckDB runs SQL in a process of its own on a database file, "" being memory: the
// rival of what Quarry does as a process.
func (e *Env) DuckDB(ctx context.Context, database, sql string) (Usage, error) {
	return e.again(ctx, nil, []string{childMode, e.self, duckdbMode, database, sql})
}

// The first arguments with which this program starts itself.
const (
	childMode  = "-child"
	duckdbMode = "-duckdb"
)

// again starts this program as the parent of the child. Linux counts the memory of the
// process that starts a child among the child's own, and this one may be large.
func (e *Env) again(ctx context.Context, stdout io.Writer, args []string) (Usage, error) {
	var u Usage
	result, write, err := os.Pipe()
	if err != nil {
		return u, err
	}
	defer result.Close()
	var stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, e.self, args...)
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = stdout, &stderr, []*os.File{write}
	err = cmd.Start()
	write.Close()
	if err != nil {
		return u, err
	}
	decodeErr := json.NewDecoder(result).Decode(&u)
	err = errors.Join(cmd.Wait(), decodeErr)
	if err != nil || u.Exit > 1 {
		text := strings.TrimSpace(stderr.String())
		if len(text) > 2000 {
			text = "..." + text[len(text)-2000:]
		}
		command := strings.Join(args[1:], " ")
		if len(command) > 200 {
			command = command[:200] + "..."
		}
		return u, fmt.Errorf("%s: exit status %d: %s", command, u.Exit, text)
	}
	return u, nil
}

// asChild is the life of this program as a parent: it runs the command and writes its
// usage to file 3.
func asChild(ctx context.Context, command []string) error {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if len(command) > 1 && command[1] == duckdbMode { // with the memory settings that DuckDB itself has
		cmd.Env = append(os.Environ(), "DUCKDB_JE_MALLOC_CONF=dirty_decay_ms:1000,muzzy_decay_ms:1000")
	}
	start := time.Now()
	err := cmd.Run()
	u := Usage{Wall: time.Since(start)}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return err
	}
	u.Exit = cmd.ProcessState.ExitCode()
	u.CPU = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	u.PeakRSS = peakRSS(cmd.ProcessState)
	return json.NewEncoder(os.NewFile(3, "usage")).Encode(u)
}

// asDuckDB is the life of this program as a rival.
func asDuckDB(ctx context.Context, database, sql string) error {
	db, err := duckdb.Open(duckdb.Options{Path: database})
	if err != nil {
		return err
	}
	return errors.Join(db.Exec(ctx, sql), db.Close())
}

// Simulate makes logs in a folder that must not exist yet; its rows are in events below.
func (e *Env) Simulate(ctx context.Context, dir string, flags ...string) error {
	e.Logf("simulating %s", strings.Join(flags, " "))
	_, err := e.Child(ctx, nil, e.Quarry, append([]string{"simulate", "-o", dir}, flags...)...)
	return err
}
