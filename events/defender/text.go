package defender

import (
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"

	"quarry/kql/types"
)

// absent turns the "-" that Windows writes for nothing into "".
func absent(s string) string {
	if s == "-" {
		return ""
	}
	return s
}

// known is absent for texts of a file's version resource, of which Sysmon
// writes "?" where there is none.
func known(s string) string {
	if s == "?" {
		return ""
	}
	return absent(s)
}

// number reads a decimal or 0x hexadecimal number.
func number(s string) (int64, bool) {
	if len(s) > 2 && s[0] == '0' && s[1]|0x20 == 'x' {
		n, err := strconv.ParseUint(s[2:], 16, 64)
		return int64(n), err == nil
	}
	if len(s) > 18 {
		n, err := strconv.ParseInt(s, 10, 64)
		return n, err == nil
	}
	var n int64
	digits := strings.TrimPrefix(strings.TrimPrefix(s, "+"), "-")
	for i := range len(digits) {
		d := digits[i] - '0'
		if d > 9 {
			return 0, false
		}
		n = n*10 + int64(d)
	}
	if s != digits && s[0] == '-' {
		n = -n
	}
	return n, digits != "" && len(s)-len(digits) < 2
}

// port reads a port number.
func port(s string) (int64, bool) {
	n, ok := number(s)
	return n, ok && n >= 0 && n <= 65535
}

// plainAddress writes an IP address as Defender does: no brackets or zone, an IPv4
// address in IPv6 clothes as IPv4, IPv6 in RFC 5952 form.
func plainAddress(s string) string {
	if s == "" || s == "-" {
		return ""
	}
	if s[0] == '[' {
		s = strings.Trim(s, "[]")
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return s
	}
	if a.Is4() {
		return s
	}
	return a.Unmap().WithZone("").String()
}

// addressType is the value of the *IPType columns.
func addressType(s string) types.Value {
	if s == "" {
		return ""
	}
	a, err := netip.ParseAddr(s)
	switch {
	case err != nil:
		return ""
	case a.IsLoopback():
		return "Loopback"
	case a.IsLinkLocalUnicast():
		return "LinkLocal"
	case a.IsPrivate():
		return "Private"
	case a == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return "Broadcast"
	case a.IsMulticast(), a.IsUnspecified(), a.Is4() && a.As4()[0] >= 240:
		return "Reserved"
	}
	return "Public"
}

const kernelPath = `c:\windows\system32\ntoskrnl.exe`

