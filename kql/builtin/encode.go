package builtin

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/hex"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"quarry/kql/types"
)

// encodeRows turn texts into other texts and back.
var encodeRows = []Row{
	base64EncodeRow("base64_encode_tostring", 0), base64EncodeRow("base64_encodestring", Deprecated),
	base64DecodeRow("base64_decode_tostring", 0), base64DecodeRow("base64_decodestring", Deprecated),
	{Sig: "base64_decode_toarray(base64_string: string) -> dynamic", Doc: "The bytes of a base64 text as an array of numbers; null where it is no base64.",
		Go: func(_ *Env, a []types.Value) types.Value {
			b, ok := decodeBase64(a[0].(string))
			if !ok {
				return nil
			}
			items := make([]types.Dyn, len(b))
			for i, c := range b {
				items[i] = types.DynInt(int64(c))
			}
			return types.DynList(items).Value()
		},
		Examples: []Example{{`base64_decode_toarray("S3VzdG8=")`, `dynamic([75,117,115,116,111])`}}},
	{Sig: "base64_encode_fromarray(base64_string_decoded_as_array: dynamic) -> string", Doc: "An array of bytes as base64; empty where an element is no byte.",
		Go: func(_ *Env, a []types.Value) types.Value {
			d := dyn(a[0])
			b := make([]byte, 0, d.Len())
			for _, e := range d.Items() {
				v, ok := e.Int()
				if !ok || v < 0 || v > 255 {
					return ""
				}
				b = append(b, byte(v))
			}
			return base64.StdEncoding.EncodeToString(b)
		},
		Examples: []Example{{`base64_encode_fromarray(dynamic([75,117,115,116,111]))`, `"S3VzdG8="`}}},
	{Sig: "base64_decode_toguid(base64_string: string) -> guid", Doc: "The guid in a base64 text; null where there is none.",
		Go: func(_ *Env, a []types.Value) types.Value {
			b, ok := decodeBase64(a[0].(string))
			if !ok || len(b) != 16 {
				return nil
			}
			return parseGuid(hex.EncodeToString(guidBytes(b)))
		},
		Examples: []Example{{`base64_decode_toguid("JpbpECu8dUy7Pv5gbeJXAA==")`, `guid(10e99626-bc2b-4c75-bb3e-fe606de25700)`}, {`base64_decode_toguid("abcd1231")`, `guid(null)`}}},
	{Sig: "base64_encode_fromguid(guid: guid) -> string", Doc: "A guid as base64.", Sem: NullOnNull,
		Go: func(_ *Env, a []types.Value) types.Value {
			b, err := hex.DecodeString(strings.ReplaceAll(a[0].(string), "-", ""))
			if err != nil || len(b) != 16 {
				return ""
			}
			return base64.StdEncoding.EncodeToString(guidBytes(b))
		},
		Examples: []Example{{`base64_encode_fromguid(guid(ae3133f2-6e22-49ae-b06a-16e6a9b212eb))`, `"8jMxriJurkmwahbmqbIS6w=="`}}},
	{Sig: "url_encode(url: string) -> string", Doc: "A text percent-encoded, with + for spaces.",
		Go: func(_ *Env, a []types.Value) types.Value {
			return strings.ReplaceAll(percentEncode(a[0].(string), "-_.!*() "), " ", "+")
		},
		Examples: []Example{{`url_encode("https://www.bing.com/hello world")`, `"https%3a%2f%2fwww.bing.com%2fhello+world"`}}},
	{Sig: "url_encode_component(url: string) -> string", Doc: "A text percent-encoded, spaces too.",
		Go:       func(_ *Env, a []types.Value) types.Value { return percentEncode(a[0].(string), "-_.~") },
		Examples: []Example{{`url_encode_component("https://www.bing.com/hello world/")`, `"https%3a%2f%2fwww.bing.com%2fhello%20world%2f"`}}},
	{Sig: "url_decode(encoded_url: string) -> string", Doc: "A percent-encoded text decoded; + is a space.",
		Go:       func(_ *Env, a []types.Value) types.Value { return percentDecode(a[0].(string)) },
		Examples: []Example{{`url_decode("https%3a%2f%2fwww.bing.com%2f")`, `"https://www.bing.com/"`}, {`url_decode("100%")`, `"100%"`}}},
	compressRow("gzip_compress_to_base64_string", func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }, "gzip_decompress_from_base64_string"),
	compressRow("zlib_compress_to_base64_string", func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) }, "zlib_decompress_from_base64_string"),
	decompressRow("gzip_decompress_from_base64_string", func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
		Example{`gzip_decompress_from_base64_string("x0x0x0")`, `""`}),
	decompressRow("zlib_decompress_from_base64_string", func(r io.Reader) (io.Reader, error) { return zlib.NewReader(r) },
		Example{`zlib_decompress_from_base64_string("eJwLSS0uUSguKcrMS1cwNDIGACxqBQ4=")`, `"Test string 123"`}),
	{Sig: "punycode_from_string(string: string) -> string", Doc: "A text in punycode, without the xn-- of domain names.",
		Go:       func(_ *Env, a []types.Value) types.Value { return punycodeEncode(a[0].(string)) },
		Examples: []Example{{`punycode_from_string("académie-française")`, `"acadmie-franaise-npb1a"`}}},
	{Sig: "punycode_to_string(string: string) -> string", Doc: "The text of a punycode text; empty where it is none.",
		Go: func(_ *Env, a []types.Value) types.Value {
			s, _ := punycodeDecode(a[0].(string))
			return s
		},
		Examples: []Example{{`punycode_to_string("acadmie-franaise-npb1a")`, `"académie-française"`}}},
	{Sig: "punycode_domain_from_string(string: string) -> string", Doc: "A domain name with its labels in punycode where they are not ASCII.",
		Go: func(_ *Env, a []types.Value) types.Value {
			return eachLabel(a[0].(string), func(l string) string {
				if ascii(l) {
					return l
				}
				return acePrefix + punycodeEncode(strings.ToLower(l))
			})
		},
		Examples: []Example{{`punycode_domain_from_string("艺术.com")`, `"xn--cqv902d.com"`}}},
	{Sig: "punycode_domain_to_string(string: string) -> string", Doc: "A domain name with its punycode labels decoded; empty where one is wrong.",
		Go: func(_ *Env, a []types.Value) types.Value {
			valid := true
			s := eachLabel(a[0].(string), func(l string) string {
				code, ok := strings.CutPrefix(l, acePrefix)
				if !ok {
					return l
				}
				text, ok := punycodeDecode(code)
				valid = valid && ok
				return text
			})
			if !valid {
				return ""
			}
			return s
		},
		Examples: []Example{{`punycode_domain_to_string("xn--cqv902d.com")`, `"艺术.com"`}}},
	{Sig: "format_bytes(size: number, precision?: const number, format?: const string) -> string", ResultName: NameFirstArg,
		Doc:   "A number of bytes with a unit, rounded to a number of digits; the unit is chosen by size unless it is given.",
		Check: checkBytesUnit,
		Go: func(_ *Env, a []types.Value) types.Value {
			size, ok := sizeOf(a[0])
			if !ok {
				return ""
			}
			precision, _ := sizeOf(optional(a, 1))
			unit, _ := optional(a, 2).(string)
			return formatBytes(size, int(min(max(precision, 0), 15)), unit)
		},
		Examples: []Example{{`format_bytes(564)`, `"564 Bytes"`}, {`format_bytes(10332, 1)`, `"10.1 KB"`}, {`format_bytes(20010332, 2)`, `"19.08 MB"`}, {`format_bytes(20010332, 0, "KB")`, `"19541 KB"`}}},
}

