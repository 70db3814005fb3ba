package lint

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
)

// Edit replaces Old, which stands at a place of the file, by New. Both are parts of
// one line.
type Edit struct {
	Line, Column int
	Old, New     string
}

// Fix makes the edits of the findings that count, and returns how many it made and in
// which files. What the files hold beside them stays as it is, line ends included. A
// file in an archive cannot be edited; its findings stay.
func Fix(r *Report) (made int, files []string, err error) {
	byFile := map[string][]*Edit{}
	for _, x := range r.Findings {
		if x.Fix != nil && x.Suppressed == nil && !strings.Contains(x.File, "!") {
			byFile[x.File] = append(byFile[x.File], x.Fix)
		}
	}
	for name := range byFile {
		files = append(files, name)
	}
	slices.Sort(files)
	for _, name := range files {
		n, err := fixFile(name, byFile[name])
		made += n
		if err != nil {
			return made, files, err
		}
	}
	return made, files, nil
}

func fixFile(name string, edits []*Edit) (int, error) {
	info, err := os.Stat(name)
	if err != nil {
		return 0, err
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return 0, err
	}
	out, made := apply(data, edits)
	if made == 0 {
		return 0, nil
	}
	if err := writeFile(name, out, info.Mode().Perm()); err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	return made, nil
}

// apply makes the edits that still fit; of two that overlap, the first.
func apply(data []byte, edits []*Edit) (out []byte, made int) {
	edits = slices.Clone(edits)
	slices.SortStableFunc(edits, func(a, b *Edit) int { return cmp.Or(a.Line-b.Line, a.Column-b.Column) })
	var b bytes.Buffer
	done, line, start := 0, 1, 0
	if bytes.HasPrefix(data, []byte("\ufeff")) {
		start = len("\ufeff")
	}
	for _, e := range edits {
		for line < e.Line {
			i := bytes.IndexByte(data[start:], '\n')
			if i < 0 {
				break
			}
			start, line = start+i+1, line+1
		}
		at := start
		for range e.Column - 1 {
			if at < len(data) {
				at++
				for at < len(data) && data[at]&0xc0 == 0x80 { // the rest of a character
					at++
				}
			}
		}
		if line != e.Line || at < done || !bytes.HasPrefix(data[at:], []byte(e.Old)) {
			continue
		}
		b.Write(data[done:at])
		b.WriteString(e.New)
		done = at + len(e.Old)
		made++
	}
	b.Write(data[done:])
	return b.Bytes(), made
}
