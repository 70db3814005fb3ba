package winevent

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"quarry/kql/types"
)

// Form is a JSON shape in which Windows events travel.
type Form uint8

// The forms that FromJSON reads.
const (
	NotEvent     Form = iota
	NXLog             // im_msvistalog: flat, EventTime in local time and whole seconds
	Winlogbeat        // winlog.event_data (7 and later) or event_data (up to 6)
	PowerShell        // flat Get-WinEvent export: Hostname, TimeCreated, one member for each field
	GetWinEvent       // Get-WinEvent | ConvertTo-Json: Id, ProviderName, Properties, Message
	LogAnalytics      // rows of SecurityEvent, Event or WindowsEvent
	EventXML          // the XML tree as JSON: {"Event": {"System": .., "EventData": ..}}
)

var formNames = [...]string{"", "NXLog JSON", "Winlogbeat JSON", "PowerShell JSON", "Get-WinEvent JSON", "Log Analytics JSON", "Event XML as JSON"}

// String names the form for people.
func (f Form) String() string { return formNames[f] }

// LooksLike tells the form of one JSON object by its member names, whatever their order.
func LooksLike(raw []byte) Form {
	var buf [96]member
	m, ok := members(buf[:0], raw)
	if !ok {
		return NotEvent
	}
	return formOf(m)
}

// keys is a set of telling member names.
type keys uint32

const (
	kWinlog keys = 1 << iota
	kLogName
	kEventIDOld
	kEvent
	kSystem
	kID
	kProviderName
	kGetLogName
	kEventTime
	kHostname
	kEventID
	kTimeCreated
	kTimeGenerated
	kComputer
)

func keyOf(key []byte) keys {
	switch string(key) {
	case "winlog":
		return kWinlog
	case "log_name":
		return kLogName
	case "event_id":
		return kEventIDOld
	case "Event":
		return kEvent
	case "System":
		return kSystem
	case "Id":
		return kID
	case "ProviderName":
		return kProviderName
	case "LogName":
		return kGetLogName
	case "EventTime":
		return kEventTime
	case "Hostname":
		return kHostname
	case "EventID":
		return kEventID
	case "TimeCreated":
		return kTimeCreated
	case "TimeGenerated":
		return kTimeGenerated
	case "Computer":
		return kComputer
	}
	return 0
}

func formOf(ms []member) Form {
	var k keys
	for _, m := range ms {
		k |= keyOf(m.key)
	}
	all := func(want keys) bool { return k&want == want }
	switch {
	case all(kWinlog):
		return Winlogbeat
	case all(kLogName | kEventIDOld):
		return Winlogbeat
	case all(kEventTime | kHostname | kEventID):
		return NXLog
	case all(kTimeCreated | kHostname | kEventID):
		return PowerShell
	case all(kID | kProviderName | kGetLogName), all(kID | kProviderName | kTimeCreated):
		return GetWinEvent
	case all(kTimeGenerated | kComputer | kEventID):
		return LogAnalytics
	case all(kEvent), all(kSystem):
		if hasSystem(ms) {
			return EventXML
		}
	}
	return NotEvent
}

// FromJSON reads one JSON object as a Windows event. ok is false if the object
// is of no known form, is not JSON, or has no event number.
//
// TimeCreated is the clock as the form wrote it, taken as UTC where the text
// names no zone: see Event.LocalTime. The text of Sysmon messages is left out,
// for every line of it is a field of Data.
func FromJSON(raw []byte) (ev Event, form Form, ok bool) {
	if !utf8.Valid(raw) {
		raw = bytes.ToValidUTF8(raw, []byte("\uFFFD"))
	}
	var buf [96]member
	ms, ok := members(buf[:0], raw)
	if !ok {
		return Event{}, NotEvent, false
	}
	var a arena
	switch form = formOf(ms); form {
	case NXLog:
		ok = a.nxlog(&ev, ms)
	case Winlogbeat:
		ok = a.winlogbeat(&ev, ms)
	case PowerShell:
		ok = a.powershell(&ev, ms)
	case GetWinEvent:
		ok = a.getWinEvent(&ev, ms)
	case LogAnalytics:
		ok = a.logAnalytics(&ev, ms)
	case EventXML:
		ok = a.eventXML(&ev, ms)
	default:
		return Event{}, NotEvent, false
	}
	if !ok {
		return Event{}, form, false
	}
	return ev, form, true
}

