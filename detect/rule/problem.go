package rule

import "fmt"

// Problem is something about a rule file that its author should know. The rest
// of the file, and every other file, still loads.
type Problem struct {
	File    string
	Line    int // 1-based; 0 when the whole file is meant
	Column  int // 1-based, in characters; 0 when the whole line is meant
	Message string
	Hint    string
	// Warning marks a remark: no rule was lost.
	Warning bool
}

// Error is the problem in one line: "dir/rule.yaml:12:3: severity is missing".
func (p Problem) Error() string {
	s := p.File
	if p.Line > 0 {
		s += fmt.Sprintf(":%d", p.Line)
		if p.Column > 0 {
			s += fmt.Sprintf(":%d", p.Column)
		}
	}
	s += ": " + p.Message
	if p.Hint != "" {
		s += " (" + p.Hint + ")"
	}
	return s
}
