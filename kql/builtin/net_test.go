package builtin

import (
	"strings"
	"testing"

	"quarry/kql/types"
)

// jsonArg marks JSON text that is passed as a dynamic value.
type jsonArg string

// callGo runs the Go form that a call with these arguments resolves to: string, int,
// float64, bool and jsonArg.
func callGo(t testing.TB, e *Env, name string, args ...any) types.Value {
	t.Helper()
	table, err := New()
	if err != nil {
		t.Fatal(err)
	}
	as, vs := make([]Arg, len(args)), make([]types.Value, len(args))
	for i, a := range args {
		switch a := a.(type) {
		case nil:
			as[i] = Arg{} // null of a type that does not matter
		case string:
			as[i], vs[i] = Arg{Type: types.String}, a
		case int:
			as[i], vs[i] = Arg{Type: types.Long}, int64(a)
		case float64:
			as[i], vs[i] = Arg{Type: types.Real}, a
		case bool:
			as[i], vs[i] = Arg{Type: types.Bool}, a
		case jsonArg:
			as[i], vs[i] = Arg{Type: types.Dynamic}, string(a)
		default:
			t.Fatalf("argument %v", a)
		}
		as[i].Const, as[i].Value = true, vs[i]
	}
	res, miss := Resolve(table.Scalar(name), as)
	if miss != nil {
		t.Fatalf("%s%v: %s", name, args, miss.Message)
	}
	for i, want := range res.Params {
		switch {
		case want == as[i].Type || vs[i] == nil:
		case want == types.Real && as[i].Type == types.Long:
			vs[i] = float64(vs[i].(int64))
		case want == types.String && as[i].Type == types.Dynamic:
			d, _ := types.ParseDyn(vs[i].(string))
			vs[i] = d.Text()
		case want.Integer() && as[i].Type.Integer():
		default:
			t.Fatalf("%s: argument %d is a %v, not a %v", name, i, as[i].Type, want)
		}
	}
	return CallGo(e, res.Row, res.Result, vs)
}

// oneAddress is a GeoIP database that knows one address.
type oneAddress struct{}

func (oneAddress) Lookup(ip string) string {
	if ip == "1.2.3.4" {
		return `{"country":"Utopia"}`
	}
	return ""
}

