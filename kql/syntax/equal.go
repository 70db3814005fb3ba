package syntax

import (
	"math"
	"reflect"

	"quarry/kql/source"
)

// Equal reports that two trees say the same: same nodes, names and values.
// Spans and the way a literal is spelled do not count.
func Equal(a, b Node) bool { return equal(reflect.ValueOf(a), reflect.ValueOf(b)) }

var (
	spanType    = reflect.TypeFor[source.Span]()
	atType      = reflect.TypeFor[At]()
	scriptType  = reflect.TypeFor[Script]()
	literalType = reflect.TypeFor[Literal]()
)

// equal works on the structure, so that a field added to a node counts at once.
func equal(a, b reflect.Value) bool {
	if !a.IsValid() || !b.IsValid() {
		return a.IsValid() == b.IsValid()
	}
	if a.Type() != b.Type() {
		return false
	}
	switch a.Kind() {
	case reflect.Pointer, reflect.Interface:
		if a.IsNil() || b.IsNil() {
			return a.IsNil() == b.IsNil()
		}
		return equal(a.Elem(), b.Elem())
	case reflect.Struct:
		t := a.Type()
		if t == spanType || t == atType {
			return true
		}
		for i := range a.NumField() {
			if f := t.Field(i).Name; t == literalType && f == "Text" || t == scriptType && f == "Warnings" {
				continue
			}
			if !equal(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	case reflect.Slice:
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !equal(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Float64:
		return math.Float64bits(a.Float()) == math.Float64bits(b.Float())
	}
	return a.Equal(b)
}
