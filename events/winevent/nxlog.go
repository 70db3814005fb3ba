package winevent

import "bytes"

// nxlog reads im_msvistalog's flat object. Its own fields and those of
// EventData share one namespace that ignores case, so an event's field that
// clashes with one of NXLog's is lost and taken back from the message.
func (a *arena) nxlog(ev *Event, ms []member) bool {
	a.b.Grow(sizeWithout(ms, "Message"))
	ev.Data = make([]Field, 0, len(ms))
	var message, loggingPID []byte
	var receivedLocal, receivedUTC int64
	renamed := false // ExecutionProcessID frees ProcessID for the event
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
		case "EventTime":
			ev.TimeCreated, ev.WholeSecond = a.time(m.val)
			ev.LocalTime = !hasZone(m.val) // newer versions can write one
		case "RecordNumber":
			ev.RecordID, _ = number(m.val)
		case "Keywords":
			ev.Keywords = keywords(m.val)
		case "Task":
			ev.Task = integer(m.val)
		case "OpcodeValue":
			ev.Opcode = integer(m.val)
		case "Version":
			ev.Version = integer(m.val)
		case "SeverityValue":
			ev.Level = nxlogLevel(integer(m.val))
		case "ThreadID":
			ev.ThreadID = uint32(integer(m.val))
		case "ExecutionProcessID":
			ev.ProcessID = uint32(integer(m.val))
			renamed = true
		case "ProcessID":
			loggingPID = m.val
		case "UserID":
			ev.UserSID = a.text(m.val)
		case "ActivityID":
			ev.ActivityID = a.text(m.val)
		case "Message":
			message = m.val
		case "EventType":
			if !nxlogType(m.val) {
				a.data(ev, m)
			}
		case "EventReceivedTime":
			receivedLocal, _ = a.time(m.val)
		case "@timestamp":
			receivedUTC, _ = a.time(m.val)
		case "EventTypeOrignal", "SourceModuleName", "SourceModuleType", "Severity", "Category", "Opcode",
			"Domain", "AccountName", "AccountType", "RelatedActivityID", "ERROR_EVT_UNRESOLVED",
			"@version", "host", "port", "tags": // the shipper's own
		default:
			a.data(ev, m)
		}
	}
	if ev.EventID == 0 {
		return false
	}
	if receivedLocal != 0 && receivedUTC != 0 {
		ev.ReceiptOffset = receivedLocal - receivedUTC
	}
	if renamed && loggingPID != nil {
		a.data(ev, member{[]byte("ProcessID"), loggingPID})
	} else if loggingPID != nil {
		ev.ProcessID = uint32(integer(loggingPID))
	}
	if ev.IsSysmon() {
		if !renamed {
			a.recover(ev, message)
		}
		return true
	}
	ev.Message = a.text(message)
	if !renamed {
		recoverLabels(ev)
	}
	return true
}

// nxlogLevel turns NXLog's severity into the level of Windows.
func nxlogLevel(severity int) int {
	switch severity {
	case 5:
		return 1
	case 4:
		return 2
	case 3:
		return 3
	case 2:
		return 4
	case 1:
		return 5
	}
	return 0
}

func nxlogType(val []byte) bool {
	switch string(bytes.Trim(val, `"`)) {
	case "INFO", "AUDIT_SUCCESS", "AUDIT_FAILURE", "WARNING", "ERROR", "CRITICAL", "VERBOSE", "DEBUG":
		return true
	}
	return false
}

// sizeWithout is what the unescaped values can need at most, leaving one out.
func sizeWithout(ms []member, skip string) int {
	n := 0
	for _, m := range ms {
		if string(m.key) != skip {
			n += len(m.val)
		}
	}
	return n
}
