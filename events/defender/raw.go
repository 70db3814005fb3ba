package defender

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"quarry/kql/types"
)

// rawRow emits the record itself: into SecurityEvent from the Security log,
// into Event from any other.
func (m *Mapper) rawRow(f *fact) error {
	if f.kind.source == srcSecurity || strings.EqualFold(f.ev.Channel, "Security") {
		return m.securityRow(f)
	}
	return m.eventRow(f)
}

// rawStart starts the row of a record by what all events of its kind have in common.
func (m *Mapper) rawStart(t *Table, k *kind, fill func(row []types.Value, k *kind)) []types.Value {
	if k.raw == nil {
		k.raw = slices.Clone(t.blank)
		fill(k.raw, k)
	}
	row := m.rows[t.id]
	copy(row, k.raw)
	return row
}

func (m *Mapper) securityRow(f *fact) error {
	t, ev := m.tables.security, f.ev
	row := m.rawStart(t, f.kind, m.startSecurity)
	row[sTimeGenerated] = f.at
	row[sComputer] = m.spool.values[f.computer]
	if row[sActivity] == "" {
		row[sActivity] = activity(ev.EventID, ev.Message)
	}
	if ev.RecordID != 0 {
		row[sEventRecordId] = strconv.FormatUint(ev.RecordID, 10)
	}
	row[sCorrelation] = ev.ActivityID
	if ev.ProcessID != 0 {
		row[sSystemProcessId], row[sSystemThreadId] = int64(int32(ev.ProcessID)), int64(int32(ev.ThreadID))
	}
	m.xml = appendEventData(m.xml[:0], f)
	row[sEventData] = passing(m.xml)

	for i := range ev.Data {
		col := f.kind.cols[i]
		if col < 0 {
			continue
		}
		v := ev.Data[i].Value
		if t.Columns[col].Type == types.String {
			row[col] = v
		} else if n, ok := number(v); ok && int64(int32(n)) == n {
			row[col] = n
		}
	}
	subject, target := qualified(f.stored, "SubjectDomainName", "SubjectUserName"), qualified(f.stored, "TargetDomainName", "TargetUserName")
	row[sSubjectAccount], row[sTargetAccount] = subject, target
	who := subject
	if subject == "" || target != "" && logonEvent(ev.EventID) {
		who = target
	}
	row[sAccount] = who
	switch {
	case strings.HasSuffix(who, "$"):
		row[sAccountType] = "Machine"
	case who != "":
		row[sAccountType] = "User"
	}
	image := f.get("NewProcessName")
	if image == "" {
		image = f.get("ProcessName")
	}
	row[sProcess] = baseName(image)
	if kind := f.get("LogonType"); kind != "" {
		if word, ok := logonTypes[kind]; ok {
			row[sLogonTypeName] = kind + " - " + word
		}
	}
	return m.send(t, row)
}

// startSecurity fills a row of SecurityEvent with what its kind tells.
func (m *Mapper) startSecurity(row []types.Value, k *kind) {
	row[sEventSourceName] = k.Provider
	row[sChannel] = "Security"
	row[sEventID] = int64(k.EventID)
	if activities[k.EventID] != "" {
		row[sActivity] = activity(k.EventID, "")
	}
	row[sTask] = int64(k.Task)
	row[sLevel] = strconv.Itoa(k.Level)
	row[sOpcode] = strconv.Itoa(k.Opcode)
	row[sVersion] = int64(k.Version)
	if k.Keywords != 0 {
		row[sKeywords] = "0x" + strconv.FormatUint(k.Keywords, 16)
	}
	row[sSystemUserId] = k.UserSID
	row[sEventLevelName] = levelName(k.Level)
	k.cols = make([]int, len(k.names))
	for i, name := range k.names {
		col, ok := m.securityFields[name]
		if !ok {
			col = -1
		}
		k.cols[i] = col
	}
}

// logonEvent tells the events whose Account is the one that logs on or off.
func logonEvent(id int) bool {
	switch id {
	case 4624, 4625, 4634, 4647, 4768, 4769, 4771, 4776:
		return true
	}
	return false
}

