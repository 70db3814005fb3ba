package types

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
)

// TestBlock keeps random rows, some of them taken back half way, beside plain slices.
func TestBlock(t *testing.T) {
	schema := Schema{{"s", String}, {"b", Bool}, {"n", Long}, {"r", Real}, {"d", Dynamic}, {"at", Datetime}}
	r := rand.New(rand.NewPCG(1, 2))
	value := func(c int) Value {
		if r.IntN(3) == 0 {
			if c == 0 {
				return ""
			}
			return nil
		}
		return []Value{"text", r.IntN(2) == 0, r.Int64(), r.Float64(), `{"a":1}`, r.Int64N(MaxDatetime)}[c]
	}
	b := NewBlock(nil)
	for range 20 {
		b.Reset(schema)
		var want [][]Value
		for range 1 + r.IntN(200) {
			row := make([]Value, len(schema))
			for c := range row {
				row[c] = value(c)
			}
			want = append(want, row)
			if r.IntN(4) > 0 {
				if err := b.Append(row); err != nil {
					t.Fatal(err)
				}
				continue
			}
			for c := range r.IntN(len(schema)) {
				if err := b.Columns[c].Append(value(c)); err != nil {
					t.Fatal(err)
				}
			}
			b.Undo()
			for _, c := range r.Perm(len(schema)) { // columns left out are null
				if row[c] != nil && row[c] != "" {
					if err := b.Columns[c].Append(row[c]); err != nil {
						t.Fatal(err)
					}
				}
			}
			b.End()
		}
		if b.Len() != len(want) {
			t.Fatalf("%d rows, want %d", b.Len(), len(want))
		}
		for i := range want {
			if got := b.Row(i, nil); !reflect.DeepEqual(got, want[i]) {
				t.Fatalf("row %d: %v, want %v", i, got, want[i])
			}
		}
	}
}

func TestBlockRefuses(t *testing.T) {
	b := NewBlock(Schema{{"s", String}, {"n", Long}})
	for want, row := range map[string][]Value{
		"a row of 1 values for 2 columns":                    {"x"},
		`column "n": a long must be a Go int64, not float64`: {"x", 1.0},
		`column "s": a string must be a Go string, not bool`: {true, nil},
	} {
		if err := b.Append(row); err == nil || err.Error() != want {
			t.Errorf("%v: %v, want %s", row, err, want)
		}
	}
	if err := b.Append([]Value{"kept", int64(math.MaxInt64)}); err != nil || b.Len() != 1 || string(b.Columns[0].Text) != "kept" {
		t.Errorf("%v, %d rows, %q", err, b.Len(), b.Columns[0].Text)
	}
}
