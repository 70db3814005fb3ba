package evtx

import (
	"encoding/binary"
	"math"
	"strconv"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"quarry/kql/types"
)

// Value types of BinXML. typeArray is added for an array of one.
const (
	typeNull       = 0x00
	typeString     = 0x01
	typeAnsi       = 0x02
	typeInt8       = 0x03
	typeUInt8      = 0x04
	typeInt16      = 0x05
	typeUInt16     = 0x06
	typeInt32      = 0x07
	typeUInt32     = 0x08
	typeInt64      = 0x09
	typeUInt64     = 0x0a
	typeFloat      = 0x0b
	typeDouble     = 0x0c
	typeBool       = 0x0d
	typeBinary     = 0x0e
	typeGUID       = 0x0f
	typeSizeT      = 0x10
	typeFileTime   = 0x11
	typeSystemTime = 0x12
	typeSID        = 0x13
	typeHexInt32   = 0x14
	typeHexInt64   = 0x15
	typeEvtHandle  = 0x20
	typeBinXML     = 0x21
	typeEvtXML     = 0x23
	typeArray      = 0x80

	typeText = 0x7f // UTF-8; made here, never in a file
)

// value is a typed value; its data stays in the chunk.
type value struct {
	typ  byte
	off  int // of data in the chunk
	data []byte
}

func textValue(utf8 []byte) value { return value{typ: typeText, data: utf8} }

func (v *value) isNull() bool { return v.typ == typeNull }

// itemSize is the size of a value, or of an item of an array, of a type that
// has a fixed one, else 0. size_t and bool do not say how wide they are: total,
// the size of all the data, has to tell.
func itemSize(typ byte, total int) int {
	switch typ {
	case typeInt8, typeUInt8:
		return 1
	case typeInt16, typeUInt16:
		return 2
	case typeInt32, typeUInt32, typeFloat, typeHexInt32:
		return 4
	case typeInt64, typeUInt64, typeDouble, typeFileTime, typeHexInt64:
		return 8
	case typeGUID, typeSystemTime:
		return 16
	case typeSizeT, typeEvtHandle:
		if total%8 == 0 {
			return 8
		}
		return 4
	case typeBool:
		if total%4 == 0 {
			return 4
		}
		return 1
	}
	return 0
}

// regular tells whether the data can be read as the type says. What cannot is
// written as hexadecimal bytes; a string only loses its odd last byte.
func (v *value) regular() bool {
	n := len(v.data)
	if n == 0 || v.typ == typeText {
		return true
	}
	typ := v.typ &^ typeArray
	if v.typ != typ {
		switch typ {
		case typeString:
			return n%2 == 0
		case typeAnsi, typeBinary, typeBinXML:
			return true
		case typeSID:
			for b := v.data; len(b) > 0; {
				size := sidSize(b)
				if size < 0 {
					return false
				}
				b = b[size:]
			}
			return true
		}
		size := itemSize(typ, n)
		return size > 0 && n%size == 0
	}
	switch typ {
	case typeAnsi, typeBinary, typeBinXML, typeNull:
		return true
	case typeString, typeEvtXML:
		return n%2 == 0
	case typeSID:
		return sidSize(v.data) == n
	case typeBool: // writers differ: four bytes is the rule, but one is seen
		return n <= 8
	case typeFileTime:
		return n == 8 && v.data[7] < 0x80
	}
	return n == itemSize(typ, n)
}

// width is the size of the items of an array, 0 if each has its own.
func (v *value) width() int { return itemSize(v.typ&^typeArray, len(v.data)) }

// split takes the first item off an array with data. width is that of the whole
// array, since what is left of it may suggest another.
func (v *value) split(width int) (item, rest value) {
	typ := v.typ &^ typeArray
	n, skip := 0, 0
	switch typ {
	case typeString:
		for n+1 < len(v.data) && (v.data[n] != 0 || v.data[n+1] != 0) {
			n += 2
		}
		skip = 2
	case typeAnsi:
		for n < len(v.data) && v.data[n] != 0 {
			n++
		}
		skip = 1
	case typeSID:
		n = sidSize(v.data)
	default:
		n = width
	}
	if n <= 0 && skip == 0 || n > len(v.data) { // no way to tell items apart: all is one
		n = len(v.data)
	}
	item = value{typ: typ, off: v.off, data: v.data[:n]}
	next := min(n+skip, len(v.data))
	return item, value{typ: v.typ, off: v.off + next, data: v.data[next:]}
}

