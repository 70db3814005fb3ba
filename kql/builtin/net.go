package builtin

import "quarry/kql/types"

// netRows work on IPv4 and IPv6 addresses. An address may carry a prefix length
// ("10.0.0.0/8"); what is compared are the bits that every given prefix keeps. A text
// that is no address gives null, except in the has_ family, where it is not found.
var netRows = []Row{
	{Sig: "parse_ipv4(ip: string) -> long", Doc: "The number an IPv4 address stands for, masked by its own prefix length; null if it is not an address.",
		Go: func(_ *Env, a []types.Value) types.Value {
			addr, _, ok := ParseIPv4(a[0].(string))
			if !ok {
				return nil
			}
			return int64(addr)
		},
		Examples: []Example{{`parse_ipv4("192.168.1.1/24")`, `3232235776`}, {`parse_ipv4("192.168.1.256")`, `long(null)`}}},
	{Sig: "parse_ipv4_mask(ip: string, prefix: long) -> long", Doc: "The number an IPv4 address stands for, masked to prefix bits (0 to 32).", Sem: NullOnNull,
		Go: func(_ *Env, a []types.Value) types.Value {
			addr, n, ok := ParseIPv4(a[0].(string))
			p := a[1].(int64)
			if !ok || p < 0 || p > 32 {
				return nil
			}
			return int64(addr & mask4(min(n, int(p))))
		},
		Examples: []Example{{`parse_ipv4_mask("127.0.0.1", 24)`, `2130706432`}, {`parse_ipv4_mask("127.0.0.1", 33)`, `long(null)`}}},
	{Sig: "parse_ipv6(ip: string) -> string", Doc: "The full form of an IPv6 or IPv4 address: eight groups of four digits; empty if it is not an address.",
		Go: func(_ *Env, a []types.Value) types.Value {
			addr, _, ok := ParseIPv6(a[0].(string))
			if !ok {
				return ""
			}
			return addr.String()
		},
		Examples: []Example{{`parse_ipv6("192.168.255.255/24")`, `"0000:0000:0000:0000:0000:ffff:c0a8:ff00"`}, {`parse_ipv6("fe80::x")`, `""`}}},
	{Sig: "parse_ipv6_mask(ip: string, prefix: long) -> string", Doc: "The full form of an IPv6 or IPv4 address masked to prefix bits (0 to 128).", Sem: NullOnNull,
		Go: func(_ *Env, a []types.Value) types.Value {
			addr, n, ok := ParseIPv6(a[0].(string))
			p := a[1].(int64)
			if !ok || p < 0 || p > 128 {
				return ""
			}
			return addr.Mask(min(n, int(p))).String()
		},
		Examples: []Example{{`parse_ipv6_mask("fe80::85d:e82c:9446:7994/120", 124)`, `"fe80:0000:0000:0000:085d:e82c:9446:7900"`}}},
	{Sig: "format_ipv4(ip: string|long, prefix?: long) -> string", Doc: "An IPv4 address, text or number, masked to prefix bits; empty if it is not an address.", Sem: NullOnNull,
		Go:       func(_ *Env, a []types.Value) types.Value { return formatRow(a, false) },
		Examples: []Example{{`format_ipv4("192.168.1.1", 24)`, `"192.168.1.0"`}, {`format_ipv4(3232235777)`, `"192.168.1.1"`}, {`format_ipv4("192.168.1.1", -1)`, `""`}}},
	{Sig: "format_ipv4(ip: dynamic, prefix?: long) -> string", Doc: "An IPv4 address held in a dynamic value, masked to prefix bits.", Sem: NullOnNull,
		Go:       func(_ *Env, a []types.Value) types.Value { return formatRow(plainFirst(a), false) },
		Examples: []Example{{`format_ipv4(dynamic("192.168.1.1"), 24)`, `"192.168.1.0"`}}},
	{Sig: "format_ipv4_mask(ip: string|long, prefix: long) -> string", Doc: "An IPv4 address masked to prefix bits, in CIDR notation; empty if it is not an address.", Sem: NullOnNull,
		Go:       func(_ *Env, a []types.Value) types.Value { return formatRow(a, true) },
		Examples: []Example{{`format_ipv4_mask("192.168.1.1", 24)`, `"192.168.1.0/24"`}, {`format_ipv4_mask("192.168.1.1/24", 32)`, `"192.168.1.0/24"`}}},
	{Sig: "format_ipv4_mask(ip: dynamic, prefix: long) -> string", Doc: "An IPv4 address held in a dynamic value, in CIDR notation.", Sem: NullOnNull,
		Go:       func(_ *Env, a []types.Value) types.Value { return formatRow(plainFirst(a), true) },
		Examples: []Example{{`format_ipv4_mask(dynamic("192.168.1.1"), 24)`, `"192.168.1.0/24"`}}},
	{Sig: "ipv4_netmask_suffix(ip: string) -> long", Doc: "The prefix length written after an IPv4 address, 32 when there is none.",
		Go: func(_ *Env, a []types.Value) types.Value {
			_, n, ok := ParseIPv4(a[0].(string))
			if !ok {
				return nil
			}
			return int64(n)
		},
		Examples: []Example{{`ipv4_netmask_suffix("192.168.1.1/24")`, `24`}, {`ipv4_netmask_suffix("10.1.2.3")`, `32`}}},
	{Sig: "ipv4_range_to_cidr_list(startAddress: string, endAddress: string) -> dynamic", Doc: "The fewest CIDR ranges that cover the addresses from start to end; null when either is not an address or end comes first.",
		Go: func(_ *Env, a []types.Value) types.Value {
			first, _, ok1 := ParseIPv4(a[0].(string))
			last, _, ok2 := ParseIPv4(a[1].(string))
			if !ok1 || !ok2 || last < first {
				return nil
			}
			return types.DynList(cidrs(first, last)).String()
		},
		Examples: []Example{{`ipv4_range_to_cidr_list("1.1.128.0", "1.1.140.255")`, `dynamic(["1.1.128.0/21","1.1.136.0/22","1.1.140.0/24"])`}}},

	{Sig: "ipv4_compare(ip1: string, ip2: string, prefix?: long) -> long", Doc: "-1, 0 or 1 as the first IPv4 address is less than, equal to or greater than the second, on the bits that all prefixes keep.", Sem: NullOnNull,
		Go: func(_ *Env, a []types.Value) types.Value {
			if order, ok := compareIPv4(a); ok {
				return int64(order)
			}
			return nil
		},
		Examples: []Example{{`ipv4_compare("192.168.1.1/24", "192.168.1.255")`, `0`}, {`ipv4_compare("192.168.1.1", "192.168.1.255")`, `-1`}, {`ipv4_compare("x", "192.168.1.255")`, `long(null)`}}},
	{Sig: "ipv4_is_match(ip1: string, ip2: string, prefix?: long) -> bool", Doc: "Whether two IPv4 addresses agree on the bits that all prefixes keep.", Sem: NullOnNull,
		Go: func(_ *Env, a []types.Value) types.Value {
			if order, ok := compareIPv4(a); ok {
				return order == 0
			}
			return nil
		},
		Examples: []Example{{`ipv4_is_match("192.168.1.1", "192.168.1.255/24")`, `true`}, {`ipv4_is_match("192.168.1.1", "192.168.1.2", 31)`, `false`}}},
	{Sig: "ipv4_is_private(ip: string) -> bool", Doc: "Whether an IPv4 address is in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16 (RFC 1918); loopback is not.", Lower: lowerPrivate,
		Go: func(_ *Env, a []types.Value) types.Value {
			addr, _, ok := ParseIPv4(a[0].(string))
			if !ok {
				return nil
			}
			return privateIPv4(addr)
		},
		Examples: []Example{{`ipv4_is_private("192.168.1.1/24")`, `true`}, {`ipv4_is_private("127.0.0.1")`, `false`}, {`ipv4_is_private("host")`, `bool(null)`}}},
	{Sig: "ipv4_is_in_range(ip: string, ip_range: string) -> bool", Doc: "Whether an IPv4 address is in a range in CIDR notation.", Lower: lowerInRange,
		Go: func(_ *Env, a []types.Value) types.Value {
			addr, n, ok1 := ParseIPv4(a[0].(string))
			net, m, ok2 := ParseIPv4(a[1].(string))
			if !ok1 || !ok2 {
				return nil
			}
			return n >= m && addr&mask4(m) == net
		},
		Examples: []Example{{`ipv4_is_in_range("192.168.1.1", "192.168.1.255/24")`, `true`}, {`ipv4_is_in_range("192.168.2.1", "192.168.1.0/24")`, `false`}}},
	{Sig: "ipv4_is_in_any_range(ip: text, ranges: dynamic) -> bool", Doc: "Whether an IPv4 address is in any of an array of ranges; elements that are not ranges are passed over.", Check: textArg,
		Lower:    lowerInAnyRange,
		Go:       func(e *Env, a []types.Value) types.Value { return inAnyRange(e, a, cidr4) },
		Examples: []Example{{`ipv4_is_in_any_range("192.168.1.6", dynamic(["10.0.0.0/8","192.168.1.1/24"]))`, `true`}}},
	{Sig: "ipv4_is_in_any_range(ip: text, ip_range: string, ranges...: string) -> bool", Doc: "Whether an IPv4 address is in any of the ranges; those that are not ranges are passed over.", Check: textArg,
		Go:       func(_ *Env, a []types.Value) types.Value { return inAnyOf(a, cidr4) },
		Examples: []Example{{`ipv4_is_in_any_range("192.168.1.6", "192.168.1.1/24", "10.0.0.1/8", "127.1.0.1/16")`, `true`}, {`ipv4_is_in_any_range("11.0.0.1", "192.168.1.1/24", "10.0.0.1/8")`, `false`}}},

	{Sig: "ipv6_compare(ip1: string, ip2: string, prefix?: long) -> long", Doc: "-1, 0 or 1 as the first IPv6 or IPv4 address is less than, equal to or greater than the second, on the bits that all prefixes keep.", Sem: NullOnNull,
		Go: func(_ *Env, a []types.Value) types.Value {
			if order, ok := compareIPv6(a); ok {
				return int64(order)
			}
			return nil
		},
		Examples: []Example{{`ipv6_compare("192.168.1.1/24", "::ffff:c0a8:01ff")`, `0`}, {`ipv6_compare("fe80::1", "fe80::2")`, `-1`}}},
	{Sig: "ipv6_is_match(ip1: string, ip2: string, prefix?: long) -> bool", Doc: "Whether two IPv6 or IPv4 addresses agree on the bits that all prefixes keep.", Sem: NullOnNull,
		Go: func(_ *Env, a []types.Value) types.Value {
			if order, ok := compareIPv6(a); ok {
				return order == 0
			}
			return nil
		},
		Examples: []Example{{`ipv6_is_match("fe80::85d:e82c:9446:7994/120", "fe80::85d:e82c:9446:7998")`, `true`}}},
	{Sig: "ipv6_is_in_range(ip: string, ip_range: string) -> bool", Doc: "Whether an IPv6 or IPv4 address is in a range in CIDR notation.",
		Go: func(_ *Env, a []types.Value) types.Value {
			addr, n, ok1 := ParseIPv6(a[0].(string))
			net, m, ok2 := ParseIPv6(a[1].(string))
			if !ok1 || !ok2 {
				return nil
			}
			return n >= m && addr.Mask(m) == net
		},
		Examples: []Example{{`ipv6_is_in_range("a5e:f127:8a9d:146d:e102:b5d3:c755:abcd", "a5e:f127:8a9d:146d:e102:b5d3:c755:0000/112")`, `true`}}},
	{Sig: "ipv6_is_in_any_range(ip: text, ranges: dynamic) -> bool", Doc: "Whether an IPv6 or IPv4 address is in any of an array of ranges; elements that are not ranges are passed over.", Check: textArg,
		Go:       func(e *Env, a []types.Value) types.Value { return inAnyRange(e, a, cidr6) },
		Examples: []Example{{`ipv6_is_in_any_range("a5e::1", dynamic(["a5e::/112", "10.0.0.0/8"]))`, `true`}}},
	{Sig: "ipv6_is_in_any_range(ip: text, ip_range: string, ranges...: string) -> bool", Doc: "Whether an IPv6 or IPv4 address is in any of the ranges; those that are not ranges are passed over.", Check: textArg,
		Go:       func(_ *Env, a []types.Value) types.Value { return inAnyOf(a, cidr6) },
		Examples: []Example{{`ipv6_is_in_any_range("a5e::1", "10.0.0.0/8", "a5f::/112")`, `false`}}},

	{Sig: "has_ipv4(source: text, ip: string) -> bool", Doc: "Whether a text holds an IPv4 address, delimited by characters that are neither letters nor digits.", Check: textArg,
		Go: func(_ *Env, a []types.Value) types.Value {
			ip := a[1].(string)
			_, rest, ok := scanIPv4(ip)
			return ok && rest == "" && findIPv4(a[0].(string), ip)
		},
		Examples: []Example{{`has_ipv4("05:04:54 127.0.0.1 GET /favicon.ico 404", "127.0.0.1")`, `true`}, {`has_ipv4("05:04:54127.0.0.1 GET", "127.0.0.1")`, `false`}}},
	{Sig: "has_ipv4_prefix(source: text, ip_prefix: string) -> bool", Doc: "Whether a text holds an IPv4 address that starts with a prefix: a whole address, or octets that end in a dot.", Check: textArg,
		Go: func(_ *Env, a []types.Value) types.Value {
			p := a[1].(string)
			return validIPv4Prefix(p) && findIPv4(a[0].(string), p)
		},
		Examples: []Example{{`has_ipv4_prefix("05:04:54 127.0.0.1 GET", "127.0.")`, `true`}, {`has_ipv4_prefix("05:04:54 127.0.0.1 GET", "127.0")`, `false`}}},
	{Sig: "has_any_ipv4(source: text, ips: dynamic) -> bool", Doc: "Whether a text holds any of an array of IPv4 addresses.", Check: textArg,
		Go:       func(e *Env, a []types.Value) types.Value { return hasAny(e, a, plain4) },
		Examples: []Example{{`has_any_ipv4("05:04:54 127.0.0.1 GET", dynamic(["127.0.0.1","127.0.0.2"]))`, `true`}, {`has_any_ipv4("05:04:54 127.0.0.256 GET", dynamic(["127.0.0.256"]))`, `false`}}},
	{Sig: "has_any_ipv4(source: text, ip: string, ips...: string) -> bool", Doc: "Whether a text holds any of the IPv4 addresses.", Check: textArg,
		Go: func(_ *Env, a []types.Value) types.Value {
			for _, v := range a[1:] {
				ip := v.(string)
				if _, rest, ok := scanIPv4(ip); ok && rest == "" && findIPv4(a[0].(string), ip) {
					return true
				}
			}
			return false
		},
		Examples: []Example{{`has_any_ipv4("05:04:54 127.0.0.1 GET", "127.0.0.1", "127.0.0.2")`, `true`}}},
	{Sig: "has_any_ipv4_prefix(source: text, ip_prefixes: dynamic) -> bool", Doc: "Whether a text holds an IPv4 address that starts with any of an array of prefixes.", Check: textArg,
		Go:       func(e *Env, a []types.Value) types.Value { return hasAny(e, a, dotted4) },
		Examples: []Example{{`has_any_ipv4_prefix("05:04:54 127.0.0.1 GET", dynamic(["127.0.","192."]))`, `true`}}},
	{Sig: "has_any_ipv4_prefix(source: text, ip_prefix: string, ip_prefixes...: string) -> bool", Doc: "Whether a text holds an IPv4 address that starts with any of the prefixes.", Check: textArg,
		Go: func(_ *Env, a []types.Value) types.Value {
			for _, v := range a[1:] {
				if p := v.(string); validIPv4Prefix(p) && findIPv4(a[0].(string), p) {
					return true
				}
			}
			return false
		},
		Examples: []Example{{`has_any_ipv4_prefix("05:04:54 127.0.0.1 GET", "127.0.", "192.168.")`, `true`}}},

	{Sig: "geo_info_from_ip_address(ip_address: string) -> dynamic", Needs: NeedsGeoIP,
		Doc: "Country, state, city, latitude and longitude of an IPv4 or IPv6 address, out of the GeoIP database given to Quarry; null when it does not know the address.",
		Go: func(e *Env, a []types.Value) types.Value {
			if e.Geo == nil {
				panic(Failure("the query needs " + NeedsGeoIP + "; give one with --geoip FILE"))
			}
			if bag := e.Geo.Lookup(a[0].(string)); bag != "" {
				return bag
			}
			return nil
		}},
}

