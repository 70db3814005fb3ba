package kusto

import (
	"fmt"
	"strings"

	"quarry/kql/source"
	"quarry/kql/types"
)

// mgmt runs a management command, and the query piped behind it.
func (s *Server) mgmt(c *call) error {
	body := c.text
	if strings.TrimLeft(body, " \t\r\n") == "" || strings.TrimLeft(body, " \t\r\n")[0] != '.' {
		return s.query(c, source.New("", body, 0), nil, &v1{encoder: encoder{out: c.out}, call: c, full: true})
	}
	words, pipe, err := splitCommand(body)
	if err != nil {
		return badRequest("Syntax error: " + err.Error())
	}
	table, err := s.command(c, words)
	if err != nil {
		return err
	}
	answer := &v1{encoder: encoder{out: c.out}, call: c}
	if pipe < 0 {
		answer.begin(nil)
		answer.table(table.Schema)
		for _, row := range table.Values {
			answer.row(row)
		}
		answer.endTable(nil)
		answer.end(nil)
		return answer.err
	}
	// The command's table takes the command's place, so that positions stay right.
	name := "_command"
	query := name + strings.Map(func(r rune) rune {
		if r == '\n' {
			return r
		}
		return ' '
	}, body[min(len(name), pipe):pipe]) + body[pipe:]
	for _, row := range table.Values {
		for i, v := range row {
			if v == null {
				row[i] = ""
			}
		}
	}
	return s.query(c, source.New("", query, 0), map[string]*types.Rows{name: table}, answer)
}

// word is a word of a command, or a name or text in quotes.
type word struct {
	text   string
	quoted bool
}

func (w word) is(s string) bool { return !w.quoted && strings.EqualFold(w.text, s) }

// splitCommand splits a command into words up to its first pipe, whose offset is
// given, or -1. A name may be written bare, in quotes, as ['x'] or as ["x"].
func splitCommand(s string) (words []word, pipe int, err error) {
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ';' || c == '[' || c == ']':
			i++
		case strings.HasPrefix(s[i:], "//"):
			n := strings.IndexByte(s[i:], '\n')
			if n < 0 {
				n = len(s) - i
			}
			i += n
		case c == '|':
			return words, i, nil
		case c == '\'' || c == '"':
			text, n, ok := quoted(s[i:])
			if !ok {
				return nil, 0, fmt.Errorf("the text that starts at byte %d is not closed", i+1)
			}
			words = append(words, word{text, true})
			i += n
		case strings.IndexByte("(),=<{}", c) >= 0:
			words = append(words, word{text: s[i : i+1]})
			i++
		default:
			n := strings.IndexAny(s[i:], " \t\r\n;[](),=<{}|'\"")
			if n < 0 {
				n = len(s) - i
			}
			words = append(words, word{text: s[i : i+n]})
			i += n
		}
	}
	return words, -1, nil
}

// quoted reads a text in quotes, with its length in s.
func quoted(s string) (text string, n int, ok bool) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case s[0]:
			return b.String(), i + 1, true
		case '\\':
			if i++; i == len(s) {
				return "", 0, false
			}
		}
		b.WriteByte(s[i])
	}
	return "", 0, false
}

// arguments are what a command's pattern found.
type arguments struct {
	name  string
	names []string // of a list in parentheses; nil if there is none
}

// match compares words with a pattern: plain words stand for themselves, NAME for one
// name, NAMES for a list of names in parentheses, WITH for "with (...)". A "?" behind
// one makes it optional.
func match(pattern string, words []word) (a arguments, ok bool) {
	parts := strings.Fields(pattern)
	rest := words
	for _, p := range parts {
		p, optional := strings.CutSuffix(p, "?")
		n := 0
		switch p {
		case "NAME":
			if len(rest) > 0 && rest[0].text != "(" {
				a.name, n = rest[0].text, 1
			}
		case "NAMES":
			a.names, n = nameList(rest)
		case "WITH":
			if len(rest) > 1 && rest[0].is("with") {
				if _, m := nameList(rest[1:]); m > 0 {
					n = m + 1
				}
			}
		default:
			if len(rest) > 0 && rest[0].is(p) {
				n = 1
			}
		}
		if n == 0 && !optional {
			return a, false
		}
		rest = rest[n:]
	}
	return a, len(rest) == 0
}

// nameList reads "(A, B)" and returns how many words it has.
func nameList(words []word) (names []string, n int) {
	if len(words) == 0 || words[0].text != "(" || words[0].quoted {
		return nil, 0
	}
	for i, w := range words[1:] {
		switch {
		case w.quoted:
			names = append(names, w.text)
		case w.text == ")":
			return names, i + 2
		case w.text != "," && w.text != "(":
			names = append(names, w.text)
		}
	}
	return nil, 0
}

// command runs a command and gives its table.
func (s *Server) command(c *call, words []word) (*types.Rows, error) {
	for _, cmd := range commands {
		if a, ok := match(cmd.pattern, words); ok {
			return cmd.run(s, a)
		}
	}
	text := strings.TrimSpace(c.text)
	if len(text) > 100 {
		text = strings.ToValidUTF8(text[:100], "") + "..."
	}
	f := badRequest(fmt.Sprintf("Syntax error: unknown command %q. Known are %s", text, strings.Join(knownCommands(), "; ")))
	f.inner = &inner{Code: "SYN0002", Message: f.message, Type: "Kusto.Data.Exceptions.SyntaxException", Permanent: true}
	return nil, f
}

func knownCommands() []string {
	var out []string
	for _, cmd := range commands {
		out = append(out, strings.NewReplacer("?", "", "NAMES", "(...)", "WITH", "with (...)").Replace(cmd.pattern))
	}
	return out
}