// uint reads an unsigned number of any width, or the text of one.
func (v *value) uint() (uint64, bool) {
	switch v.typ {
	case typeUInt8, typeUInt16, typeUInt32, typeUInt64, typeHexInt32, typeHexInt64, typeSizeT,
		typeInt8, typeInt16, typeInt32, typeInt64:
		if v.regular() && len(v.data) > 0 {
			return littleEndian(v.data), true
		}
		return 0, false
	}
	var scratch [32]byte
	text, _ := v.appendText(scratch[:0])
	n, err := strconv.ParseUint(string(text), 0, 64)
	return n, err == nil
}

// littleEndian reads up to eight bytes.
func littleEndian(b []byte) uint64 {
	var n uint64
	for i, x := range b {
		n |= uint64(x) << (8 * i)
	}
	return n
}

func signed(b []byte) int64 {
	shift := 64 - 8*len(b)
	return int64(littleEndian(b)<<shift) >> shift
}

// appendText writes a value the way Windows renders it in XML: integers decimal,
// HexInt and size_t 0x and lower case, GUIDs in braces and upper case, times in
// ISO 8601, bytes in upper-case hexadecimal, arrays with commas. ok is false if
// the data does not fit the type and bytes were written instead.
func (v *value) appendText(dst []byte) (text []byte, ok bool) {
	if len(v.data) == 0 {
		return dst, true
	}
	ok = v.regular()
	if !ok && v.typ&^typeArray != typeString {
		return appendHex(dst, v.data), false
	}
	if v.typ&typeArray != 0 {
		width := v.width()
		for rest := *v; len(rest.data) > 0; {
			if len(rest.data) < len(v.data) {
				dst = append(dst, ',')
			}
			var item value
			item, rest = rest.split(width)
			dst, _ = item.appendText(dst)
		}
		return dst, ok
	}
	switch v.typ {
	case typeText:
		dst = append(dst, v.data...)
	case typeString, typeEvtXML:
		dst = appendUTF16(dst, trimZeros(v.data))
	case typeAnsi:
		dst = appendAnsi(dst, v.data)
	case typeInt8, typeInt16, typeInt32, typeInt64:
		dst = strconv.AppendInt(dst, signed(v.data), 10)
	case typeUInt8, typeUInt16, typeUInt32, typeUInt64:
		dst = strconv.AppendUint(dst, littleEndian(v.data), 10)
	case typeFloat:
		dst = strconv.AppendFloat(dst, float64(math.Float32frombits(uint32(littleEndian(v.data)))), 'g', -1, 32)
	case typeDouble:
		dst = strconv.AppendFloat(dst, math.Float64frombits(littleEndian(v.data)), 'g', -1, 64)
	case typeBool:
		dst = strconv.AppendBool(dst, littleEndian(v.data) != 0)
	case typeHexInt32, typeHexInt64, typeSizeT, typeEvtHandle:
		dst = strconv.AppendUint(append(dst, '0', 'x'), littleEndian(v.data), 16)
	case typeGUID:
		dst = appendGUID(dst, v.data)
	case typeFileTime:
		dst = appendFileTime(dst, littleEndian(v.data))
	case typeSystemTime:
		dst = appendSystemTime(dst, v.data)
	case typeSID:
		dst = appendSID(dst, v.data)
	default:
		dst = appendHex(dst, v.data)
	}
	return dst, ok
}

