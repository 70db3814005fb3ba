package builtin

import (
	"quarry/kql/sqlx"
	"quarry/kql/types"
)

// The tests of an IPv4 address against something constant, which the engine runs without a
// copy of the address. Each is false for what is no address.
var (
	isIPv4 = addressTest(".isipv4", func(string) func(uint32, int) bool {
		return func(uint32, int) bool { return true }
	})
	isPrivateIPv4 = addressTest(".isprivate", func(string) func(uint32, int) bool {
		return func(addr uint32, _ int) bool { return privateIPv4(addr) }
	})
	isInRange = addressTest(".isinrange", func(cidr string) func(uint32, int) bool {
		net, m, _ := ParseIPv4(cidr)
		return func(addr uint32, n int) bool { return n >= m && addr&mask4(m) == net }
	})
	isInAnyRange = addressTest(".isinanyrange", func(list string) func(uint32, int) bool {
		texts, _ := stringsOf(list)
		ranges := newRanges(texts, cidr4)
		return func(addr uint32, n int) bool { return ranges.Contains(mapped(addr), n+96) }
	})
)

func addressTest(name string, compile func(pattern string) func(addr uint32, n int) bool) *Row {
	r := row(name+"(ip: string, pattern: string) -> bool", func(_ *Env, a []types.Value) types.Value {
		addr, n, ok := ParseIPv4(a[0].(string))
		return ok && compile(a[1].(string))(addr, n)
	})
	r.Compile = func(pattern string) (func(string) bool, error) {
		holds := compile(pattern)
		return func(s string) bool {
			addr, n, ok := ParseIPv4(s)
			return ok && holds(addr, n)
		}, nil
	}
	return r
}

// testAddress is the SQL form of a test of the first argument: null for what is no address.
func (l *Lowering) testAddress(test *Row, pattern string) sqlx.Expr {
	ip := l.Args[0]
	ip.SQL = l.once(0)
	call := func(r *Row, pattern string) sqlx.Expr {
		return l.UDF(r, types.Bool, ip, Arg{Type: types.String, Const: true, Value: pattern, SQL: sqlx.String(pattern)})
	}
	holds := call(test, pattern)
	if l.Filter {
		return holds
	}
	return sqlx.Case{When: []sqlx.When{{Cond: holds, Then: sqlx.True}, {Cond: call(isIPv4, ""), Then: sqlx.False}}}
}

func lowerPrivate(l *Lowering) (sqlx.Expr, error) { return l.testAddress(isPrivateIPv4, ""), nil }

func lowerInRange(l *Lowering) (sqlx.Expr, error) {
	cidr, ok := l.Args[1].Value.(string)
	if _, _, valid := ParseIPv4(cidr); !ok || !valid || !l.Args[1].Const {
		return l.UDF(l.Row, l.Result, l.Args...), nil
	}
	return l.testAddress(isInRange, cidr), nil
}

func lowerInAnyRange(l *Lowering) (sqlx.Expr, error) {
	list, ok := l.Args[1].Value.(string)
	if _, valid := stringsOf(list); !ok || !valid || !l.Args[1].Const || l.Args[0].Type != types.String {
		return l.UDF(l.Row, l.Result, l.Args...), nil
	}
	return l.testAddress(isInAnyRange, list), nil
}

func privateIPv4(addr uint32) bool {
	return addr>>24 == 10 || addr>>20 == 172<<4|1 || addr>>16 == 192<<8|168
}
