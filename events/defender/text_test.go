package defender

import "testing"

func TestCommandLine(t *testing.T) {
	tests := []struct{ logged, image, want string }{
		{`"C:\Windows\x\ngen.exe" install a`, `C:\Windows\x\ngen.exe`, `"ngen.exe" install a`},
		{`C:\Windows\system32\svchost.exe -k netsvcs`, `C:\Windows\System32\svchost.exe`, `svchost.exe -k netsvcs`},
		{`\??\C:\Windows\system32\conhost.exe 0xffffffff`, `C:\Windows\System32\conhost.exe`, `conhost.exe 0xffffffff`},
		{`C:\Program Files\A b\run.exe -x`, `C:\Program Files\A b\run.exe`, `run.exe -x`},
		{`C:\Program Files\A b\run -x`, `C:\Program Files\A b\run.exe`, `run -x`},
		{`C:\PROGRA~1\run.exe C:\other\file`, `C:\Program Files\run.exe`, `run.exe C:\other\file`},
		{`cmd.exe /c C:\a\b.exe`, `C:\Windows\System32\cmd.exe`, `cmd.exe /c C:\a\b.exe`},
		{`whoami`, ``, `whoami`},
		{`C:\Windows\system32\whoami.exe`, ``, `whoami.exe`},
		{`"C:\unclosed`, ``, `"C:\unclosed`},
		{`C:\dir\ x`, ``, `C:\dir\ x`},
		{`-`, ``, ``},
		{``, ``, ``},
	}
	for _, tt := range tests {
		if got := commandLine(tt.logged, tt.image); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.logged, got, tt.want)
		}
	}
}

func TestAddress(t *testing.T) {
	tests := []struct{ in, want, kind string }{
		{"fe80:0:0:0:5d54:ed5a:760f:c4ff", "fe80::5d54:ed5a:760f:c4ff", "LinkLocal"},
		{"[fe80::1%12]", "fe80::1", "LinkLocal"},
		{"::ffff:10.1.2.3", "10.1.2.3", "Private"},
		{"0:0:0:0:0:0:0:1", "::1", "Loopback"},
		{"8.8.8.8", "8.8.8.8", "Public"},
		{"224.0.0.1", "224.0.0.1", "Reserved"},
		{"-", "", ""},
		{"LOCAL", "LOCAL", ""},
	}
	for _, tt := range tests {
		if got := plainAddress(tt.in); got != tt.want || addressType(got) != tt.kind {
			t.Errorf("%s: %s %s, want %s %s", tt.in, got, addressType(got), tt.want, tt.kind)
		}
	}
}

func TestRegistryText(t *testing.T) {
	for in, want := range map[string]string{
		`HKLM\System\CurrentControlSet\Control`: `HKEY_LOCAL_MACHINE\SYSTEM\ControlSet001\Control`,
		`HKLM\SYSTEM\CurrentControlSetX`:        `HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSetX`,
		`HKLM\SAM\x`:                            `HKEY_LOCAL_MACHINE\SAM\x`,
		`HKU\S-1-5-18\Software`:                 `HKEY_CURRENT_USER\S-1-5-18\Software`,
		`HKU\.DEFAULT\Software`:                 `HKEY_USERS\.DEFAULT\Software`,
		`\REGISTRY\MACHINE\SOFTWARE\x`:          `HKEY_LOCAL_MACHINE\SOFTWARE\x`,
		`HKCR\x`:                                `HKEY_CLASSES_ROOT\x`,
		`HKLM`:                                  `HKEY_LOCAL_MACHINE`,
	} {
		if got := registryKey(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
	for in, want := range map[string][2]string{
		"DWORD (0x0000000a)":            {"Dword", "10"},
		"QWORD (0x00000001-0x00000002)": {"Qword", "4294967298"},
		"Binary Data":                   {"Binary", ""},
		"(Empty)":                       {"String", ""},
		"DWORD (0xzz)":                  {"String", "DWORD (0xzz)"},
		"text":                          {"String", "text"},
	} {
		if kind, data := registryData(in); kind != want[0] || data != want[1] {
			t.Errorf("%s: %s %s", in, kind, data)
		}
	}
	if key, value := splitValue(`HKLM\a\\Device\b`); key != `HKLM\a` || value != `\Device\b` {
		t.Errorf("value that starts with a backslash: %s, %s", key, value)
	}
}

func TestQuoted(t *testing.T) {
	if got, want := string(appendQuoted(nil, "a\"\\\n\x01é\xff")), `"a\"\\\n\u0001é\ufffd"`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
