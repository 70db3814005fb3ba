package winevent

import (
	"bytes"
	"strings"
)

// recover takes the fields that a case-blind shipper dropped from a Sysmon
// event back from its message, whose lines are "Name: value".
func (a *arena) recover(ev *Event, message []byte) {
	for _, name := range [...]string{"ProcessId", "EventType"} {
		if _, have := ev.Lookup(name); have {
			continue
		}
		// still escaped: a line starts after the two characters \n
		i := bytes.Index(message, []byte(`\n`+name+": "))
		if i < 0 {
			continue
		}
		rest := message[i+len(name)+4:]
		end := bytes.IndexByte(rest, '\\')
		if end < 0 {
			end = len(rest) - 1
		}
		ev.Data = append(ev.Data, Field{name, strings.Clone(string(rest[:end]))})
	}
}

// lostLabels lists, for the events this module reads, the message label of a
// field that clashes with one of the shipper's.
var lostLabels = []struct {
	id          int
	label, name string
}{
	{4688, "Creator Process ID:", "ProcessId"},
	{4624, "Process ID:", "ProcessId"},
	{4625, "Caller Process ID:", "ProcessId"},
	{4648, "Process ID:", "ProcessId"},
	{4656, "Process ID:", "ProcessId"},
	{4663, "Process ID:", "ProcessId"},
	{5156, "Process ID:", "ProcessID"},
	{5157, "Process ID:", "ProcessID"},
	{7045, "Service Account:", "AccountName"},
}

// recoverLabels does the same for events whose message is made for reading.
// It knows the English text only; in other languages the field stays absent.
func recoverLabels(ev *Event) {
	for _, l := range lostLabels {
		if l.id != ev.EventID {
			continue
		}
		if _, have := ev.Lookup(l.name); have {
			continue
		}
		if _, rest, found := strings.Cut(ev.Message, l.label); found {
			line, _, _ := strings.Cut(rest, "\n")
			ev.Data = append(ev.Data, Field{l.name, strings.TrimSpace(line)})
		}
	}
}

// sysmonFields reads the fields of a Sysmon event from its message alone.
func sysmonFields(ev *Event, message string) {
	_, rest, _ := strings.Cut(message, "\n") // the first line is the title
	for line := range strings.SplitSeq(rest, "\n") {
		name, value, found := strings.Cut(strings.TrimSuffix(line, "\r"), ":")
		if !found || strings.ContainsAny(name, " \t") {
			if n := len(ev.Data); n > 0 { // a value of several lines
				ev.Data[n-1].Value += "\n" + line
			}
			continue
		}
		if known, ok := commonNames[name]; ok {
			name = known
		}
		ev.Data = append(ev.Data, Field{name, strings.TrimPrefix(value, " ")})
	}
}
