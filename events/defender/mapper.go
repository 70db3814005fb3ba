package defender

import (
	"errors"
	"slices"

	"quarry/events/winevent"
	"quarry/kql/types"
)

// Options choose between what the evidence says and what may be concluded.
type Options struct {
	NoMerge  bool // keep every record of a fact that several sources logged
	NoDerive bool // no rows from share auditing (5140, 5145)
	NoRaw    bool // no SecurityEvent and Event rows beside the Defender tables

	// ClockOffset, in ticks, is the clock of events that carry no UtcTime minus
	// true UTC, for every file. nil measures it for each file.
	ClockOffset *int64
}

// Sink takes one row of a table. The slice and the memory of its texts are used again
// after the call. An error stops the mapping and is returned as it is.
type Sink func(t *Table, row []types.Value) error

// Mapper maps the events of one evidence set, file by file: BeginFile, Add for
// each event, EndFile; then Finish emits the rows. It is not safe for
// concurrent use.
type Mapper struct {
	opts   Options
	emit   Sink
	tables *tables
	rows   [][]types.Value // one buffer for each table

	spool   *spool
	seq     uint32
	hasRow  map[uint32]bool // by seq: events that are rows already, see AddRow
	files   []*fileState
	open    bool
	devices map[string]uint32 // short lower-case name -> index
	hosts   []*device
	named   []uint32 // by number of a computer's name in the spool: one more than the index of its host
	last    uint64   // number of the last computer's name

	processes processTable
	created   []*process            // those whose start was logged, in order of arrival
	byPID     map[uint64][]*process // device and pid -> by creation time
	hashes    map[uint64][]hashedAt
	hashSets  map[string]*hashSet
	sids      map[string]string // domain\name -> SID
	shared    recent[struct{}]  // see share
	programs  recent[*program]  // see programOf

	newProcesses slab[process]
	newViews     slab[view]

	securityFields map[string]int // field of EventData -> column of SecurityEvent
	fact           fact           // at hand
	xml            []byte
	boxes          recent[types.Value]
	addresses      recent[*address]
	parties        map[string]*party // by DOMAIN\user as logged
	sent           []int             // rows by table

	candidates []candidate
	merged     mergePlan
	report     Report
}

// New returns a Mapper that gives its rows to emit.
func New(opts Options, emit Sink) *Mapper {
	m := &Mapper{
		opts: opts, emit: emit, tables: newTables(), spool: newSpool(spoolLimit),
		devices: map[string]uint32{}, hasRow: map[uint32]bool{}, processes: newProcessTable(), byPID: map[uint64][]*process{},
		shared: newRecent[struct{}](1 << 12), programs: newRecent[*program](1 << 10), boxes: newRecent[types.Value](512), addresses: newRecent[*address](512),
		parties: map[string]*party{}, hashes: map[uint64][]hashedAt{}, hashSets: map[string]*hashSet{}, sids: map[string]string{},
	}
	for _, t := range m.tables.all {
		m.rows = append(m.rows, make([]types.Value, len(t.Columns)))
	}
	m.sent = make([]int, len(m.tables.all))
	m.securityFields = map[string]int{}
	for i, c := range m.tables.security.Columns[sFields:] {
		m.securityFields[c.Name] = sFields + i
	}
	m.report.init()
	return m
}

// fileState is what the mapper knows of one file.
type fileState struct {
	FileReport
	samples    []int64 // header minus UtcTime of Sysmon events
	drifting   []int64 // the same of those whose UtcTime may drift
	receipts   []int64
	candidates int // where this file's begin
	created    int
}

// maxSamples bounds the clock samples of a file; the median needs no more.
const maxSamples = 1 << 14

var errNoFile = errors.New("defender: Add or EndFile without BeginFile")

// BeginFile starts a file of the evidence set. format is what the report calls
// its form ("EVTX", "NXLog JSON").
func (m *Mapper) BeginFile(name, format string) {
	m.files = append(m.files, &fileState{
		FileReport: FileReport{Name: name, Format: format},
		candidates: len(m.candidates), created: len(m.created),
	})
	m.open = true
}

