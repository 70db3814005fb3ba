package winevent

import "strings"

// winlogbeat reads both layouts: everything under "winlog" (7 and later), or
// flat with "event_data" (up to 6). @timestamp is the event's time in UTC.
func (a *arena) winlogbeat(ev *Event, ms []member) bool {
	a.b.Grow(sizeWithout(ms, "message"))
	var message []byte
	var ecs [8]member
	process := ecs[:0]
	for _, m := range ms {
		switch string(m.key) {
		case "@timestamp":
			ev.TimeCreated, _ = a.time(m.val)
		case "winlog":
			var buf [48]member
			inner, ok := members(buf[:0], m.val)
			if !ok {
				return false
			}
			for _, w := range inner {
				a.beatMember(ev, w)
			}
		case "message":
			message = m.val
		case "log":
			if v := child(m.val, "level"); v != nil && ev.Level == 0 {
				ev.Level = level(v)
			}
		case "process":
			process = append(process, m)
		default:
			a.beatMember(ev, m)
		}
	}
	if ev.EventID == 0 {
		return false
	}
	for _, m := range process {
		a.ecsProcess(ev, m.val)
	}
	if !ev.IsSysmon() {
		ev.Message = a.text(message)
	}
	return true
}

// beatMember reads one member of "winlog", or of the older flat layout.
func (a *arena) beatMember(ev *Event, m member) {
	switch string(m.key) {
	case "event_id":
		ev.EventID = integer(m.val)
	case "provider_name", "source_name":
		ev.Provider = a.text(m.val)
	case "provider_guid":
		ev.ProviderGUID = a.text(m.val)
	case "channel", "log_name":
		ev.Channel = a.text(m.val)
	case "computer_name":
		ev.Computer = a.text(m.val)
	case "record_id", "record_number":
		ev.RecordID, _ = number(m.val)
	case "keywords":
		ev.Keywords = keywords(m.val)
	case "task":
		ev.Task = integer(m.val)
	case "version":
		ev.Version = integer(m.val)
	case "level":
		ev.Level = level(m.val)
	case "activity_id":
		ev.ActivityID = a.text(m.val)
	case "process_id":
		ev.ProcessID = uint32(integer(m.val))
	case "thread_id":
		ev.ThreadID = uint32(integer(m.val))
	case "process":
		ev.ProcessID = uint32(integer(child(m.val, "pid")))
		ev.ThreadID = uint32(integer(child(child(m.val, "thread"), "id")))
	case "user":
		ev.UserSID = a.text(child(m.val, "identifier"))
	case "event_data":
		a.dataObject(ev, m.val)
	case "user_data":
		if len(ev.Data) == 0 {
			a.dataObject(ev, m.val)
		}
	}
}

// ecsProcess puts back the Sysmon fields that Winlogbeat's Sysmon module moves
// out of event_data into "process".
func (a *arena) ecsProcess(ev *Event, raw []byte) {
	if !ev.IsSysmon() {
		return
	}
	set := func(name string, val []byte) {
		if val == nil {
			return
		}
		if _, have := ev.Lookup(name); !have {
			ev.Data = append(ev.Data, Field{name, a.text(val)})
		}
	}
	parent := child(raw, "parent")
	set("ProcessGuid", child(raw, "entity_id"))
	set("ProcessId", child(raw, "pid"))
	set("Image", child(raw, "executable"))
	set("CommandLine", child(raw, "command_line"))
	set("CurrentDirectory", child(raw, "working_directory"))
	set("ParentProcessGuid", child(parent, "entity_id"))
	set("ParentProcessId", child(parent, "pid"))
	set("ParentImage", child(parent, "executable"))
	set("ParentCommandLine", child(parent, "command_line"))
	if _, have := ev.Lookup("Hashes"); !have {
		var hashes []string
		for _, kind := range [...]string{"sha1", "md5", "sha256"} {
			if h := a.text(child(child(raw, "hash"), kind)); h != "" {
				hashes = append(hashes, strings.ToUpper(kind)+"="+h)
			}
		}
		if hashes != nil {
			ev.Data = append(ev.Data, Field{"Hashes", strings.Join(hashes, ",")})
		}
	}
}

// child is the value of one member of an object, or nil.
func child(raw []byte, name string) []byte {
	if len(raw) == 0 || raw[0] != '{' {
		return nil
	}
	var buf [48]member
	ms, ok := members(buf[:0], raw)
	if !ok {
		return nil
	}
	for _, m := range ms {
		if string(m.key) == name {
			return m.val
		}
	}
	return nil
}
