package coverage

import (
	"fmt"
	"strconv"
	"strings"

	"quarry/detect/attack"
)

// Layer is a layer of the ATT&CK Navigator: the parts of its format 4.5 that Quarry
// writes, under their names in the format's document (attack-navigator,
// layers/LAYERFORMATv4_5.md).
type Layer struct {
	Name         string       `json:"name"`
	Versions     Versions     `json:"versions"`
	Domain       string       `json:"domain"`
	Description  string       `json:"description"`
	Layout       Layout       `json:"layout"`
	HideDisabled bool         `json:"hideDisabled"`
	Techniques   []Technique  `json:"techniques"`
	Gradient     Gradient     `json:"gradient"`
	Legend       []LegendItem `json:"legendItems,omitempty"`
	Metadata     []Metadata   `json:"metadata,omitempty"`
}

// Versions say for what a layer is made.
type Versions struct {
	Attack    string `json:"attack"`
	Navigator string `json:"navigator"`
	Layer     string `json:"layer"`
}

// Layout says how the matrix is shown.
type Layout struct {
	Layout        string `json:"layout"`
	ShowID        bool   `json:"showID"`
	ShowName      bool   `json:"showName"`
	SubTechniques string `json:"expandedSubtechniques"`
}

// Technique is a technique below one tactic. Its score is a number of rules.
type Technique struct {
	ID       string     `json:"techniqueID"`
	Tactic   string     `json:"tactic"`
	Score    int        `json:"score"`
	Comment  string     `json:"comment,omitempty"`
	Enabled  bool       `json:"enabled"`
	Metadata []Metadata `json:"metadata,omitempty"`
}

// Gradient turns scores into colours.
type Gradient struct {
	Colors   []string `json:"colors"`
	MinValue int      `json:"minValue"`
	MaxValue int      `json:"maxValue"`
}

// LegendItem explains a colour.
type LegendItem struct {
	Label string `json:"label"`
	Color string `json:"color"`
}

// Metadata is a named remark.
type Metadata struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// The colours of few and of many rules.
const (
	few  = "#cfe8f3"
	many = "#0a4c6a"
)

// maxNamed bounds the rules that a technique's comment names.
const maxNamed = 20

// Layer is the coverage as a layer. most is the score of the darkest colour, so that
// layers of one set of rules compare; 0 is the largest score of this layer.
func (c *Coverage) Layer(name, description string, most int) *Layer {
	major, _, _ := strings.Cut(attack.Version, ".")
	l := &Layer{
		Name: name, Domain: "enterprise-attack", Description: description,
		// 4.5 is the format since Navigator 4.9; that it may unfold the sub-techniques
		// that have a score came with 5.0.
		Versions:   Versions{Attack: major, Navigator: "5.0.0", Layer: "4.5"},
		Layout:     Layout{Layout: "side", ShowName: true, SubTechniques: "annotated"},
		Techniques: []Technique{},
	}
	for _, cell := range c.Cells {
		t := Technique{ID: cell.Technique.ID, Tactic: cell.Tactic.Short, Score: len(cell.Rules), Enabled: true, Comment: naming(cell.Rules),
			Metadata: []Metadata{{"rules", strconv.Itoa(len(cell.Rules))}}}
		if cell.Rows > 0 {
			t.Metadata = append(t.Metadata, Metadata{"catalogue rows", strconv.Itoa(cell.Rows)})
		}
		l.Techniques = append(l.Techniques, t)
	}
	most = max(most, c.Most(), 1)
	l.Gradient = Gradient{Colors: []string{few, many}, MinValue: 0, MaxValue: most}
	l.Legend = []LegendItem{{"score: number of rules, few", few}, {fmt.Sprintf("score: number of rules, %d", most), many}}
	l.Metadata = []Metadata{{"rules", strconv.Itoa(c.Rules)}, {"rules that name no technique", strconv.Itoa(c.Without)}}
	if len(c.Unplaced) > 0 {
		l.Metadata = append(l.Metadata, Metadata{"techniques that the matrix does not have", strings.Join(c.Unplaced, ", ")})
	}
	if len(c.Renamed) > 0 {
		l.Metadata = append(l.Metadata, Metadata{"techniques under their new id", strings.Join(c.Renamed, ", ")})
	}
	return l
}

// Most is the largest number of rules of a cell.
func (c *Coverage) Most() int {
	n := 0
	for _, cell := range c.Cells {
		n = max(n, len(cell.Rules))
	}
	return n
}

func naming(rules []string) string {
	more := ""
	if n := len(rules) - maxNamed; n > 0 {
		rules, more = rules[:maxNamed], fmt.Sprintf("; and %d more", n)
	}
	return strings.Join(rules, "; ") + more
}