// textArg refuses a first argument that is neither string nor dynamic.
func textArg(args []Arg) (int, string) {
	switch args[0].Type {
	case types.String, types.Dynamic, types.Unknown:
		return 0, ""
	}
	return 0, "expected a string or dynamic value, not " + args[0].Type.String()
}

// formatRow is format_ipv4 and format_ipv4_mask.
func formatRow(a []types.Value, withMask bool) types.Value {
	addr, n, ok := uint32(0), 32, false
	switch ip := a[0].(type) {
	case string:
		addr, n, ok = ParseIPv4(ip)
	case int64:
		addr, ok = uint32(ip), ip >= 0 && ip < 1<<32
	}
	if len(a) > 1 {
		p := a[1].(int64)
		ok = ok && p >= 0 && p <= 32
		n = min(n, int(max(p, 0)))
	}
	if !ok {
		return ""
	}
	return formatIPv4(addr&mask4(n), n, withMask)
}

// plainFirst replaces a dynamic first argument by the string or number in it.
func plainFirst(a []types.Value) []types.Value {
	text, _ := a[0].(string)
	d, _ := types.ParseDyn(text)
	out := append([]types.Value{nil}, a[1:]...)
	if s, ok := d.Str(); ok {
		out[0] = s
	} else if n, ok := d.Int(); ok {
		out[0] = n
	}
	return out
}

