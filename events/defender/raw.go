package defender

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"quarry/events/winevent"
	"quarry/kql/types"
)

// rawRow emits the record itself: into SecurityEvent from the Security log,
// into Event from any other.
func (m *Mapper) rawRow(f *fact, src source) error {
	if src == srcSecurity || strings.EqualFold(f.ev.Channel, "Security") {
		return m.securityRow(f)
	}
	return m.eventRow(f)
}

func (m *Mapper) securityRow(f *fact) error {
	t, ev := m.tables.security, f.ev
	row := m.blank(t)
	row[sTimeGenerated] = f.at
	row[sComputer] = m.spool.values[f.texts.computer]
	row[sEventSourceName] = m.spool.values[f.texts.provider]
	row[sChannel] = "Security"
	row[sEventID] = int64(ev.EventID)
	row[sActivity] = activity(ev)
	row[sTask] = int64(ev.Task)
	row[sLevel] = m.box(strconv.Itoa(ev.Level))
	row[sOpcode] = m.box(strconv.Itoa(ev.Opcode))
	row[sVersion] = int64(ev.Version)
	if ev.Keywords != 0 {
		row[sKeywords] = "0x" + strconv.FormatUint(ev.Keywords, 16)
	}
	if ev.RecordID != 0 {
		row[sEventRecordId] = strconv.FormatUint(ev.RecordID, 10)
	}
	row[sCorrelation] = ev.ActivityID
	if ev.ProcessID != 0 {
		row[sSystemProcessId], row[sSystemThreadId] = int64(int32(ev.ProcessID)), int64(int32(ev.ThreadID))
	}
	row[sSystemUserId] = m.box(ev.UserSID)
	row[sEventLevelName] = m.box(levelName(ev.Level))
	m.xml = m.appendEventData(m.xml[:0], f)
	row[sEventData] = passing(m.xml)

	for i := range ev.Data {
		col, ok := m.securityFields[ev.Data[i].Name]
		if !ok {
			continue
		}
		v := ev.Data[i].Value
		if t.Columns[col].Type == types.String {
			row[col] = v
		} else if n, ok := number(v); ok && int64(int32(n)) == n {
			row[col] = n
		}
	}
	subject, target := qualified(ev, "Subject"), qualified(ev, "Target")
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
	image := ev.Get("NewProcessName")
	if image == "" {
		image = ev.Get("ProcessName")
	}
	row[sProcess] = baseName(image)
	if kind := ev.Get("LogonType"); kind != "" {
		if word, ok := logonTypes[kind]; ok {
			row[sLogonTypeName] = kind + " - " + word
		}
	}
	return m.send(t, row)
}

// logonEvent tells the events whose Account is the one that logs on or off.
func logonEvent(id int) bool {
	switch id {
	case 4624, 4625, 4634, 4647, 4768, 4769, 4771, 4776:
		return true
	}
	return false
}

// qualified is DOMAIN\user of the named party, as logged.
func qualified(ev *winevent.Event, party string) string {
	user := absent(ev.Get(party + "UserName"))
	if user == "" {
		return ""
	}
	return absent(ev.Get(party+"DomainName")) + `\` + user
}

// activity is "4624 - An account was successfully logged on.": the title is the
// message's first line, or what Windows calls the event.
func activity(ev *winevent.Event) string {
	title, ok := activities[ev.EventID]
	if !ok {
		title, _, _ = strings.Cut(ev.Message, "\n")
		title = strings.TrimSpace(title)
	}
	if title == "" {
		return strconv.Itoa(ev.EventID)
	}
	return strconv.Itoa(ev.EventID) + " - " + title
}

func (m *Mapper) eventRow(f *fact) error {
	t, ev := m.tables.event, f.ev
	row := m.blank(t)
	row[vTimeGenerated] = f.at
	row[vComputer] = m.spool.values[f.texts.computer]
	row[vEventLog] = m.spool.values[f.texts.channel]
	row[vSource] = m.spool.values[f.texts.provider]
	row[vEventID] = int64(ev.EventID)
	row[vEventLevel] = int64(ev.Level)
	row[vEventLevelName] = m.box(levelName(ev.Level))
	row[vEventCategory] = int64(ev.Task)
	row[vUserName] = m.box(userName(ev.UserSID))
	row[vRenderedDescription] = ev.Message
	b := append(m.xml[:0], `<DataItem type="System.XmlData" time="`...)
	b = types.AppendDatetime(b, f.time)
	b = append(b, `" sourceHealthServiceId="">`...)
	b = m.appendEventData(b, f)
	m.xml = append(b, "</DataItem>"...)
	row[vEventData] = passing(m.xml)
	return m.send(t, row)
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
func (m *Mapper) appendEventData(b []byte, f *fact) []byte {
	b = append(b, `<EventData xmlns="http://schemas.microsoft.com/win/2004/08/events/event">`...)
	for i := range f.ev.Data {
		d := &f.ev.Data[i]
		b = append(b, m.dataTag(f.texts.names[i], d.Name)...)
		b = appendXML(b, d.Value)
		b = append(b, "</Data>"...)
	}
	return append(b, "</EventData>"...)
}

// dataTag opens the Data element of the name with the given number in the spool.
func (m *Mapper) dataTag(id uint64, name string) string {
	for uint64(len(m.dataTags)) <= id {
		m.dataTags = append(m.dataTags, "")
	}
	tag := m.dataTags[id]
	if tag == "" {
		tag = "<Data>"
		if name != "" {
			tag = string(append(appendXML([]byte(`<Data Name="`), name), `">`...))
		}
		m.dataTags[id] = tag
	}
	return tag
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
