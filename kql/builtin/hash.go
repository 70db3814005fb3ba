package builtin

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"

	"github.com/cespare/xxhash/v2"

	"quarry/kql/types"
)

// hashRows are checksums. The cryptographic ones hash the text of a value; hash()
// and hash_xxhash64() hash numbers and times as eight bytes.
var hashRows = []Row{
	xxhashRow("hash"), xxhashRow("hash_xxhash64"),
	digestRow("hash_md5", "md5", func(s string) string { d := md5.Sum([]byte(s)); return hex.EncodeToString(d[:]) }, "f5a7924e621e84c9280a9a27e1bcb7f6"),
	digestRow("hash_sha1", "sha1", func(s string) string { d := sha1.Sum([]byte(s)); return hex.EncodeToString(d[:]) }, "70c07ec18ef89c5309bbb0937f3a6342411e1fdd"),
	digestRow("hash_sha256", "sha256", func(s string) string { d := sha256.Sum256([]byte(s)); return hex.EncodeToString(d[:]) },
		"78ae647dc5544d227130a0682a51e30bc7777fbb6d8a8f17007463a3ecd1d524"),
	{Sig: "hash_many(source: nondynamic, more...: nondynamic) -> long", Doc: "One hash of several values.", Unsupported: unpublishedHash},
	{Sig: "hash_combine(source: scalar, more...: scalar) -> long", Doc: "One hash of several hashes.", Unsupported: unpublishedHash},
}

const unpublishedHash = "how Kusto combines hashes is not published; hash a strcat() of the values instead"

func xxhashRow(name string) Row {
	return Row{Sig: name + "(source: nondynamic, mod?: long) -> long", Sem: NullOnNull, Doc: "The 64-bit xxHash of a value, modulo a number when one is given.",
		Go: func(_ *Env, a []types.Value) types.Value {
			var h uint64
			var b [8]byte
			switch v := a[0].(type) {
			case string:
				h = xxhash.Sum64String(v)
			case int64:
				binary.LittleEndian.PutUint64(b[:], uint64(v))
				h = xxhash.Sum64(b[:])
			case float64:
				if math.IsNaN(v) { // NaN has many forms of bits, and one hash
					v = math.NaN()
				}
				binary.LittleEndian.PutUint64(b[:], math.Float64bits(v))
				h = xxhash.Sum64(b[:])
			case bool:
				if v {
					b[0] = 1
				}
				h = xxhash.Sum64(b[:1])
			}
			if len(a) > 1 {
				m := a[1].(int64)
				if m <= 0 {
					return nil
				}
				return int64(h % uint64(m))
			}
			return int64(h)
		},
		Examples: []Example{{name + `("World")`, `1846988464401551951`}, {name + `("World", 100)`, `51`}, {name + `(datetime(2015-01-01))`, `1380966698541616202`}}}
}

func digestRow(name, sql string, sum func(string) string, world string) Row {
	return Row{Sig: name + "(source: text) -> string", Doc: "The digest of a value's text, in hexadecimal.",
		Check: func(args []Arg) (int, string) {
			if args[0].Type == types.Dynamic {
				return 0, "a dynamic value cannot be hashed: convert it with tostring()"
			}
			return 0, ""
		},
		Duck:     sql + "({source})",
		Go:       func(_ *Env, a []types.Value) types.Value { return sum(a[0].(string)) },
		Examples: []Example{{name + `("World")`, `"` + world + `"`}}}
}