func compareIPv4(a []types.Value) (order int, ok bool) {
	x, n, ok1 := ParseIPv4(a[0].(string))
	y, m, ok2 := ParseIPv4(a[1].(string))
	n = min(n, m)
	if len(a) > 2 {
		p := a[2].(int64)
		if p < 0 || p > 32 {
			return 0, false
		}
		n = min(n, int(p))
	}
	x, y = x&mask4(n), y&mask4(n)
	switch {
	case x < y:
		order = -1
	case x > y:
		order = 1
	}
	return order, ok1 && ok2
}

func compareIPv6(a []types.Value) (order int, ok bool) {
	x, n, ok1 := ParseIPv6(a[0].(string))
	y, m, ok2 := ParseIPv6(a[1].(string))
	if !ok1 || !ok2 {
		return 0, false
	}
	n = min(n, m)
	if len(a) > 2 {
		p := a[2].(int64)
		if p < 0 || p > 128 {
			return 0, false
		}
		n = min(n, int(p))
	}
	return x.Mask(n).compare(y.Mask(n)), true
}

func inAnyRange(e *Env, a []types.Value, kind rangeKind) types.Value {
	addr, n, ok := kind.parse(a[0].(string))
	list, isArray := a[1].(string)
	if !ok || !isArray {
		return nil
	}
	r := e.ranges.get(list, kind)
	if r == nil {
		return nil
	}
	return r.Contains(addr, n)
}

func inAnyOf(a []types.Value, kind rangeKind) types.Value {
	addr, n, ok := kind.parse(a[0].(string))
	if !ok {
		return nil
	}
	for _, v := range a[1:] {
		net, m, ok := kind.parse(v.(string))
		if ok && n >= m && addr.Mask(m) == net {
			return true
		}
	}
	return false
}

func hasAny(e *Env, a []types.Value, kind rangeKind) types.Value {
	list, _ := a[1].(string)
	r := e.ranges.get(list, kind)
	return r != nil && anyIPv4(a[0].(string), r)
}
