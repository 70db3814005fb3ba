package evtx

import (
	"quarry/events/winevent"
	"quarry/kql/types"
)

// eventSink makes a winevent.Event without building a tree. Texts of one event
// are gathered in one buffer, which becomes one string that the fields share.
type eventSink struct {
	names *interner // for texts that recur from event to event

	ev      winevent.Event
	fields  []field
	buf     []byte
	frames  []frame
	section section
}

type section uint8

const (
	inOther section = iota
	inSystem
	inData // EventData, UserData and other payloads
	inRendering
)

// field is a Field whose value is buf[from:to].
type field struct {
	name     string
	from, to int
}

// frame is an open element.
type frame struct {
	name  string
	label string // the Name attribute under EventData, else the name
	from  int    // where its text starts in buf
	text  bool   // it had some
	kids  bool
	attrs bool // it gave attribute fields
}

func (s *eventSink) reset() {
	s.ev = winevent.Event{}
	s.fields, s.buf, s.frames = s.fields[:0], s.buf[:0], s.frames[:0]
}

// event is the finished event; id stands in for a missing EventRecordID.
func (s *eventSink) event(id uint64) winevent.Event {
	ev := s.ev
	if ev.RecordID == 0 {
		ev.RecordID = id
	}
	if len(s.fields) > 0 {
		all := string(s.buf)
		ev.Data = make([]winevent.Field, len(s.fields))
		for i, f := range s.fields {
			ev.Data[i] = winevent.Field{Name: f.name, Value: all[f.from:f.to]}
		}
	}
	return ev
}

func (s *eventSink) open(name string, _ bool) {
	depth := len(s.frames)
	if depth > 0 {
		s.frames[depth-1].kids = true
	}
	if depth == 1 {
		switch name {
		case "System":
			s.section = inSystem
		case "RenderingInfo":
			s.section = inRendering
		default:
			s.section = inData
		}
	}
	s.frames = append(s.frames, frame{name: name, label: name, from: len(s.buf)})
}

func (s *eventSink) attr(name string, v *value) {
	depth := len(s.frames)
	f := &s.frames[depth-1]
	if depth < 3 {
		return // of Event and its sections: namespaces and the payload's own name
	}
	switch s.section {
	case inSystem:
		s.system(f.name, name, v)
	case inData:
		if len(name) >= 5 && name[:5] == "xmlns" {
			return
		}
		if name == "Name" && s.frames[1].name == "EventData" {
			f.label = s.intern(v)
			return
		}
		from := len(s.buf)
		s.buf, _ = v.appendText(s.buf)
		s.scratchName(f.label, name, from)
		f.attrs, f.from = true, len(s.buf)
	}
}

// scratchName records the attribute field whose value is buf[from:].
func (s *eventSink) scratchName(label, attr string, from int) {
	to := len(s.buf)
	s.buf = append(append(append(s.buf, label...), "/@"...), attr...)
	name := s.names.text(s.buf[to:])
	s.buf = s.buf[:to]
	s.fields = append(s.fields, field{name, from, to})
}

func (s *eventSink) text(v *value) {
	depth := len(s.frames)
	if depth == 0 {
		return
	}
	f := &s.frames[depth-1]
	switch {
	case depth == 1:
	case s.section == inSystem:
		s.system(f.name, "", v)
	case s.section == inRendering && f.name != "Message":
	default:
		s.buf, _ = v.appendText(s.buf)
		f.text = true
	}
}

func (s *eventSink) close(bool) {
	depth := len(s.frames) - 1
	f := s.frames[depth]
	s.frames = s.frames[:depth]
	switch {
	case depth == 0 || s.section == inSystem:
	case s.section == inRendering:
		if f.name == "Message" {
			s.ev.Message = string(s.buf[f.from:])
			s.buf = s.buf[:f.from]
		}
	case f.kids:
		// Text between elements is layout and belongs to no field.
	case f.text || depth > 1 && !f.attrs:
		s.fields = append(s.fields, field{f.label, f.from, len(s.buf)})
	}
}

func (s *eventSink) instruction(string, []byte) {}

// system takes a value of the System block: the text of element, or its attribute.
func (s *eventSink) system(element, attr string, v *value) {
	ev := &s.ev
	switch element {
	case "Provider":
		switch attr {
		case "Name":
			ev.Provider = s.intern(v)
		case "Guid":
			ev.ProviderGUID = s.intern(v)
		}
	case "EventID":
		if attr == "" {
			ev.EventID = number(v)
		}
	case "Version":
		ev.Version = number(v)
	case "Level":
		ev.Level = number(v)
	case "Task":
		ev.Task = number(v)
	case "Opcode":
		ev.Opcode = number(v)
	case "Keywords":
		ev.Keywords, _ = v.uint()
	case "EventRecordID":
		ev.RecordID, _ = v.uint()
	case "Channel":
		ev.Channel = s.intern(v)
	case "Computer":
		ev.Computer = s.intern(v)
	case "TimeCreated":
		if attr == "SystemTime" {
			ev.TimeCreated = ticks(v)
		}
	case "Correlation":
		if attr == "ActivityID" {
			from := len(s.buf)
			s.buf, _ = v.appendText(s.buf)
			ev.ActivityID = string(s.buf[from:])
			s.buf = s.buf[:from]
		}
	case "Execution":
		n, _ := v.uint()
		switch attr {
		case "ProcessID":
			ev.ProcessID = uint32(n)
		case "ThreadID":
			ev.ThreadID = uint32(n)
		}
	case "Security":
		if attr == "UserID" {
			ev.UserSID = s.intern(v)
		}
	}
}

func number(v *value) int {
	n, _ := v.uint()
	return int(n)
}

// ticks is a time in ticks, 0 if the value is none.
func ticks(v *value) int64 {
	if v.typ == typeFileTime && v.regular() && len(v.data) == 8 {
		return fileTimeTicks(littleEndian(v.data))
	}
	text, _ := v.appendText(nil)
	t, _ := types.ParseDatetime(string(text))
	return t
}

func (s *eventSink) intern(v *value) string {
	from := len(s.buf)
	s.buf, _ = v.appendText(s.buf)
	text := s.names.text(s.buf[from:])
	s.buf = s.buf[:from]
	return text
}