// Add takes the next event of the file. The event may be changed after the call.
func (m *Mapper) Add(ev *winevent.Event) error {
	if !m.open {
		return errNoFile
	}
	file := m.files[len(m.files)-1]
	file.Events++
	st := stored{ev: ev, kind: m.spool.kindOf(ev), file: uint32(len(m.files) - 1)}
	m.report.count(st.kind, ev)
	st.computer, st.device = m.hostOf(ev.Computer)
	m.learn(&st, file)
	err := m.spool.write(&st)
	m.seq++
	return err
}

// AddRow is Add for an event that came as a row of a table (SecurityEvent, Event,
// WindowsEvent) which the caller keeps: no such row is made of it again.
func (m *Mapper) AddRow(ev *winevent.Event) error {
	m.hasRow[m.seq] = true
	return m.Add(ev)
}

// EndFile ends the file and settles its clock.
func (m *Mapper) EndFile() error {
	if !m.open {
		return errNoFile
	}
	m.open = false
	file := m.files[len(m.files)-1]
	file.settleClock(m.opts.ClockOffset)
	if file.Offset != 0 {
		for i := range m.candidates[file.candidates:] {
			if c := &m.candidates[file.candidates+i]; c.header {
				c.time -= file.Offset
			}
		}
		for _, p := range m.created[file.created:] {
			if p.header {
				p.created -= file.Offset
			}
		}
	}
	file.samples, file.drifting, file.receipts = nil, nil, nil
	return nil
}

// Finish maps all events and emits their rows, in the order of arrival. The
// report is complete only if the error is nil.
func (m *Mapper) Finish() (Report, error) {
	if m.open {
		if err := m.EndFile(); err != nil {
			return m.report, err
		}
	}
	m.settleDevices()
	m.mergeFacts() // may tell the pid of a process
	m.indexProcesses()
	m.candidates = nil
	err := m.spool.read(m.mapEvent)
	if err == nil {
		err = m.deviceRows()
	}
	if closing := m.spool.close(); err == nil {
		err = closing
	}
	for _, f := range m.files {
		m.report.Files = append(m.report.Files, f.FileReport)
	}
	for _, t := range m.tables.all {
		if n := m.sent[t.id]; n > 0 {
			m.report.Rows[t.Name] = n
		}
	}
	m.report.Devices = len(m.hosts)
	m.report.settle()
	return m.report, err
}

// Close drops what the mapper holds without mapping it. It is needed only when
// Finish is not reached.
func (m *Mapper) Close() error { return m.spool.close() }

// settleClock decides what is taken off the clock of events without UtcTime.
func (f *fileState) settleClock(given *int64) {
	switch {
	case given != nil:
		f.Offset, f.Clock = *given, ClockGiven
	case len(f.samples) > 0:
		f.Offset, f.Clock = quarters(median(f.samples)), ClockMeasured
	case f.localTime && len(f.drifting) > 0 && plausibleZone(median(f.drifting)):
		f.Offset, f.Clock = quarters(median(f.drifting)), ClockMeasured
	case !f.localTime:
		f.Clock = ClockUTC
	case len(f.receipts) > 0 && plausibleZone(median(f.receipts)):
		f.Offset, f.Clock = quarters(median(f.receipts)), ClockReceipt
	default:
		f.Clock = ClockUnknown
	}
}

func median(v []int64) int64 {
	slices.Sort(v)
	return v[len(v)/2]
}

const quarter = 15 * types.Minute

// quarters rounds to the nearest quarter of an hour: zones differ by these.
func quarters(d int64) int64 {
	if d < 0 {
		return -quarters(-d)
	}
	return (d + quarter/2) / quarter * quarter
}

func plausibleZone(d int64) bool { return d > -13*types.Hour && d < 15*types.Hour }