func TestNet(t *testing.T) {
	const line = "05:04:54 127.0.0.1 GET /favicon.ico 404"
	tests := []struct {
		name string
		args []any
		want types.Value
	}{
		{"parse_ipv4", []any{"255.255.255.255/31"}, int64(4294967294)},
		{"parse_ipv4", []any{"1.2.3"}, nil},
		{"parse_ipv4", []any{"1.2.3.04"}, nil},
		{"parse_ipv4", []any{"1.2.3.4/33"}, nil},
		{"parse_ipv4", []any{"1.2.3.4/"}, nil},
		{"parse_ipv4", []any{"1.2.3.4:80"}, nil},
		{"parse_ipv4", []any{"1.2.3.4/0"}, int64(0)},
		{"parse_ipv6", []any{"::192.168.255.255/24"}, "0000:0000:0000:0000:0000:ffff:c0a8:ff00"},
		{"parse_ipv6", []any{"fe80::1%eth0"}, "fe80:0000:0000:0000:0000:0000:0000:0001"},
		{"parse_ipv6", []any{"fe80::1/129"}, ""},
		{"parse_ipv6_mask", []any{"192.168.255.255/24", 124}, "0000:0000:0000:0000:0000:ffff:c0a8:ff00"},
		{"parse_ipv6_mask", []any{"::192.168.255.255/24", 128}, "0000:0000:0000:0000:0000:ffff:c0a8:ff00"},
		{"format_ipv4", []any{"192.168.1.1/24", 32}, "192.168.1.0"},
		{"format_ipv4", []any{4294967296}, ""},
		{"format_ipv4_mask", []any{"192.168.1.1/24", -1}, ""},
		{"format_ipv4_mask", []any{"0.0.0.0", 0}, "0.0.0.0/0"},
		{"ipv4_is_private", []any{"172.31.255.255"}, true},
		{"ipv4_is_private", []any{"172.32.0.0"}, false},
		{"ipv4_is_private", []any{"10.0.0.0/4"}, false},
		{"ipv4_is_private", []any{""}, nil},
		{"ipv4_compare", []any{"1.2.3.5", "1.2.3.4"}, int64(1)},
		{"ipv4_is_match", []any{"1.2.3.5", "1.2.3.4", 33}, nil},
		{"ipv4_is_in_range", []any{"10.0.0.0/8", "10.1.0.0/16"}, false},
		{"ipv4_is_in_any_range", []any{"10.1.2.3", jsonArg(`["x","10.0.0.0/8"]`)}, true},
		{"ipv4_is_in_any_range", []any{"11.1.2.3", jsonArg(`["x","10.0.0.0/8"]`)}, false},
		{"ipv4_is_in_any_range", []any{"x", jsonArg(`["10.0.0.0/8"]`)}, nil},
		{"ipv4_is_in_any_range", []any{jsonArg(`"10.1.2.3"`), jsonArg(`["10.0.0.0/9","10.1.0.0/16"]`)}, true},
		{"ipv4_is_in_any_range", []any{"10.0.0.0/7", "10.0.0.0/8"}, false},
		{"ipv6_compare", []any{"::192.168.1.1/30", "192.168.1.255/24", 127}, int64(0)},
		{"ipv6_is_match", []any{"fe80::85d:e82c:9446:7994/127", "fe80::85d:e82c:9446:7998", 120}, true},
		{"ipv6_is_in_range", []any{"a5e:f127:8a9d:146d:e102:b5d3:c755:abcd", "0:0:0:0:0:ffff:c0a8:ac/60"}, false},
		{"ipv4_range_to_cidr_list", []any{"0.0.0.0", "255.255.255.255"}, `["0.0.0.0/0"]`},
		{"ipv4_range_to_cidr_list", []any{"1.1.1.1", "1.1.1.4"}, `["1.1.1.1/32","1.1.1.2/31","1.1.1.4/32"]`},
		{"has_ipv4", []any{line, "127.0.0.1"}, true},
		{"has_ipv4", []any{line, "27.0.0.1"}, false},
		{"has_ipv4", []any{"x 127.0.0.11 127.0.0.1é 127.0.0.1,", "127.0.0.1"}, true},
		{"has_ipv4", []any{"127.0.0.1é", "127.0.0.1"}, false},
		{"has_ipv4", []any{"127.0.0.256", "127.0.0.256"}, false},
		{"has_ipv4", []any{jsonArg(`{"ip":"127.0.0.1"}`), "127.0.0.1"}, true},
		{"has_ipv4_prefix", []any{"05:04:54 127.0.0.256 GET", "127.0."}, false},
		{"has_ipv4_prefix", []any{"05:04:54127.0.0.1 GET", "127.0."}, false},
		{"has_ipv4_prefix", []any{line, "127.0.0.1"}, true},
		{"has_ipv4_prefix", []any{line, ""}, false},
		{"has_any_ipv4", []any{line, jsonArg(`["10.0.0.1","127.0.0.1"]`)}, true},
		{"has_any_ipv4", []any{line, jsonArg(`["127.0.0.0/8"]`)}, false},
		{"has_any_ipv4_prefix", []any{line, jsonArg(`["10.","127.0.0."]`)}, true},
		{"has_any_ipv4_prefix", []any{line, jsonArg(`["127.0"]`)}, false},
		{"has_any_ipv4_prefix", []any{"é127.0.0.1", jsonArg(`["127."]`)}, false},
		{"geo_info_from_ip_address", []any{"1.2.3.4"}, `{"country":"Utopia"}`},
		{"geo_info_from_ip_address", []any{"5.6.7.8"}, nil},
	}
	e := NewEnv(oneAddress{})
	for _, tt := range tests {
		if got := callGo(t, e, tt.name, tt.args...); got != tt.want {
			t.Errorf("%s%q = %v, want %v", tt.name, tt.args, got, tt.want)
		}
	}
}

func TestRangesAgreeWithPlainSearch(t *testing.T) {
	ranges := []string{"10.0.0.0/8", "10.1.0.0/16", "192.168.0.0/30", "192.168.0.4/30", "::/128", "fe80::/10", "255.255.255.255"}
	set := newRanges(ranges, cidr6)
	for _, probe := range []string{"9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0", "192.168.0.3", "192.168.0.8", "::", "::1", "fe80::1", "fec0::", "febf:ffff::/40", "255.255.255.255", "10.0.0.0/7"} {
		addr, n, ok := ParseIPv6(probe)
		if !ok {
			t.Fatal(probe)
		}
		want := false
		for _, r := range ranges {
			net, m, _ := ParseIPv6(r)
			want = want || n >= m && addr.Mask(m) == net
		}
		if got := set.Contains(addr, n); got != want {
			t.Errorf("%s: %v, want %v", probe, got, want)
		}
	}
}

func FuzzIPv4(f *testing.F) {
	f.Add("1.2.3.4/24", "at 1.2.3.4, 10.")
	f.Fuzz(func(t *testing.T, ip, text string) {
		if a, n, ok := ParseIPv4(ip); ok {
			if b, m, ok := ParseIPv4(formatIPv4(a, n, true)); !ok || a != b || n != m {
				t.Errorf("%q does not read back", ip)
			}
		}
		ParseIPv6(ip)
		if validIPv4Prefix(ip) {
			one := findIPv4(text, ip)
			if set := newRanges([]string{ip}, dotted4); one != anyIPv4(text, set) && !strings.Contains(text, ".0") {
				t.Errorf("%q in %q: %v by text, not by range", ip, text, one)
			}
		}
	})
}

func BenchmarkIPv4IsPrivate(b *testing.B) {
	args := []types.Value{"192.168.100.20"}
	b.ReportAllocs()
	for range b.N {
		_, _, _ = ParseIPv4(args[0].(string))
	}
}
