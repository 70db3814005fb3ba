package defender

import (
	"fmt"
	"quarry/kql/types"
	"strings"
	"testing"
)

func stages(m mapped, tol int64, emptyOK bool) (int, int) {
	const n, l, f = "DeviceNetworkEvents", "DeviceLogonEvents", "DeviceFileEvents"
	nl, nlf := 0, 0
	for _, net := range m.rows(n) {
		r := m.get(n, net, "RemoteIP").(string)
		if m.get(n, net, "LocalPort") != int64(445) || r == "" {
			continue
		}
		at := m.get(n, net, "Timestamp").(int64)
		for _, lg := range m.rows(l) {
			lt := m.get(l, lg, "Timestamp").(int64)
			lr := m.get(l, lg, "RemoteIP").(string)
			if m.get(l, lg, "DeviceId") != m.get(n, net, "DeviceId") || lt < at || lt > at+tol || !strings.HasSuffix(r, lr) {
				continue
			}
			if lr == "" && !emptyOK {
				continue
			}
			nl++
			for _, fl := range m.rows(f) {
				ft := m.get(f, fl, "Timestamp").(int64)
				if m.get(f, fl, "DeviceId") != m.get(n, net, "DeviceId") || ft < at || ft > at+tol || m.get(f, fl, "InitiatingProcessFileName") != "System" {
					continue
				}
				nlf++
			}
		}
	}
	return nl, nlf
}
func TestScratch(t *testing.T) {
	for _, p := range []string{"purplesharp_ad_playbook_I.zip", "empire_msbuild_dcerpc_wmi_smb.zip", "covenant_wmi_wbemcomn_dll_hijack.zip"} {
		for _, o := range []Options{{NoRaw: true, NoDerive: true}, {NoRaw: true, NoDerive: true, NoMerge: true}, {NoRaw: true}} {
			m, _ := mapFiles(t, o, shared(t, "data/otrf", p))
			for _, tol := range []int64{5, 30, 300} {
				a, b := stages(m, tol*types.Second, true)
				c, _ := stages(m, tol*types.Second, false)
				fmt.Println(p, "nomerge", o.NoMerge, "noderive", o.NoDerive, tol, "NL", a, "NLF", b, "NLnonempty", c)
			}
		}
	}
	for _, p := range []string{"metasploit_comsvcs_lsass_memory_dump.zip", "empire_enable_rdp.tar.gz"} {
		m, _ := mapFiles(t, Options{NoRaw: true, NoMerge: true}, shared(t, "data/otrf", p))
		n := "DeviceNetworkEvents"
		for i, r := range m.rows(n) {
			if i > 250 || i%5 != 0 {
				continue
			}
			fmt.Println(types.FormatDatetime(m.get(n, r, "Timestamp").(int64)), m.get(n, r, "ActionType"), m.get(n, r, "DeviceName"), m.get(n, r, "LocalIP"), m.get(n, r, "LocalPort"), m.get(n, r, "RemoteIP"), m.get(n, r, "RemotePort"), m.get(n, r, "Protocol"), m.get(n, r, "InitiatingProcessUniqueId") != "")
		}
	}
}
