package lint

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"
)

// directive is a comment that suppresses findings:
//
//	# quarry:ignore QL015 QL102 the reason
//	// quarry:ignore-file QL106 the reason
//
// At the end of a line it is about that line. On a line of its own it is about what
// follows: in YAML the next key or entry with all that belongs to it, in KQL the next
// line. With -file it is about the whole file.
type directive struct {
	at       place
	codes    []string
	reason   string
	from, to int // lines
	used     map[string]bool
}

var (
	directiveText = regexp.MustCompile(`quarry:ignore(-file)?(?:\s+|$)(.*)`)
	codeText      = regexp.MustCompile(`^(?:QL|KQ)\d{3}$`)
)

// suppress takes the file's comments into account.
func (f *file) suppress() {
	if !strings.Contains(f.Text, "quarry:ignore") {
		return
	}
	list := f.directives()
	for i := range f.out {
		x := &f.out[i]
		for _, d := range list {
			if d.reason != "" && x.Line >= d.from && x.Line <= d.to && slices.Contains(d.codes, x.Code) {
				d.used[x.Code] = true
				if x.Suppressed == nil {
					x.Suppressed = &Suppression{Reason: d.reason}
				}
			}
		}
	}
	for _, d := range list {
		switch {
		case len(d.codes) == 0:
			f.report("QL903", d.at, "the suppression names no code", "write quarry:ignore CODE reason")
		case d.reason == "":
			f.report("QL901", d.at, fmt.Sprintf("the suppression of %s gives no reason", strings.Join(d.codes, ", ")), "say after the code why the finding may stay")
		default:
			for _, c := range d.codes {
				if !d.used[c] {
					f.report("QL902", d.at, fmt.Sprintf("there is no %s to suppress here", c), "take it out")
				}
			}
		}
	}
}

// directives finds the comments, in YAML and in KQL.
func (f *file) directives() []*directive {
	var out []*directive
	comments := f.yamlComments()
	for n := 1; n <= len(f.lines); n++ {
		s := f.line(n)
		m := directiveText.FindStringSubmatchIndex(s)
		if m == nil {
			continue
		}
		head := strings.TrimRight(s[:m[0]], " \t")
		yaml := strings.HasSuffix(head, "#") && comments[n]
		if !yaml && !strings.HasSuffix(head, "//") {
			continue
		}
		head = strings.TrimRight(head, "#/")
		d := &directive{used: map[string]bool{}, from: n, to: n}
		d.at.line, d.at.column = n, utf8.RuneCountInString(s[:m[0]])+1
		d.at.end = utf8.RuneCountInString(strings.TrimRight(s, " \t")) + 1
		d.codes, d.reason = codesAndReason(s[m[4]:m[5]])
		switch {
		case m[2] >= 0:
			d.from, d.to = 1, len(f.lines)
		case strings.TrimSpace(head) == "":
			d.from, d.to = f.next(n, yaml)
		}
		out = append(out, d)
	}
	return out
}

func codesAndReason(s string) (codes []string, reason string) {
	for rest := strings.TrimSpace(s); ; {
		word, after, _ := strings.Cut(rest, " ")
		code := strings.TrimRight(word, ",:;")
		if !codeText.MatchString(code) {
			return codes, strings.Trim(rest, " -:\t")
		}
		codes, rest = append(codes, code), strings.TrimSpace(after)
	}
}

// yamlComments are the lines with a comment of YAML, which a "#" within a block or a
// quoted text is not.
func (f *file) yamlComments() map[int]bool {
	lower := strings.ToLower(f.Name)
	if !strings.HasSuffix(lower, ".yaml") && !strings.HasSuffix(lower, ".yml") {
		return nil
	}
	out := map[int]bool{}
	for _, t := range lexer.Tokenize(f.Text) {
		if t.Type == token.CommentType {
			out[t.Position.Line] = true
		}
	}
	return out
}

// next are the lines that a comment of its own line n is about.
func (f *file) next(n int, yaml bool) (from, to int) {
	comment := "//"
	if yaml {
		comment = "#"
	}
	for from = n + 1; from <= len(f.lines); from++ {
		if s := strings.TrimSpace(f.line(from)); s != "" && !strings.HasPrefix(s, comment) {
			break
		}
	}
	if !yaml {
		return from, from
	}
	first := f.line(from)
	depth := indent(first)
	entries := strings.HasSuffix(strings.TrimSpace(first), ":") // a list may stand at its key's depth
	for to = from + 1; to <= len(f.lines); to++ {
		s := f.line(to)
		if strings.TrimSpace(s) == "" || indent(s) > depth || entries && indent(s) == depth && strings.HasPrefix(strings.TrimSpace(s), "- ") {
			continue
		}
		break
	}
	return from, to - 1
}

func indent(s string) int { return len(s) - len(strings.TrimLeft(s, " ")) }
