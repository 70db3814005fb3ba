package winevent

// powershell reads the flat export that names each field of EventData beside
// Hostname, SourceName and TimeCreated.
func (a *arena) powershell(ev *Event, ms []member) bool {
	a.b.Grow(sizeWithout(ms, "Message"))
	ev.Data = make([]Field, 0, len(ms))
	ev.LocalTime = true
	var message []byte
	for _, m := range ms {
		switch string(m.key) {
		case "EventID":
			ev.EventID = integer(m.val)
		case "SourceName":
			ev.Provider = a.text(m.val)
		case "ProviderGuid":
			ev.ProviderGUID = a.text(m.val)
		case "Channel":
			ev.Channel = a.text(m.val)
		case "Hostname":
			ev.Computer = a.text(m.val)
		case "TimeCreated":
			ev.TimeCreated, _ = a.time(m.val)
		case "RecordNumber", "RecordId":
			ev.RecordID, _ = number(m.val)
		case "Keywords":
			ev.Keywords = keywords(m.val)
		case "Task":
			ev.Task = integer(m.val)
		case "Level":
			ev.Level = level(m.val)
		case "Message":
			message = m.val
		case "@timestamp", "@version", "host", "port", "tags":
		default:
			a.data(ev, m)
		}
	}
	if !ev.IsSysmon() {
		ev.Message = a.text(message)
	}
	return ev.EventID != 0
}

// getWinEvent reads what ConvertTo-Json makes of an EventLogRecord. Its
// properties have no names: Sysmon's are the lines of the message, those of
// other known events go by position.
func (a *arena) getWinEvent(ev *Event, ms []member) bool {
	a.b.Grow(sizeWithout(ms, ""))
	var properties []byte
	for _, m := range ms {
		switch string(m.key) {
		case "Id":
			ev.EventID = integer(m.val)
		case "ProviderName":
			ev.Provider = a.text(m.val)
		case "ProviderId":
			ev.ProviderGUID = a.text(m.val)
		case "LogName":
			ev.Channel = a.text(m.val)
		case "MachineName":
			ev.Computer = a.text(m.val)
		case "TimeCreated":
			ev.TimeCreated, _ = a.time(m.val)
			if v := child(m.val, "value"); v != nil { // PowerShell 5 wraps dates
				ev.TimeCreated, _ = a.time(v)
			}
		case "RecordId":
			ev.RecordID, _ = number(m.val)
		case "Keywords":
			ev.Keywords = keywords(m.val)
		case "Task":
			ev.Task = integer(m.val)
		case "Opcode":
			ev.Opcode = integer(m.val)
		case "Version":
			ev.Version = integer(m.val)
		case "Level":
			ev.Level = level(m.val)
		case "ProcessId":
			ev.ProcessID = uint32(integer(m.val))
		case "ThreadId":
			ev.ThreadID = uint32(integer(m.val))
		case "ActivityId":
			ev.ActivityID = a.text(m.val)
		case "UserId":
			if len(m.val) > 0 && m.val[0] == '{' {
				ev.UserSID = a.text(child(m.val, "Value"))
			} else {
				ev.UserSID = a.text(m.val)
			}
		case "Message":
			ev.Message = a.text(m.val)
		case "Properties":
			properties = m.val
		}
	}
	if ev.EventID == 0 {
		return false
	}
	if ev.IsSysmon() {
		sysmonFields(ev, ev.Message)
		ev.Message = ""
		return true
	}
	a.positional(ev, properties)
	return true
}

func (a *arena) positional(ev *Event, properties []byte) {
	values, ok := elements(nil, properties)
	if !ok {
		return
	}
	names := propertyNames(ev.EventID)
	for i, v := range values {
		for inner := child(v, "Value"); inner != nil; inner = child(v, "Value") { // a SID is an object of its own
			v = inner
		}
		name := ""
		if i < len(names) {
			name = names[i]
		}
		ev.Data = append(ev.Data, Field{name, a.text(v)})
	}
}