// qualified is DOMAIN\user of two fields, as logged.
func qualified(st *stored, domain, user string) string {
	name := absent(st.get(user))
	if name == "" {
		return ""
	}
	return absent(st.get(domain)) + `\` + name
}

// activity is "4624 - An account was successfully logged on.": the title is the
// message's first line, or what Windows calls the event.
func activity(id int, message string) string {
	title, ok := activities[id]
	if !ok {
		title, _, _ = strings.Cut(message, "\n")
		title = strings.TrimSpace(title)
	}
	if title == "" {
		return strconv.Itoa(id)
	}
	return strconv.Itoa(id) + " - " + title
}

func (m *Mapper) eventRow(f *fact) error {
	t := m.tables.event
	row := m.rawStart(t, f.kind, startEvent)
	row[vTimeGenerated] = f.at
	row[vComputer] = m.spool.values[f.computer]
	row[vRenderedDescription] = f.ev.Message
	b := append(m.xml[:0], `<DataItem type="System.XmlData" time="`...)
	b = types.AppendDatetime(b, f.time)
	b = append(b, `" sourceHealthServiceId="">`...)
	b = appendEventData(b, f)
	m.xml = append(b, "</DataItem>"...)
	row[vEventData] = passing(m.xml)
	return m.send(t, row)
}

// startEvent fills a row of Event with what its kind tells.
func startEvent(row []types.Value, k *kind) {
	row[vEventLog] = k.Channel
	row[vSource] = k.Provider
	row[vEventID] = int64(k.EventID)
	row[vEventLevel] = int64(k.Level)
	row[vEventLevelName] = levelName(k.Level)
	row[vEventCategory] = int64(k.Task)
	row[vUserName] = userName(k.UserSID)
}

func userName(sid string) string {
	switch sid {
	case "S-1-5-18":
		return `NT AUTHORITY\SYSTEM`
	case "S-1-5-19":
		return `NT AUTHORITY\LOCAL SERVICE`
	case "S-1-5-20":
		return `NT AUTHORITY\NETWORK SERVICE`
	}
	return sid
}

func levelName(level int) string {
	if level >= 0 && level < len(levelNames) {
		return levelNames[level]
	}
	return fmt.Sprint(level)
}

// appendEventData writes the EventData element as Windows does.
func appendEventData(b []byte, f *fact) []byte {
	tags := f.kind.tags
	if tags == nil {
		tags = eventDataTags(f.kind.names)
		f.kind.tags = tags
	}
	for i := range f.ev.Data {
		b = append(b, tags[i]...)
		b = appendXML(b, f.ev.Data[i].Value)
	}
	return append(b, tags[len(tags)-1]...)
}

// eventDataTags are what EventData has before each value, and after the last.
func eventDataTags(names []string) []string {
	b := []byte(`<EventData xmlns="http://schemas.microsoft.com/win/2004/08/events/event">`)
	tags := make([]string, 0, len(names)+1)
	for _, name := range names {
		if name == "" {
			b = append(b, "<Data>"...)
		} else {
			b = append(appendXML(append(b, `<Data Name="`...), name), `">`...)
		}
		tags = append(tags, string(b))
		b = append(b[:0], "</Data>"...)
	}
	return append(tags, string(append(b, "</EventData>"...)))
}

// xmlSpecial marks the bytes that text in XML cannot have as they are; read only.
var xmlSpecial = func() (t [256]bool) {
	for c := range ' ' {
		t[c] = c != '\t' && c != '\n' && c != '\r'
	}
	t['<'], t['>'], t['&'], t['"'] = true, true, true, true
	return t
}()

// appendXML escapes text; characters that XML cannot hold become U+FFFD. Eight bytes at
// once are looked at: the highest bit of each tells whether it may have to be escaped.
func appendXML(b []byte, s string) []byte {
	b = slices.Grow(b, len(s))
	for len(s) >= 8 {
		w := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
			uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
		lt, gt, amp, quote := w^'<'*ones, w^'>'*ones, w^'&'*ones, w^'"'*ones
		if ((w-' '*ones)&^w|(lt-ones)&^lt|(gt-ones)&^gt|(amp-ones)&^amp|(quote-ones)&^quote)&tops == 0 {
			b = binary.LittleEndian.AppendUint64(b, w)
		} else {
			b = appendEscaped(b, s[:8])
		}
		s = s[8:]
	}
	return appendEscaped(b, s)
}

func appendEscaped(b []byte, s string) []byte {
	for i := range len(s) {
		switch c := s[i]; {
		case !xmlSpecial[c]:
			b = append(b, c)
		case c == '<':
			b = append(b, "&lt;"...)
		case c == '>':
			b = append(b, "&gt;"...)
		case c == '&':
			b = append(b, "&amp;"...)
		case c == '"':
			b = append(b, "&quot;"...)
		default:
			b = append(b, "\uFFFD"...)
		}
	}
	return b
}
