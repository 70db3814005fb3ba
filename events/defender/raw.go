package defender

import (
	"fmt"
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
	if f.time != 0 {
		row[sTimeGenerated] = f.time
	}
	row[sComputer] = m.box(ev.Computer)
	row[sEventSourceName] = m.box(ev.Provider)
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
	m.xml = appendEventData(m.xml[:0], ev)
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
	if f.time != 0 {
		row[vTimeGenerated] = f.time
	}
	row[vComputer] = m.box(ev.Computer)
	row[vEventLog] = m.box(ev.Channel)
	row[vSource] = m.box(ev.Provider)
	row[vEventID] = int64(ev.EventID)
	row[vEventLevel] = int64(ev.Level)
	row[vEventLevelName] = m.box(levelName(ev.Level))
	row[vEventCategory] = int64(ev.Task)
	row[vUserName] = m.box(userName(ev.UserSID))
	row[vRenderedDescription] = ev.Message
	b := append(m.xml[:0], `<DataItem type="System.XmlData" time="`...)
	b = types.AppendDatetime(b, f.time)
	b = append(b, `" sourceHealthServiceId="">`...)
	b = appendEventData(b, ev)
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
func appendEventData(b []byte, ev *winevent.Event) []byte {
	b = append(b, `<EventData xmlns="http://schemas.microsoft.com/win/2004/08/events/event">`...)
	for i := range ev.Data {
		d := &ev.Data[i]
		if d.Name == "" {
			b = append(b, "<Data>"...)
		} else {
			b = append(b, `<Data Name="`...)
			b = appendXML(b, d.Name)
			b = append(b, `">`...)
		}
		b = appendXML(b, d.Value)
		b = append(b, "</Data>"...)
	}
	return append(b, "</EventData>"...)
}

// xmlSpecial marks the bytes that text in XML may have to escape; read only.
var xmlSpecial = func() (t [256]bool) {
	for c := range ' ' {
		t[c] = true
	}
	t['<'], t['>'], t['&'], t['"'] = true, true, true, true
	return t
}()

// appendXML escapes text; characters that XML cannot hold become U+FFFD.
func appendXML(b []byte, s string) []byte {
	start := 0
	for i := 0; i < len(s); i++ {
		if !xmlSpecial[s[i]] {
			continue
		}
		var esc string
		switch c := s[i]; {
		case c == '<':
			esc = "&lt;"
		case c == '>':
			esc = "&gt;"
		case c == '&':
			esc = "&amp;"
		case c == '"':
			esc = "&quot;"
		case c < ' ' && c != '\t' && c != '\n' && c != '\r':
			esc = "\uFFFD"
		default:
			continue
		}
		b = append(b, s[start:i]...)
		b = append(b, esc...)
		start = i + 1
	}
	return append(b, s[start:]...)
}
