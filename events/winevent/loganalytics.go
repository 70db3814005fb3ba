package winevent

import (
	"bytes"
	"encoding/xml"
	"io"
	"strings"
)

// logAnalytics reads a row of SecurityEvent, Event or WindowsEvent as the
// portal and the query API export it. Columns that are not the table's own
// bookkeeping are fields of EventData.
func (a *arena) logAnalytics(ev *Event, ms []member) bool {
	a.b.Grow(sizeWithout(ms, ""))
	var eventData []byte
	kind := ""
	for _, m := range ms {
		switch key := string(m.key); key {
		case "EventID":
			ev.EventID = integer(m.val)
		case "TimeGenerated":
			ev.TimeCreated, _ = a.time(m.val)
		case "Type":
			kind = a.text(m.val)
		case "Provider", "EventSourceName", "Source":
			ev.Provider = a.text(m.val)
		case "Channel", "EventLog":
			ev.Channel = a.text(m.val)
		case "Computer":
			ev.Computer = a.text(m.val)
		case "EventRecordId":
			ev.RecordID, _ = number(m.val)
		case "Keywords":
			ev.Keywords = keywords(m.val)
		case "Task":
			ev.Task = integer(m.val)
		case "Opcode":
			ev.Opcode = integer(m.val)
		case "Version":
			ev.Version = integer(m.val)
		case "EventLevel", "Level":
			ev.Level = level(m.val)
		case "SystemProcessId":
			ev.ProcessID = uint32(integer(m.val))
		case "SystemThreadId":
			ev.ThreadID = uint32(integer(m.val))
		case "SystemUserId":
			ev.UserSID = a.text(m.val)
		case "RenderedDescription", "Message":
			ev.Message = a.text(m.val)
		case "EventData":
			eventData = m.val
		case "ParameterXml", "EventData_string", "RawEventData":
			if len(eventData) < len(`""`)+1 {
				eventData = m.val
			}
		case "TenantId", "SourceSystem", "MG", "ManagementGroupName", "_ResourceId", "_SubscriptionId", "_ItemId", "_BilledSize", "_IsBillable",
			"EventOriginId", "SourceComputerId", "TimeCollected", "Activity", "Account", "AccountType", "SubjectAccount", "TargetAccount",
			"Process", "LogonTypeName", "EventLevelName", "EventCategory", "UserName", "AzureDeploymentID", "Role", "InstanceId", "Correlation",
			"EventData_dynamic", "PartitionKey", "RowKey", "StorageAccount", "HostCustomEntity", "timestamp":
		default:
			if len(m.val) == 0 || m.val[0] == 'n' || string(m.val) == `""` { // a column the event does not have
				continue
			}
			name := stripTypeSuffix(m.key)
			if len(name) > 0 && name[0] >= 'A' && name[0] <= 'Z' { // others are what a query added
				a.data(ev, member{name, m.val})
			}
		}
	}
	if ev.EventID == 0 {
		return false
	}
	a.exportedData(ev, eventData)
	if ev.Channel == "" && ev.Provider == "" && (kind == "SecurityEvent" || kind == "" && (ev.EventID == 1102 || ev.EventID >= 4608 && ev.EventID < 6500)) {
		ev.Channel, ev.Provider = "Security", "Microsoft-Windows-Security-Auditing"
	}
	if kind == "Event" && ev.IsSysmon() {
		ev.Message = ""
	}
	return true
}

// stripTypeSuffix undoes the suffix that a union of tables gives to columns of
// several types ("ProcessId_string").
func stripTypeSuffix(key []byte) []byte {
	for _, suffix := range [...]string{"_string", "_dynamic", "_long", "_int", "_guid"} {
		if rest, ok := bytes.CutSuffix(key, []byte(suffix)); ok && len(rest) > 0 {
			return rest
		}
	}
	return key
}

// exportedData reads an EventData column: an object, a string that holds one,
// or XML. Fields that the row has as columns are not taken twice.
func (a *arena) exportedData(ev *Event, val []byte) {
	if len(val) == 0 || val[0] == 'n' {
		return
	}
	have := len(ev.Data)
	if val[0] == '{' {
		a.dataObject(ev, val)
	} else if val[0] == '"' {
		text := strings.TrimSpace(a.text(val))
		switch {
		case strings.HasPrefix(text, "{"):
			var inner arena
			inner.dataObject(ev, []byte(text))
		case strings.HasPrefix(text, "<"):
			xmlFields(ev, text)
		}
	}
	if have == 0 {
		return
	}
	kept := ev.Data[:have]
	for _, f := range ev.Data[have:] {
		taken := false
		for _, k := range kept[:have] {
			taken = taken || k.Name == f.Name
		}
		if !taken {
			kept = append(kept, f)
		}
	}
	ev.Data = kept
}

// xmlFields appends the Data elements of an EventData document, or each leaf
// element of a UserData one. Reading stops in silence where the XML is broken:
// exports cut long documents, and what stands before the cut is still true.
func xmlFields(ev *Event, text string) {
	d := xml.NewDecoder(strings.NewReader(text))
	d.Strict = false
	var name string
	var value strings.Builder
	leaf := false
	for {
		tok, err := d.Token()
		if err != nil {
			if err != io.EOF && leaf {
				ev.Data = append(ev.Data, Field{name, value.String()})
			}
			return
		}
		switch t := tok.(type) {
		case xml.StartElement:
			name, leaf = t.Name.Local, true
			value.Reset()
			if name == "Data" {
				name = ""
				for _, attr := range t.Attr {
					if attr.Name.Local == "Name" {
						name = attr.Value
					}
				}
			}
			if known, ok := commonNames[name]; ok {
				name = known
			}
		case xml.CharData:
			if leaf {
				value.Write(t)
			}
		case xml.EndElement:
			if leaf {
				ev.Data = append(ev.Data, Field{name, value.String()})
			}
			leaf = false
		}
	}
}
