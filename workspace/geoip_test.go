package workspace

import (
	"context"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// database writes a MaxMind database that knows one place for the addresses up to
// 127.255.255.255 and nothing of the others.
func database(t *testing.T, kind string, place map[string]any) string {
	t.Helper()
	// A tree of one node with records of 24 bits: the left one leads to the data at
	// offset 0 (nodes + the separator's 16 + offset), the right one (nodes) nowhere.
	file := append([]byte{0, 0, 17, 0, 0, 1}, make([]byte, 16)...)
	file = encode(file, place)
	file = append(file, "\xab\xcd\xefMaxMind.com"...)
	file = encode(file, map[string]any{
		"node_count": uint32(1), "record_size": uint16(24), "ip_version": uint16(4), "database_type": kind, "languages": []any{"en"},
		"binary_format_major_version": uint16(2), "binary_format_minor_version": uint16(0), "build_epoch": uint64(1), "description": map[string]any{"en": "test"},
	})
	name := filepath.Join(t.TempDir(), "geo.mmdb")
	if err := os.WriteFile(name, file, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// encode appends a value in the format's own encoding: a type in the upper three bits,
// a size in the lower five; types above 7 are in a byte of their own.
func encode(b []byte, v any) []byte {
	head := func(kind, size int) {
		if size >= 29 {
			panic("longer than a test needs")
		}
		if kind > 7 {
			b = append(b, byte(size), byte(kind-7))
		} else {
			b = append(b, byte(kind<<5|size))
		}
	}
	switch v := v.(type) {
	case string:
		head(2, len(v))
		b = append(b, v...)
	case float64:
		head(3, 8)
		b = binary.BigEndian.AppendUint64(b, math.Float64bits(v))
	case uint16:
		head(5, 2)
		b = binary.BigEndian.AppendUint16(b, v)
	case uint32:
		head(6, 4)
		b = binary.BigEndian.AppendUint32(b, v)
	case uint64:
		head(9, 8)
		b = binary.BigEndian.AppendUint64(b, v)
	case []any:
		head(11, len(v))
		for _, x := range v {
			b = encode(b, x)
		}
	case map[string]any:
		head(7, len(v))
		for k, x := range v {
			b = encode(encode(b, k), x)
		}
	}
	return b
}

func TestGeoIP(t *testing.T) {
	names := func(s string) map[string]any { return map[string]any{"names": map[string]any{"en": s, "de": "anders"}} }
	file := database(t, "GeoLite2-City", map[string]any{
		"country": names("United States"), "subdivisions": []any{names("Florida"), names("Elsewhere")}, "city": names("Miami"),
		"location": map[string]any{"latitude": 25.7701, "longitude": -80.0},
	})
	w := open(t, Options{GeoIP: file})
	got := ask(t, w, `datatable(ip:string)["1.2.3.4", "200.0.0.1", "no address", "", "::ffff:1.2.3.4"] | extend tostring(geo_info_from_ip_address(ip)) | project-away ip`)
	miami := `string={"country":"United States","state":"Florida","city":"Miami","latitude":25.7701,"longitude":-80.0}`
	if want := miami + "\nstring=\nstring=\nstring=\n" + miami; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}

	w = open(t, Options{GeoIP: database(t, "GeoLite2-Country", map[string]any{"country": names("France")})})
	if got := ask(t, w, `print tostring(geo_info_from_ip_address("1.2.3.4"))`); got != `string={"country":"France"}` {
		t.Errorf("without a city: %s", got)
	}

	for file, want := range map[string]string{
		database(t, "GeoLite2-ASN", map[string]any{}): "does not say where an address is",
		filepath.Join(t.TempDir(), "none.mmdb"):       "cannot be read",
		"geoip_test.go":                               "cannot be read",
	} {
		if _, err := Open(context.Background(), Options{GeoIP: file}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", file, err, want)
		}
	}
}