// localPath turns the forms in which Windows logs a path into the one with a
// drive letter. Which drive a HarddiskVolume is nobody logs: C: is assumed.
func localPath(s string) string {
	if s == "" || s == "-" {
		return ""
	}
	if s[0] != '\\' && s[0] != '%' {
		return s
	}
	switch {
	case hasPrefixFold(s, `%SystemRoot%\`):
		return `C:\Windows` + s[len(`%SystemRoot%`):]
	case hasPrefixFold(s, `%windir%\`):
		return `C:\Windows` + s[len(`%windir%`):]
	case strings.HasPrefix(s, `\??\`), strings.HasPrefix(s, `\\?\`), strings.HasPrefix(s, `\\.\`):
		return localPath(s[4:])
	case hasPrefixFold(s, `\Device\HarddiskVolume`):
		rest := s[len(`\Device\HarddiskVolume`):]
		if i := strings.IndexByte(rest, '\\'); i >= 0 {
			return "C:" + rest[i:]
		}
	case hasPrefixFold(s, `\SystemRoot\`):
		return `C:\Windows` + s[len(`\SystemRoot`):]
	}
	return s
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// baseName is what follows the last separator of a path.
func baseName(s string) string {
	if i := strings.LastIndexAny(s, `\/`); i >= 0 {
		return s[i+1:]
	}
	return s
}

// account splits DOMAIN\user and lower-cases both.
func account(s string) (domain, name string) {
	s = strings.ToLower(absent(s))
	if d, n, ok := strings.Cut(s, `\`); ok {
		return d, n
	}
	return "", s
}

// wellKnownSid gives the SIDs that are the same on every host.
func wellKnownSid(domain, name string) string {
	if domain != "nt authority" {
		return ""
	}
	switch name {
	case "system":
		return "S-1-5-18"
	case "local service":
		return "S-1-5-19"
	case "network service":
		return "S-1-5-20"
	case "anonymous logon":
		return "S-1-5-7"
	}
	return ""
}

// sid drops the null SID, which stands for "nobody".
func sid(s string) string {
	if s == "-" || s == "S-1-0-0" || s == "NULL SID" {
		return ""
	}
	return s
}

// splitHashes reads Sysmon's "SHA1=..,MD5=..,SHA256=..", or a bare hash, whose
// length tells its kind.
func splitHashes(s string) (sha1, sha256, md5 string) {
	for part := range strings.SplitSeq(s, ",") {
		kind, hex, named := strings.Cut(part, "=")
		if !named {
			hex = kind
		}
		if strings.Trim(hex, "0") == "" { // Sysmon writes zeros if it could not read the file
			continue
		}
		switch len(hex) {
		case 40:
			sha1 = strings.ToLower(hex)
		case 64:
			sha256 = strings.ToLower(hex)
		case 32:
			if !named || kind == "MD5" {
				md5 = strings.ToLower(hex)
			}
		}
	}
	return sha1, sha256, md5
}

// commandLine replaces the path of argv[0] by the bare file name, quotes kept,
// as Defender shows command lines. image is the full path of the process, ""
// if unknown; it tells how far an unquoted path with spaces goes.
func commandLine(s, image string) string {
	if s == "" || s == "-" {
		return ""
	}
	if s[0] == '"' {
		end := strings.IndexByte(s[1:], '"')
		if end < 0 {
			return s
		}
		argv0 := s[1 : 1+end]
		if base := baseName(argv0); base != argv0 && base != "" {
			return `"` + base + s[1+end:]
		}
		return s
	}
	end := argv0End(s, image)
	if base := baseName(s[:end]); len(base) != end && base != "" {
		return base + s[end:]
	}
	return s
}

func argv0End(s, image string) int {
	if image != "" {
		start := 0
		if strings.HasPrefix(s, `\??\`) {
			start = 4
		}
		if hasPrefixFold(s[start:], image) {
			return start + len(image)
		}
		if stem := strings.TrimSuffix(image, ".exe"); hasPrefixFold(s[start:], stem) {
			if end := start + len(stem); end == len(s) || s[end] == ' ' {
				return end
			}
		}
	}
	space := strings.IndexAny(s, " \t")
	if space < 0 {
		return len(s)
	}
	// An unquoted path with spaces goes on to its extension.
	if strings.ContainsAny(s[:space], `\/`) && !strings.Contains(baseName(s[:space]), ".") {
		if i := indexFold(s, ".exe"); i > 0 {
			end := i + len(".exe")
			if (end == len(s) || s[end] == ' ') && image != "" && strings.EqualFold(baseName(s[:end]), baseName(image)) {
				return end
			}
		}
	}
	return space
}

func indexFold(s, sub string) int {
	for i := 0; i+len(sub) <= len(s); i++ {
		if strings.EqualFold(s[i:i+len(sub)], sub) {
			return i
		}
	}
	return -1
}

// notSet is the message "<value not set>".
const notSet = "%%1793"

// object builds the JSON text of AdditionalFields; empty values are left out.
type object struct{ b []byte }

func (o *object) key(name string) {
	if len(o.b) == 0 {
		o.b = append(o.b, '{')
	} else {
		o.b = append(o.b, ',')
	}
	o.b = appendQuoted(o.b, name)
	o.b = append(o.b, ':')
}

func (o *object) str(name, value string) {
	if value != "" && value != "-" && value != notSet {
		o.key(name)
		o.b = appendQuoted(o.b, value)
	}
}

func (o *object) num(name string, n int64) {
	o.key(name)
	o.b = strconv.AppendInt(o.b, n, 10)
}

// value is the finished object, nil if nothing is in it.
func (o *object) value() any {
	if len(o.b) == 0 {
		return nil
	}
	return string(append(o.b, '}'))
}

const hexDigits = "0123456789abcdef"

func appendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				b = append(append(b, s[start:i]...), `\ufffd`...)
				start = i + 1
			}
			i += n
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		b = append(b, s[start:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		start = i
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}
