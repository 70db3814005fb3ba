package builtin

import (
	"strings"

	"github.com/cockroachdb/apd/v3"

	"quarry/kql/types"
)

// decimalContext computes with the 34 digits of Kusto's decimal.
var decimalContext = apd.Context{Precision: 34, MaxExponent: 6000, MinExponent: -6000, Rounding: apd.RoundHalfEven}

type decimalOp func(dst, a, b *apd.Decimal) error

func addDecimal(d, a, b *apd.Decimal) error { _, err := decimalContext.Add(d, a, b); return err }
func subDecimal(d, a, b *apd.Decimal) error { _, err := decimalContext.Sub(d, a, b); return err }
func mulDecimal(d, a, b *apd.Decimal) error { _, err := decimalContext.Mul(d, a, b); return err }

func divDecimal(d, a, b *apd.Decimal) error { _, err := decimalContext.Quo(d, a, b); return err }

func modDecimal(d, a, b *apd.Decimal) error {
	if _, err := decimalContext.Rem(d, a, b); err != nil || !d.Negative || d.IsZero() {
		return err
	}
	var abs apd.Decimal
	_, err := decimalContext.Add(d, d, abs.Abs(b))
	return err
}

// decimals is the Go form of an operator on two decimals.
func decimals(op decimalOp) func(*Env, []types.Value) types.Value {
	return func(_ *Env, a []types.Value) types.Value { return decimalResult(op, a[0].(string), a[1].(string)) }
}

// decimalResult is null where the result is not a number or does not fit.
func decimalResult(op decimalOp, left, right string) types.Value {
	var a, b, d apd.Decimal
	if _, _, err := a.SetString(left); err != nil {
		return nil
	}
	if _, _, err := b.SetString(right); err != nil {
		return nil
	}
	if op(&d, &a, &b) != nil {
		return nil
	}
	return decimalText(&d)
}

// decimalText is the plain text of a decimal without needless zeros; nil when the
// number is not finite or has more than the 20 whole digits a decimal column holds.
func decimalText(d *apd.Decimal) types.Value {
	if d.Form != apd.Finite || int64(d.Exponent)+d.NumDigits() > 20 {
		return nil
	}
	s := d.Text('f')
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	if s == "-0" {
		return "0"
	}
	return s
}

// compareDecimals orders two decimal texts.
func compareDecimals(x, y string) int {
	var a, b apd.Decimal
	_, _, errA := a.SetString(x)
	_, _, errB := b.SetString(y)
	if errA != nil || errB != nil {
		return strings.Compare(x, y)
	}
	return a.Cmp(&b)
}
