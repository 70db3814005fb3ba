package builtin

import (
	"cmp"
	"slices"
	"strings"
)

// Reduce is the reduce operator: log-template clustering in the way of SLCT
// (R. Vaarandi, "A Data Clustering Algorithm for Mining Patterns From Event Logs",
// 2003), which Kusto's documentation names as its source. A text is cut into terms; a
// term that stands at its position in more than Threshold of all texts is kept, the
// others become "*"; templates shared by more than Threshold of the texts are the
// patterns, and all other texts are "others".
type Reduce struct {
	Threshold float64 // fraction of the texts, 0 to 1
	// Characters changes the role of characters: a letter or digit here parts terms and
	// is dropped, any other character here joins them.
	Characters string
}

// Template is a pattern of Reduce.
type Template struct {
	Pattern        string
	Count          int64
	Representative string // the first text of the pattern; empty for "others"
}

// others is the pattern of the texts that share none.
const others = "others"

type reduceTerm struct {
	text   string // "" for a dropped separator
	isWord bool
}

// Run finds the patterns, the most frequent first and "others" last, and the pattern
// of each text as an index. hold is that of the input which the texts are from.
func (r Reduce) Run(e *Env, texts []string, hold func(bytes int) error) (patterns []Template, of []int, err error) {
	type place struct {
		pos  int
		word string
	}
	count, held := map[place]int{}, 0
	for _, t := range texts {
		e.Check()
		pos := 0
		for _, w := range r.terms(t) {
			if w.isWord {
				count[place{pos, w.text}]++
				pos++
			}
		}
		if len(count) > held {
			if err := hold((len(count) - held) * sizeOfEntry); err != nil {
				return nil, nil, err
			}
			held = len(count)
		}
	}
	least := r.Threshold * float64(len(texts))
	template := func(t string) string {
		var b strings.Builder
		pos, wild, kept := 0, false, false
		for _, w := range r.terms(t) {
			if !w.isWord {
				if w.text != "" {
					wild = false
					b.WriteString(w.text)
				}
				continue
			}
			if float64(count[place{pos, w.text}]) > least {
				b.WriteString(w.text)
				wild, kept = false, true
			} else if !wild {
				b.WriteByte('*')
				wild = true
			}
			pos++
		}
		if !kept {
			return ""
		}
		return b.String()
	}
	index := map[string]int{}
	of = make([]int, len(texts))
	for i, t := range texts {
		e.Check()
		p := template(t)
		k, ok := index[p]
		if !ok {
			k = len(patterns)
			index[p] = k
			patterns = append(patterns, Template{Pattern: p, Representative: t})
			if err := hold(2*sizeOfEntry + len(p)); err != nil {
				return nil, nil, err
			}
		}
		patterns[k].Count++
		of[i] = k
	}
	patterns, of = sortTemplates(patterns, of, least)
	return patterns, of, nil
}

// sortTemplates merges the templates that are too rare into "others" and sorts the rest.
func sortTemplates(all []Template, of []int, least float64) ([]Template, []int) {
	order := make([]int, 0, len(all))
	rest := Template{Pattern: others}
	for i, t := range all {
		if t.Pattern == "" || float64(t.Count) <= least {
			rest.Count += t.Count
			continue
		}
		order = append(order, i)
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(all[b].Count, all[a].Count) })
	to := make([]int, len(all))
	for i := range to {
		to[i] = len(order)
	}
	var out []Template
	for n, i := range order {
		to[i] = n
		out = append(out, all[i])
	}
	if rest.Count > 0 {
		out = append(out, rest)
	}
	for i, k := range of {
		of[i] = to[k]
	}
	return out, of
}

// terms cuts a text into words and what stands between them.
func (r Reduce) terms(text string) []reduceTerm {
	var out []reduceTerm
	start, word := 0, false
	flush := func(end int) {
		if end > start {
			out = append(out, reduceTerm{text[start:end], word})
		}
		start = end
	}
	for i, c := range text {
		alnum := c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		listed := strings.ContainsRune(r.Characters, c)
		if alnum && listed {
			flush(i)
			out = append(out, reduceTerm{})
			start = i + len(string(c))
			continue
		}
		if isWord := alnum != listed; isWord != word {
			flush(i)
			word = isWord
		}
	}
	flush(len(text))
	return out
}
