package rule

import (
	"fmt"
	"strconv"
	"strings"
)

// text is a scalar member; another shape is a warning and "".
func (r *reader) text(n *Node, key string) string {
	v := n.get(key)
	if v == nil {
		return ""
	}
	if v.kind != scalar {
		r.warn(v, "%s is not text", key)
		return ""
	}
	return strings.TrimSpace(v.text)
}

// texts is a list member; one scalar counts as a list of one.
func (r *reader) texts(n *Node, key string) []string {
	v := n.get(key)
	if v == nil {
		return nil
	}
	if v.kind == scalar {
		return nonEmpty(strings.TrimSpace(v.text))
	}
	if v.kind == object {
		r.warn(v, "%s is not a list", key)
		return nil
	}
	var out []string
	for _, k := range v.kids {
		switch k.kind {
		case scalar:
			out = append(out, nonEmpty(strings.TrimSpace(k.text))...)
		case null:
		default:
			r.warn(k, "an entry of %s is not text", key)
		}
	}
	return out
}

// list is a member that is a sequence of mappings; other entries are warnings.
func (r *reader) list(n *Node, key, of string) []*Node {
	v := n.get(key)
	if v == nil {
		return nil
	}
	if v.kind != list {
		r.warn(v, "%s is not a list", key)
		return nil
	}
	var out []*Node
	for _, k := range v.kids {
		if k.kind != object {
			r.warn(k, "an entry of %s is not a mapping with %s", key, of)
			continue
		}
		out = append(out, k)
	}
	return out
}

// mapping is a member that is a mapping, nil when it is absent or something else.
func (r *reader) mapping(n *Node, key string) *Node {
	v := n.get(key)
	if v != nil && v.kind != object {
		r.warn(v, "%s is not a mapping", key)
		return nil
	}
	return v
}

func (r *reader) flag(n *Node, key string) bool {
	v := r.text(n, key)
	if v != "" && !strings.EqualFold(v, "true") && !strings.EqualFold(v, "false") {
		r.warn(n.get(key), "%s is %q, not true or false", key, v)
	}
	return strings.EqualFold(v, "true")
}

// optionalFlag is nil for an absent member.
func (r *reader) optionalFlag(n *Node, key string) *bool {
	if n.get(key) == nil {
		return nil
	}
	v := r.flag(n, key)
	return &v
}

func (r *reader) number(n *Node, key string) int {
	v := r.text(n, key)
	if v == "" {
		return 0
	}
	i, err := strconv.Atoi(v)
	if err != nil {
		r.warn(n.get(key), "%s is %q, not a whole number", key, v)
	}
	return i
}

// duration checks a duration and keeps its notation.
func (r *reader) duration(n *Node, key string) string {
	v := r.text(n, key)
	if v == "" {
		return ""
	}
	if _, err := ParseDuration(v); err != nil {
		r.problem(n.get(key), fmt.Sprintf("%s: %v", key, err), "", true)
	}
	return v
}

func (r *reader) pairs(n *Node, key string) []Pair {
	v := r.mapping(n, key)
	if v == nil {
		return nil
	}
	var out []Pair
	for i, k := range v.keys {
		out = append(out, Pair{k, strings.TrimSpace(v.kids[i].str())})
	}
	return out
}

func tagPairs(n *Node) []Pair {
	if n.kind == scalar {
		return []Pair{{Name: strings.TrimSpace(n.text)}}
	}
	return flatten(n)
}

// flatten turns nested maps into dotted names. Aliases can make a small document
// look large, so it stops after some thousand values.
func flatten(n *Node) []Pair {
	var out []Pair
	left := 5000
	var walk func(prefix string, n *Node)
	walk = func(prefix string, n *Node) {
		if left--; n == nil || left < 0 {
			return
		}
		switch n.kind {
		case scalar:
			out = append(out, Pair{strings.TrimSuffix(prefix, "."), strings.TrimSpace(n.text)})
		case list:
			for _, k := range n.kids {
				walk(prefix, k)
			}
		case object:
			for i, k := range n.keys {
				walk(prefix+k+".", n.kids[i])
			}
		}
	}
	walk("", n)
	return out
}

func kids(n *Node) []*Node {
	if n == nil || n.kind != list {
		return nil
	}
	return n.kids
}

func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// first is the first value that is not zero.
func first[T comparable](values ...T) T {
	var zero T
	for _, v := range values {
		if v != zero {
			return v
		}
	}
	return zero
}

// clean trims the blanks and the literal single quotes that authors put around
// names and descriptions inside YAML blocks.
func clean(s string) string {
	s = strings.TrimSpace(unixLines(s))
	if len(s) >= 2 && s[0] == '\'' && s[len(s)-1] == '\'' {
		s = strings.TrimSpace(s[1 : len(s)-1])
	}
	return s
}

// unixLines ends lines with "\n"; the strings of exports have "\r\n" in them.
func unixLines(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") }
