package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/chzyer/readline"

	"quarry/events"
	"quarry/kql/diag"
	"quarry/kql/source"
)

const replHelp = `A query ends with ";" or an empty line.
  .tables          the tables and how many rows they have
  .schema TABLE    the columns of a table
  .load PATH       load a file or a folder
  .help            this
  .quit            leave; so does Ctrl-D
`

// lines is where statements come from.
type lines interface {
	// next gives a line; fresh says that a new statement begins.
	next(fresh bool) (string, error)
	close() error
}

// interactive reads statements until the end of the input. At a terminal an error is
// shown and the next statement follows; in a script it ends the run.
func (q *querier) interactive(ctx context.Context) (err error) {
	if q.space, err = q.open(ctx, q.flags); err != nil {
		return err
	}
	defer q.space.Close()
	person := isTerminal(q.stdin) && isTerminal(q.stderr)
	var in lines = newScript(q.stdin)
	if person {
		if in, err = q.prompt(); err != nil {
			return err
		}
		fmt.Fprintf(q.stderr, "Quarry %s. A query ends with \";\" or an empty line; .help tells more.\n", Version)
	}
	defer in.close()
	run := q.run
	if person {
		i := interrupts(in)
		defer i.stop()
		run = func(_ context.Context, text *source.Text) error { return i.during(ctx, text, q.run) }
	}
	var text strings.Builder
	for {
		line, err := in.next(text.Len() == 0)
		if errors.Is(err, readline.ErrInterrupt) { // Ctrl-C at the prompt drops what was typed
			text.Reset()
			continue
		}
		atEnd := errors.Is(err, io.EOF)
		if err != nil && !atEnd {
			return err
		}
		trimmed := strings.TrimSpace(line)
		if text.Len() == 0 && strings.HasPrefix(trimmed, ".") && !atEnd {
			if trimmed == ".quit" || trimmed == ".exit" {
				return nil
			}
			if err := q.command(ctx, trimmed); err != nil {
				if !person {
					return err
				}
				q.explain(nil, err)
			}
			continue
		}
		if trimmed != "" {
			text.WriteString(line + "\n")
		}
		// "let a = 1;" ends no query: what it defines is for what follows.
		if !atEnd && trimmed != "" && !(strings.HasSuffix(trimmed, ";") && endsQuery(text.String())) {
			continue
		}
		body := text.String()
		text.Reset()
		if strings.TrimSpace(body) != "" {
			err := run(ctx, source.New("", body, 0))
			switch {
			case err == nil:
			case !person:
				return err
			case errors.Is(err, context.Canceled):
				fmt.Fprintln(q.stderr, "stopped")
			default:
				q.explain(nil, err)
			}
		}
		if atEnd {
			return nil
		}
	}
}

// interrupt lets Ctrl-C at a prompt end the query that runs, and not the program.
type interrupt struct {
	signals chan os.Signal
	mu      sync.Mutex
	cancel  context.CancelFunc // of the query that runs, or nil
}

func interrupts(in lines) *interrupt {
	i := &interrupt{signals: make(chan os.Signal, 1)}
	signal.Notify(i.signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		for s := range i.signals {
			i.mu.Lock()
			if i.cancel != nil {
				i.cancel()
			}
			i.mu.Unlock()
			if s == syscall.SIGTERM {
				in.close() // the prompt ends
			}
		}
	}()
	return i
}

func (i *interrupt) stop() {
	signal.Stop(i.signals)
	close(i.signals)
}

// during runs a query; the program's own context ends with the first Ctrl-C, so it
// does not count here.
func (i *interrupt) during(ctx context.Context, text *source.Text, run func(context.Context, *source.Text) error) error {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	i.set(cancel)
	defer i.set(nil)
	return run(ctx, text)
}

func (i *interrupt) set(cancel context.CancelFunc) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.cancel = cancel
}

// endsQuery reports whether the last statement of a text is a query: none of the words
// that begin other statements stands at its start.
func endsQuery(text string) bool {
	text = strings.TrimSuffix(strings.TrimSpace(text), ";")
	last := text[strings.LastIndexByte(text, ';')+1:]
	for {
		last = strings.TrimSpace(last)
		if !strings.HasPrefix(last, "//") {
			break
		}
		_, last, _ = strings.Cut(last, "\n")
	}
	word, _, _ := strings.Cut(last, " ")
	switch word {
	case "let", "set", "declare", "alias", "restrict", "":
		return false
	}
	return true
}

// command runs a line that begins with a dot.
func (q *querier) command(ctx context.Context, line string) error {
	name, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	switch name {
	case ".help":
		_, err := io.WriteString(q.stderr, replHelp)
		return err
	case ".tables":
		counts, err := q.space.Counts(ctx)
		if err != nil {
			return err
		}
		for _, t := range q.space.Store().Tables() {
			fmt.Fprintf(q.stdout, "%s\t%d\n", bracketed(t.Name), counts[t.Name])
		}
		return nil
	case ".schema":
		schema, ok := q.space.Schema(rest)
		if !ok {
			hint := ""
			if near := diag.Nearest(rest, q.space.Session.Tables()); near != "" {
				hint = fmt.Sprintf("; did you mean %q?", near)
			}
			return fmt.Errorf("there is no table %q%s", rest, hint)
		}
		for _, c := range schema {
			fmt.Fprintf(q.stdout, "%s\t%s\n", c.Name, c.Type)
		}
		return nil
	case ".load":
		if rest == "" {
			return errors.New(".load needs a path")
		}
		report, err := q.load(ctx, q.space, []string{rest}, events.Options{})
		if err == nil {
			fmt.Fprintf(q.stderr, "%s loaded\n", plural(report.Rows, "row", "rows"))
		}
		return err
	}
	return fmt.Errorf("unknown command %s; .help lists them", name)
}

// script is statements from a file or a pipe.
type script struct{ *bufio.Scanner }

func newScript(r io.Reader) script {
	s := bufio.NewScanner(r)
	s.Buffer(nil, 16<<20)
	return script{s}
}

func (s script) next(bool) (string, error) {
	if s.Scan() {
		return s.Text(), nil
	}
	if err := s.Err(); err != nil {
		return "", err
	}
	return "", io.EOF
}

func (s script) close() error { return nil }

// prompt is statements typed at a terminal.
type prompt struct{ *readline.Instance }

func (q *querier) prompt() (lines, error) {
	history := ""
	if dir, err := os.UserCacheDir(); err == nil {
		dir = filepath.Join(dir, "quarry")
		if os.MkdirAll(dir, 0o700) == nil {
			history = filepath.Join(dir, "history")
		}
	}
	rl, err := readline.NewEx(&readline.Config{Prompt: "quarry> ", HistoryFile: history, HistoryLimit: 1000, Stderr: q.stderr})
	if err != nil {
		return nil, err
	}
	return prompt{rl}, nil
}

func (p prompt) next(fresh bool) (string, error) {
	p.SetPrompt("   ...> ")
	if fresh {
		p.SetPrompt("quarry> ")
	}
	return p.Readline()
}

func (p prompt) close() error { return p.Close() }
