package winevent

// hasSystem reports that the object, or its "Event", has a System block.
func hasSystem(ms []member) bool {
	for _, m := range ms {
		switch string(m.key) {
		case "System":
			return len(m.val) > 0 && m.val[0] == '{' && child(m.val, "EventID") != nil
		case "Event":
			if v := child(m.val, "System"); v != nil {
				return true
			}
		}
	}
	return false
}

// eventXML reads the event's XML tree as JSON. Tools differ in how they write
// attributes ("#attributes", "@Name", or plain members) and the text beside
// them ("#text", "Value"); all of these are read.
func (a *arena) eventXML(ev *Event, ms []member) bool {
	for _, m := range ms {
		if string(m.key) == "Event" {
			var buf [16]member
			inner, ok := members(buf[:0], m.val)
			if !ok {
				return false
			}
			return a.eventXML(ev, inner)
		}
	}
	a.b.Grow(sizeWithout(ms, ""))
	for _, m := range ms {
		switch string(m.key) {
		case "System":
			a.system(ev, m.val)
		case "EventData":
			a.xmlData(ev, m.val)
		case "UserData":
			var buf [4]member
			if inner, ok := members(buf[:0], m.val); ok {
				for _, in := range inner {
					a.xmlData(ev, in.val)
				}
			}
		case "Message":
			ev.Message = a.text(m.val)
		}
	}
	if ev.IsSysmon() {
		ev.Message = ""
	}
	return ev.EventID != 0
}

func (a *arena) system(ev *Event, raw []byte) {
	var buf [32]member
	ms, _ := members(buf[:0], raw)
	for _, m := range ms {
		switch string(m.key) {
		case "Provider":
			ev.Provider = a.text(attribute(m.val, "Name"))
			ev.ProviderGUID = a.text(attribute(m.val, "Guid"))
		case "EventID":
			ev.EventID = integer(content(m.val))
		case "Version":
			ev.Version = integer(m.val)
		case "Level":
			ev.Level = integer(m.val)
		case "Task":
			ev.Task = integer(m.val)
		case "Opcode":
			ev.Opcode = integer(m.val)
		case "Keywords":
			ev.Keywords = keywords(m.val)
		case "TimeCreated":
			ev.TimeCreated, _ = a.time(attribute(m.val, "SystemTime"))
		case "EventRecordID":
			ev.RecordID, _ = number(m.val)
		case "Correlation":
			ev.ActivityID = a.text(attribute(m.val, "ActivityID"))
		case "Execution":
			ev.ProcessID = uint32(integer(attribute(m.val, "ProcessID")))
			ev.ThreadID = uint32(integer(attribute(m.val, "ThreadID")))
		case "Channel":
			ev.Channel = a.text(m.val)
		case "Computer":
			ev.Computer = a.text(m.val)
		case "Security":
			ev.UserSID = a.text(attribute(m.val, "UserID"))
		}
	}
}

func (a *arena) xmlData(ev *Event, raw []byte) {
	var buf [64]member
	ms, ok := members(buf[:0], raw)
	if !ok {
		return
	}
	for _, m := range ms {
		if len(m.key) > 0 && (m.key[0] == '#' || m.key[0] == '@') {
			continue
		}
		if list := content(m.val); string(m.key) == "Data" && len(list) > 0 && list[0] == '[' {
			values, _ := elements(nil, list)
			for _, v := range values {
				name := a.text(attribute(v, "Name"))
				ev.Data = append(ev.Data, Field{name, a.text(content(v))})
			}
			continue
		}
		a.data(ev, member{m.key, content(m.val)})
	}
}

// attribute is an attribute of an element written as an object, or nil.
func attribute(raw []byte, name string) []byte {
	if attrs := child(raw, "#attributes"); attrs != nil {
		return child(attrs, name)
	}
	if v := child(raw, "@"+name); v != nil {
		return v
	}
	return child(raw, name)
}

// content is the text of an element that may be written with its attributes.
func content(raw []byte) []byte {
	if len(raw) == 0 || raw[0] != '{' {
		return raw
	}
	for _, name := range [...]string{"#text", "Value", "_"} {
		if v := child(raw, name); v != nil {
			return v
		}
	}
	if child(raw, "#attributes") != nil {
		return nil
	}
	return raw
}
