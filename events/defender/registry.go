package defender

import (
	"strconv"
	"strings"
)

// registry maps Sysmon 12, 13 and 14.
func registry(m *Mapper, f *fact) error {
	t, ev := m.tables.registry, f.ev
	action, isValue := registryAction(ev.EventID, f.get("EventType"))
	row := m.row(t, f, action)
	key, value := f.get("TargetObject"), ""
	if isValue {
		key, value = splitValue(key)
	}
	key = registryKey(key)
	row[rKey], row[rValueName] = key, value
	switch action {
	case "RegistryValueSet":
		row[rValueType], row[rValueData] = registryData(f.get("Details"))
	case "RegistryKeyDeleted", "RegistryValueDeleted":
		row[rPreviousKey], row[rPreviousValueName] = key, value
	case "RegistryKeyRenamed":
		row[rPreviousKey] = key
		row[rKey] = registryKey(f.get("NewName"))
	}
	m.initiatedByGUID(t, row, f, f.process, &ownProcess)
	return m.send(t, row)
}

func registryAction(id int, kind string) (action string, isValue bool) {
	switch id {
	case 13:
		return "RegistryValueSet", true
	case 14:
		return "RegistryKeyRenamed", false
	}
	switch kind {
	case "DeleteKey":
		return "RegistryKeyDeleted", false
	case "DeleteValue":
		return "RegistryValueDeleted", true
	}
	return "RegistryKeyCreated", false
}

// splitValue parts a value's key from its name. The name follows the last
// backslash, unless it starts with one itself: keys never have empty parts.
func splitValue(object string) (key, value string) {
	if i := strings.Index(object, `\\`); i >= 0 {
		return object[:i], object[i+1:]
	}
	if i := strings.LastIndexByte(object, '\\'); i >= 0 {
		return object[:i], object[i+1:]
	}
	return object, ""
}

// registryKey spells a key as Defender does: hives in full, a user's hive as
// HKEY_CURRENT_USER\SID, the control set in use by its number.
func registryKey(key string) string {
	if key == "" || key == "-" {
		return ""
	}
	if hasPrefixFold(key, `\REGISTRY\MACHINE`) {
		key = "HKLM" + key[len(`\REGISTRY\MACHINE`):]
	} else if hasPrefixFold(key, `\REGISTRY\USER`) {
		key = "HKU" + key[len(`\REGISTRY\USER`):]
	}
	hive, rest, _ := strings.Cut(key, `\`)
	switch hive {
	case "HKLM", "HKEY_LOCAL_MACHINE":
		hive, rest = "HKEY_LOCAL_MACHINE", machineKey(rest)
	case "HKU", "HKEY_USERS":
		hive = "HKEY_USERS"
		if strings.HasPrefix(rest, "S-1-") {
			hive = "HKEY_CURRENT_USER"
		}
	case "HKCR":
		hive = "HKEY_CLASSES_ROOT"
	case "HKCU":
		hive = "HKEY_CURRENT_USER"
	}
	if rest == "" {
		return hive
	}
	return hive + `\` + rest
}

func machineKey(rest string) string {
	first, more, deeper := strings.Cut(rest, `\`)
	switch {
	case strings.EqualFold(first, "System"):
		first = "SYSTEM"
		if hasPrefixFold(more, "CurrentControlSet") {
			if tail := more[len("CurrentControlSet"):]; tail == "" || tail[0] == '\\' {
				more = "ControlSet001" + tail
			}
		}
	case strings.EqualFold(first, "Software"):
		first = "SOFTWARE"
	}
	if !deeper {
		return first
	}
	return first + `\` + more
}

// registryData reads Sysmon's Details: "DWORD (0x00000001)", "QWORD
// (0x00000000-0x00000001)", "Binary Data" (which is all it says), or text.
func registryData(details string) (kind, data string) {
	switch {
	case details == "Binary Data":
		return "Binary", ""
	case details == "(Empty)" || details == "-":
		return "String", ""
	case strings.HasPrefix(details, "DWORD (0x") && strings.HasSuffix(details, ")"):
		if n, err := strconv.ParseUint(details[len("DWORD (0x"):len(details)-1], 16, 32); err == nil {
			return "Dword", strconv.FormatUint(n, 10)
		}
	case strings.HasPrefix(details, "QWORD (0x") && strings.HasSuffix(details, ")"):
		high, low, _ := strings.Cut(details[len("QWORD (0x"):len(details)-1], "-0x")
		h, errHigh := strconv.ParseUint(high, 16, 32)
		l, errLow := strconv.ParseUint(low, 16, 32)
		if errHigh == nil && errLow == nil {
			return "Qword", strconv.FormatUint(h<<32|l, 10)
		}
	}
	return "String", details
}