func base64EncodeRow(name string, sem Sem) Row {
	return Row{Sig: name + "(string: string) -> string", Sem: sem, Doc: "A text as base64 of its UTF-8 bytes.",
		Duck: "to_base64(encode({string}))",
		Go: func(_ *Env, a []types.Value) types.Value {
			return base64.StdEncoding.EncodeToString([]byte(a[0].(string)))
		},
		Examples: []Example{{name + `("Kusto")`, `"S3VzdG8="`}}}
}

// base64DecodeRow has no SQL form: DuckDB's decode() raises an error for bytes that are no
// UTF-8, and TRY then computes the rows around it one by one.
func base64DecodeRow(name string, sem Sem) Row {
	return Row{Sig: name + "(base64_string: string) -> string", Sem: sem, Doc: "The text in a base64 text; empty where it is no base64 or no UTF-8.",
		Go: func(_ *Env, a []types.Value) types.Value {
			b, ok := decodeBase64(a[0].(string))
			if !ok || !utf8.Valid(b) {
				return ""
			}
			return string(b)
		},
		Examples: []Example{{name + `("S3VzdG8=")`, `"Kusto"`}, {name + `("U3RyaW5n0KHR0tGA0L7Rh9C60LA=")`, `""`}, {name + `("@@@")`, `""`}}}
}