// appendUTF16 writes UTF-16LE text as UTF-8, unpaired surrogates as U+FFFD.
func appendUTF16(dst, b []byte) []byte {
	for len(b) >= 8 { // four ASCII characters at once
		x := binary.LittleEndian.Uint64(b)
		if x&0xff80ff80ff80ff80 != 0 {
			break
		}
		dst = append(dst, byte(x), byte(x>>16), byte(x>>32), byte(x>>48))
		b = b[8:]
	}
	for ; len(b) >= 2; b = b[2:] {
		r := rune(binary.LittleEndian.Uint16(b))
		switch {
		case r < utf8.RuneSelf:
			dst = append(dst, byte(r))
			continue
		case utf16.IsSurrogate(r):
			pair := rune(utf8.RuneError)
			if len(b) >= 4 {
				pair = utf16.DecodeRune(r, rune(binary.LittleEndian.Uint16(b[2:])))
			}
			if r = pair; r != utf8.RuneError {
				b = b[2:]
			}
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}

// trimZeros drops the terminating zeros of a UTF-16LE string. Zeros within stay:
// what follows them may have been hidden on purpose.
func trimZeros(b []byte) []byte {
	b = b[:len(b)&^1]
	for len(b) >= 2 && b[len(b)-1] == 0 && b[len(b)-2] == 0 {
		b = b[:len(b)-2]
	}
	return b
}

// appendAnsi writes a string of the system's code page, which the file does not
// name: UTF-8 if it is that, else Windows-1252.
func appendAnsi(dst, b []byte) []byte {
	for len(b) > 0 && b[len(b)-1] == 0 {
		b = b[:len(b)-1]
	}
	if utf8.Valid(b) {
		return append(dst, b...)
	}
	for _, c := range b {
		dst = utf8.AppendRune(dst, charmap.Windows1252.DecodeByte(c))
	}
	return dst
}

const hexUpper = "0123456789ABCDEF"

func appendHex(dst, b []byte) []byte {
	for _, c := range b {
		dst = append(dst, hexUpper[c>>4], hexUpper[c&15])
	}
	return dst
}

func appendGUID(dst, b []byte) []byte {
	dst = append(dst, '{')
	for i, at := range [16]int{3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15} {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			dst = append(dst, '-')
		}
		dst = append(dst, hexUpper[b[at]>>4], hexUpper[b[at]&15])
	}
	return append(dst, '}')
}

// sidSize is the size of the SID that b starts with, -1 if there is none.
func sidSize(b []byte) int {
	if len(b) < 8 || b[1] > 15 || len(b) < 8+4*int(b[1]) {
		return -1
	}
	return 8 + 4*int(b[1])
}

func appendSID(dst, b []byte) []byte {
	dst = append(dst, 'S', '-')
	dst = strconv.AppendUint(dst, uint64(b[0]), 10)
	dst = append(dst, '-')
	authority := uint64(binary.BigEndian.Uint16(b[2:]))<<32 | uint64(binary.BigEndian.Uint32(b[4:]))
	if authority>>32 == 0 {
		dst = strconv.AppendUint(dst, authority, 10)
	} else {
		dst = strconv.AppendUint(append(dst, '0', 'x'), authority, 16)
	}
	for sub := b[8:]; len(sub) >= 4; sub = sub[4:] {
		dst = strconv.AppendUint(append(dst, '-'), uint64(binary.LittleEndian.Uint32(sub)), 10)
	}
	return dst
}

// epoch1601 is the zero of FILETIME in ticks.
const epoch1601 int64 = 504911232000000000

// fileTimeTicks is a FILETIME in ticks, 0 if it is not in the years to 9999.
func fileTimeTicks(ft uint64) int64 {
	if ft == 0 || ft > uint64(types.MaxDatetime-epoch1601) {
		return 0
	}
	return epoch1601 + int64(ft)
}

func appendFileTime(dst []byte, ft uint64) []byte {
	t := time.Unix(int64(ft/1e7)-(types.UnixEpoch-epoch1601)/types.Second, int64(ft%1e7)*100).UTC()
	y, mo, d := t.Date()
	h, mi, s := t.Clock()
	dst = appendClock(dst, y, int(mo), d, h, mi, s)
	dst = appendPadded(append(dst, '.'), int(ft%1e7), 7)
	return append(dst, 'Z')
}

// appendSystemTime writes a SYSTEMTIME as it is, whether or not it is a date.
func appendSystemTime(dst, b []byte) []byte {
	f := func(i int) int { return int(binary.LittleEndian.Uint16(b[2*i:])) }
	dst = appendClock(dst, f(0), f(1), f(3), f(4), f(5), f(6))
	dst = appendPadded(append(dst, '.'), f(7), 3)
	return append(dst, 'Z')
}

func appendClock(dst []byte, y, mo, d, h, mi, s int) []byte {
	dst = appendPadded(dst, y, 4)
	dst = appendPadded(append(dst, '-'), mo, 2)
	dst = appendPadded(append(dst, '-'), d, 2)
	dst = appendPadded(append(dst, 'T'), h, 2)
	dst = appendPadded(append(dst, ':'), mi, 2)
	return appendPadded(append(dst, ':'), s, 2)
}

func appendPadded(dst []byte, n, width int) []byte {
	var b [20]byte
	i := len(b)
	for ; n > 0 || len(b)-i < width; n /= 10 {
		i--
		b[i] = byte('0' + n%10)
	}
	return append(dst, b[i:]...)
}