// IsSysmon reports an event that Sysmon logged.
func (e *Event) IsSysmon() bool {
	return e.Provider == "Microsoft-Windows-Sysmon" || e.Channel == "Microsoft-Windows-Sysmon/Operational" ||
		e.Provider == "" && strings.EqualFold(e.Channel, "Microsoft-Windows-Sysmon/Operational")
}

// name returns the member's name, shared if it is a common one.
func (a *arena) name(key []byte) string {
	if s, ok := CommonName(string(key)); ok {
		return s
	}
	if bytes.IndexByte(key, '\\') >= 0 {
		start := a.b.Len()
		a.unescape(key)
		return a.b.String()[start:]
	}
	return string(key)
}

// data appends a field; nested values stay JSON text.
func (a *arena) data(ev *Event, m member) {
	ev.Data = append(ev.Data, Field{a.name(m.key), a.text(m.val)})
}

// dataObject appends each member of an event_data object.
func (a *arena) dataObject(ev *Event, raw []byte) {
	var buf [64]member
	ms, ok := members(buf[:0], raw)
	if !ok {
		return
	}
	ev.Data = grow(ev.Data, len(ms))
	for _, m := range ms {
		a.data(ev, m)
	}
}

func grow(fields []Field, n int) []Field {
	if cap(fields)-len(fields) >= n {
		return fields
	}
	return append(make([]Field, 0, len(fields)+n), fields...)
}

// time reads a timestamp; whole tells that the text has no fraction.
func (a *arena) time(val []byte) (ticks int64, whole bool) {
	if len(val) < 2 || val[0] != '"' {
		return 0, false
	}
	s := val[1 : len(val)-1]
	if i := bytes.Index(s, []byte("Date(")); i >= 0 { // "\/Date(1603078245324)\/", milliseconds since 1970
		end := bytes.IndexByte(s[i:], ')')
		if end < 0 {
			return 0, false
		}
		ms, ok := parseNumber(string(s[i+5 : i+end]))
		if !ok {
			return 0, false
		}
		return types.UnixEpoch + int64(ms)*types.Millisecond, false
	}
	t, ok := types.ParseDatetime(string(s))
	if !ok {
		return 0, false
	}
	return t, bytes.IndexByte(s, '.') < 0
}

// hasZone reports a timestamp that ends in Z or in an offset.
func hasZone(val []byte) bool {
	s := bytes.Trim(val, `"`)
	if n := len(s); n > 0 && s[n-1] == 'Z' {
		return true
	}
	i := bytes.IndexByte(s, ':')
	return i >= 0 && bytes.ContainsAny(s[i:], "+-")
}

func integer(val []byte) int {
	n, _ := number(val)
	return int(int64(n))
}

// keywords reads the mask as a number, or the names that Winlogbeat writes.
func keywords(val []byte) uint64 {
	if n, ok := number(val); ok {
		return n
	}
	const audit = 0x8000000000000000
	switch {
	case bytes.Contains(val, []byte("Audit Success")):
		return audit | 0x20000000000000
	case bytes.Contains(val, []byte("Audit Failure")):
		return audit | 0x10000000000000
	}
	return 0
}

// level reads a level number or its English name.
func level(val []byte) int {
	if n, ok := number(val); ok {
		return int(n)
	}
	switch strings.ToLower(strings.Trim(string(val), `"`)) {
	case "critical":
		return 1
	case "error":
		return 2
	case "warning":
		return 3
	case "information", "info":
		return 4
	case "verbose":
		return 5
	}
	return 0
}