func decodeBase64(s string) ([]byte, bool) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, false
	}
	b, err := base64.StdEncoding.DecodeString(s)
	return b, err == nil
}

// guidBytes changes between the order a guid is written in and the one it is stored
// in, where the first three parts are little-endian.
func guidBytes(b []byte) []byte {
	return []byte{b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]}
}

// percentEncode keeps ASCII letters, digits and the safe characters.
func percentEncode(s, safe string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c < utf8.RuneSelf && (inTerm(rune(c)) || strings.IndexByte(safe, c) >= 0) {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteString(hex.EncodeToString([]byte{c}))
	}
	return b.String()
}

// percentDecode keeps what is no valid escape; bytes that are no UTF-8 become U+FFFD.
func percentDecode(s string) string {
	if !strings.ContainsAny(s, "%+") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '+':
			b = append(b, ' ')
		case s[i] == '%' && i+2 < len(s):
			if v, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b = append(b, byte(v))
				i += 2
				continue
			}
			b = append(b, '%')
		default:
			b = append(b, s[i])
		}
	}
	return strings.ToValidUTF8(string(b), "\uFFFD")
}

func compressRow(name string, open func(io.Writer) io.WriteCloser, back string) Row {
	return Row{Sig: name + "(string: string) -> string", Doc: "A text compressed, as base64.",
		Go: func(_ *Env, a []types.Value) types.Value {
			var b bytes.Buffer
			w := open(&b)
			if _, err := io.WriteString(w, a[0].(string)); err != nil || w.Close() != nil {
				return ""
			}
			return base64.StdEncoding.EncodeToString(b.Bytes())
		},
		Examples: []Example{{back + `(` + name + `("1234567890qwertyuiop"))`, `"1234567890qwertyuiop"`}}}
}

// maxUnpacked bounds what a compressed text may unpack to.
const maxUnpacked = 32 << 20

func decompressRow(name string, open func(io.Reader) (io.Reader, error), example Example) Row {
	return Row{Sig: name + "(string: string) -> string", Doc: "The text of a compressed text in base64; empty where it is none or longer than 32 MB.",
		Go: func(_ *Env, a []types.Value) types.Value {
			b, ok := decodeBase64(a[0].(string))
			if !ok {
				return ""
			}
			r, err := open(bytes.NewReader(b))
			if err != nil {
				return ""
			}
			out, err := io.ReadAll(io.LimitReader(r, maxUnpacked+1))
			if err != nil || len(out) > maxUnpacked || !utf8.Valid(out) {
				return ""
			}
			return string(out)
		},
		Examples: []Example{example}}
}

const acePrefix = "xn--"

func eachLabel(domain string, f func(string) string) string {
	labels := strings.Split(domain, ".")
	for i, l := range labels {
		labels[i] = f(l)
	}
	return strings.Join(labels, ".")
}

// sizeOf is a numeric value as a real.
func sizeOf(v types.Value) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	case string:
		return parseReal(v)
	}
	return 0, false
}

var byteUnits = []string{"Bytes", "KB", "MB", "GB", "TB", "PB", "EB"}

func checkBytesUnit(args []Arg) (int, string) {
	if len(args) < 3 {
		return 0, ""
	}
	unit, _ := args[2].Value.(string)
	for _, u := range byteUnits {
		if unit == u || unit == "" {
			return 0, ""
		}
	}
	return 2, "the unit is one of " + strings.Join(byteUnits, ", ")
}

func formatBytes(size float64, precision int, unit string) string {
	scale := math.Pow(10, float64(precision))
	for i, u := range byteUnits {
		v := size / math.Pow(1024, float64(i))
		if unit == u || unit == "" && (math.Abs(v) < 1024 || i == len(byteUnits)-1) {
			return strconv.FormatFloat(math.Round(v*scale)/scale, 'f', -1, 64) + " " + u
		}
	}
	return ""
}
