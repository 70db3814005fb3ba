package duckdb

import (
	"errors"
	"math/big"
	"strings"
	"unsafe"

	b "github.com/duckdb/duckdb-go-bindings"
)

// The width and scale of stored decimals, as in ColumnType.
const (
	decimalWidth = 38
	decimalScale = 18
)

// decimalType is the DECIMAL(width, scale) of a result column; width 0 is none.
type decimalType struct {
	width, scale uint8
}

func decimalOf(t b.LogicalType) decimalType {
	return decimalType{width: b.DecimalWidth(t), scale: b.DecimalScale(t)}
}

// hugeint is duckdb_hugeint, the storage of decimals wider than 18 digits.
type hugeint struct {
	lower uint64
	upper int64
}

// format gives element i as plain decimal text without trailing zeros.
func (d decimalType) format(data unsafe.Pointer, i int) string {
	var n *big.Int
	switch {
	case d.width <= 4:
		n = big.NewInt(int64(*(*int16)(unsafe.Add(data, i*2))))
	case d.width <= 9:
		n = big.NewInt(int64(*(*int32)(unsafe.Add(data, i*4))))
	case d.width <= 18:
		n = big.NewInt(*(*int64)(unsafe.Add(data, i*8)))
	default:
		h := (*hugeint)(unsafe.Add(data, i*16))
		n = new(big.Int).Lsh(big.NewInt(h.upper), 64)
		n.Add(n, new(big.Int).SetUint64(h.lower))
	}
	sign := ""
	if n.Sign() < 0 {
		sign = "-"
		n.Neg(n)
	}
	digits := n.String()
	scale := int(d.scale)
	if len(digits) <= scale {
		digits = strings.Repeat("0", scale+1-len(digits)) + digits
	}
	whole, frac := digits[:len(digits)-scale], strings.TrimRight(digits[len(digits)-scale:], "0")
	if frac != "" {
		whole += "." + frac
	}
	return sign + whole
}

var (
	errDecimalText  = errors.New("is no decimal number")
	errDecimalRange = errors.New("does not fit a decimal of 20 digits before the point")
)

// parseDecimal reads plain decimal text ("-12.5") into the storage of
// DECIMAL(38,18). Digits below 1e-18 are rounded, half away from zero.
func parseDecimal(s string) (hugeint, error) {
	digits, negative := strings.CutPrefix(s, "-")
	if !negative {
		digits = strings.TrimPrefix(digits, "+")
	}
	whole, frac, _ := strings.Cut(digits, ".")
	if whole+frac == "" || strings.Trim(whole+frac, "0123456789") != "" {
		return hugeint{}, errDecimalText
	}
	whole = strings.TrimLeft(whole, "0")
	if len(whole) > decimalWidth-decimalScale {
		return hugeint{}, errDecimalRange
	}
	up := len(frac) > decimalScale && frac[decimalScale] >= '5'
	if len(frac) > decimalScale {
		frac = frac[:decimalScale]
	}
	n, _ := new(big.Int).SetString(whole+frac+strings.Repeat("0", decimalScale-len(frac)), 10)
	if up {
		n.Add(n, big.NewInt(1))
		if len(n.String()) > decimalWidth {
			return hugeint{}, errDecimalRange
		}
	}
	if negative {
		n.Neg(n)
	}
	lower := new(big.Int).And(n, new(big.Int).SetUint64(^uint64(0))) // And and Rsh work on two's complement
	return hugeint{lower: lower.Uint64(), upper: new(big.Int).Rsh(n, 64).Int64()}, nil
}
