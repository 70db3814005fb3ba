package winevent

// Event is one record of a Windows event log, whatever file format carried it:
// the System block in typed fields, EventData or UserData as ordered pairs.
type Event struct {
	Provider, ProviderGUID, Channel, Computer string

	EventID, Version, Level, Task, Opcode int
	Keywords                              uint64
	RecordID                              uint64

	// ProcessID and ThreadID are those of the logging process
	// (System/Execution), never the process the event is about.
	ProcessID, ThreadID uint32

	UserSID     string
	ActivityID  string
	TimeCreated int64 // ticks, as types.Value holds a datetime; 0 if none
	WholeSecond bool  // TimeCreated was written without a fraction
	LocalTime   bool  // TimeCreated is in a zone that the source does not state

	// ReceiptOffset is what the shipper's own two stamps say about that zone
	// (local time of receipt minus UTC of receipt, ticks); 0 if it wrote no such stamps.
	ReceiptOffset int64

	Data    []Field // EventData or UserData in document order
	Message string  // rendered text, if the source has it
}

// Field is one named value of EventData or UserData. A value is the text that
// Windows writes in XML: numbers decimal or 0x hexadecimal, absent values "-" or "".
type Field struct{ Name, Value string }

// Get returns the first field of exactly that name, or "" if there is none.
func (e *Event) Get(name string) string {
	for i := range e.Data {
		if e.Data[i].Name == name {
			return e.Data[i].Value
		}
	}
	return ""
}

// Lookup is Get that tells an empty value from an absent one.
func (e *Event) Lookup(name string) (string, bool) {
	for i := range e.Data {
		if e.Data[i].Name == name {
			return e.Data[i].Value, true
		}
	}
	return "", false
}
