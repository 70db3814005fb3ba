package steps

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/jedib0t/go-pretty/v6/text"
)

// Print shows the rows left after each step, the steps of a pipeline that another one
// reads indented before the step that reads it. Conditions of a filter that lost rows
// follow it. A ">" marks the given loss. Lines have at most width columns; 0 is no
// bound.
func (q *Query) Print(width int, loss *Loss) string {
	p := &printer{width: width, loss: loss, seen: map[*Pipeline]bool{}, number: len("ROWS")}
	for _, pipe := range q.All {
		for _, s := range pipe.Steps {
			p.number = max(p.number, len(rows(s.Rows)))
		}
	}
	fmt.Fprintf(&p.b, "  %*s  STEP\n", p.number, "ROWS")
	p.pipeline(q.Main, 0)
	return p.b.String()
}

type printer struct {
	b      strings.Builder
	width  int
	number int // columns of the numbers
	loss   *Loss
	seen   map[*Pipeline]bool
}

const maxIndent = 12 // levels

func (p *printer) pipeline(x *Pipeline, depth int) {
	p.seen[x] = true
	before := Unknown
	for _, s := range x.Steps {
		for _, in := range s.Inputs {
			p.input(s, in, depth+1)
		}
		mark := " "
		if p.loss != nil && p.loss.Step == s {
			mark = ">"
		}
		p.line(mark, rows(s.Rows), depth, "", s.Text)
		if s.Filter != nil && len(s.Filter.Parts) > 1 && s.Rows < before {
			p.parts(s.Filter, depth+1, before, s)
		}
		before = s.Rows
	}
}

func (p *printer) input(s *Step, in *Pipeline, depth int) {
	name := in.Name
	switch {
	case p.seen[in]:
		p.line(" ", rows(in.Rows()), depth, "", name+", as above")
		return
	case name != "":
		p.line(" ", "", depth, "", name+":")
	default:
		p.line(" ", "", depth, "", "(...):")
	}
	p.pipeline(in, depth)
}

func (p *printer) parts(c *Cond, depth int, before int64, s *Step) {
	for _, part := range c.Parts {
		holds := "?"
		if part.Holds != Unknown {
			holds = fmt.Sprintf("%d of %d", part.Holds, before)
		}
		mark := " "
		if p.loss != nil && p.loss.Step == s && p.loss.Cond == part {
			mark = ">"
		}
		label := holds + "  " + c.Op + " "
		if part == c.Parts[0] {
			label = holds + "  " + strings.Repeat(" ", len(c.Op)+1)
		}
		if len(part.Parts) > 0 {
			word := "any of"
			if part.Op == "and" {
				word = "all of"
			}
			p.line(mark, "", depth, label, word)
			p.parts(part, depth+2, before, s)
			continue
		}
		p.line(mark, "", depth, label, joinLines(part.Text))
	}
}

// line prints a figure and a label with a text, which goes on below itself where it is
// too long.
func (p *printer) line(mark, figure string, depth int, label, s string) {
	indent := strings.Repeat("    ", min(depth, maxIndent))
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return '?'
		}
		return r
	}, s)
	room := 0
	if p.width > 0 {
		room = max(30, p.width-p.number-4-len(indent)-len(label))
	}
	for i, part := range wrap(s, room) {
		if i == 1 {
			mark, figure, label = " ", "", strings.Repeat(" ", len(label)+4)
		}
		fmt.Fprintln(&p.b, strings.TrimRight(fmt.Sprintf("%s %*s  %s%s%s", mark, p.number, figure, indent, label, part), " "))
	}
}

// maxLines bounds the lines that a step takes.
const maxLines = 6

func wrap(s string, room int) []string {
	if room == 0 || text.StringWidthWithoutEscSequences(s) <= room {
		return []string{s}
	}
	room -= 4 // of the lines that go on
	lines := strings.Split(text.WrapSoft(s, room), "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	if len(lines) > maxLines {
		lines = append(lines[:maxLines-1], text.Snip(lines[maxLines-1], room-2, "")+" …")
	}
	return lines
}

func rows(n int64) string {
	if n == Unknown {
		return "-"
	}
	return fmt.Sprint(n)
}
