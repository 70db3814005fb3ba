package rule

import "testing"

func TestDocKeepsPlaces(t *testing.T) {
	p := load(t, map[string]string{"a.yaml": "id: 1\nname: n\nquery: T\nseverity:  Medium\nentityMappings:\n  - entityType: IP\n    fieldMappings:\n      - identifier: Address\n        columnName: A\n"})
	doc := p.Rules[0].Doc()
	if l, c := doc.Get("Severity").Place(); l != 4 || c != 12 {
		t.Errorf("severity at %d:%d", l, c)
	}
	f := doc.Get("entityMappings").Items()[0].Get("fieldMappings").Items()[0]
	for _, m := range f.Members() {
		if m.Key == "columnName" && (m.Line != 9 || m.Column != 9 || m.Value.Text() != "A") {
			t.Errorf("columnName: %+v", m)
		}
	}
	if doc.Get("nothing").Get("below").IsText() || len(doc.Get("nothing").Members()) != 0 {
		t.Error("an absent value has a shape")
	}
}
