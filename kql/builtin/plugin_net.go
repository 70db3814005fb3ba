package builtin

import (
	"fmt"
	"slices"

	"quarry/kql/types"
)

// Networks finds the networks that hold an address.
type Networks struct {
	v6   bool
	keys int
	// by prefix length, then by the masked address and the further keys
	lengths [129]map[IPv6][]networkRow
	used    []int // the lengths that occur
}

type networkRow struct {
	at  int    // its place among the rows
	key string // of the further keys
	row []types.Value
}

// ReadNetworks reads rows of a network, keys-1 further keys, then the values that a
// match gives. Networks that cannot be read match nothing.
func ReadNetworks(in Rows, keys, limit int, v6 bool) (*Networks, error) {
	n := &Networks{v6: v6, keys: keys - 1}
	for count := 0; ; count++ {
		row, err := in.Next()
		if err != nil {
			return nil, err
		}
		if row == nil {
			break
		}
		if count >= limit {
			return nil, fmt.Errorf("the lookup table has more than %d rows", limit)
		}
		text, _ := row[0].(string)
		addr, bits, ok := n.parse(text)
		if !ok {
			continue
		}
		if n.lengths[bits] == nil {
			n.lengths[bits] = map[IPv6][]networkRow{}
			n.used = append(n.used, bits)
		}
		if err := in.Hold(SizeOf(row) + sizeOfEntry + sizeOfRow); err != nil {
			return nil, err
		}
		masked := addr.Mask(bits)
		n.lengths[bits][masked] = append(n.lengths[bits][masked], networkRow{count, RowKey(row[1:keys]), row[keys:]})
	}
	return n, nil
}

// parse reads an address; IPv4 ones become their IPv6 form, with 96 bits more.
func (n *Networks) parse(s string) (IPv6, int, bool) {
	if v4, bits, ok := ParseIPv4(s); ok {
		return mapped(v4), bits + 96, true
	}
	if !n.v6 {
		return IPv6{}, 0, false
	}
	return ParseIPv6(s)
}

// Find gives the values of all networks that hold an address and agree on the
// further keys, in the order in which they were read. An address may carry a prefix
// itself: the shorter prefix counts.
func (n *Networks) Find(text string, keys []types.Value) [][]types.Value {
	addr, bits, ok := n.parse(text)
	if !ok {
		return nil
	}
	key := RowKey(keys)
	var found []networkRow
	add := func(rows []networkRow) {
		for _, r := range rows {
			if r.key == key {
				found = append(found, r)
			}
		}
	}
	for _, l := range n.used {
		if l <= bits {
			add(n.lengths[l][addr.Mask(l)])
			continue
		}
		for net, rows := range n.lengths[l] {
			if net.Mask(bits) == addr.Mask(bits) {
				add(rows)
			}
		}
	}
	slices.SortFunc(found, func(a, b networkRow) int { return a.at - b.at })
	var out [][]types.Value
	for _, r := range found {
		out = append(out, r.row)
	}
	return out
}
