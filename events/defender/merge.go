package defender

import (
	"cmp"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"

	"quarry/kql/types"
)

// factKind is a kind of fact that several records may tell.
type factKind uint8

const (
	processFact          factKind = iota // Sysmon 1 and 4688 of one pid
	commandFact                          // the same where Sysmon's pid is missing: of one command line
	connectionFact                       // Sysmon 3 and 5156 of one 4-tuple
	repeatedWriteFact                    // 5145 again and again for one write
	sharedFileFact                       // 5145 beside Sysmon 11 by System
	sharedConnectionFact                 // 5140 beside the connection it came over
	executableFact                       // Sysmon 29 beside Sysmon 11
	serviceFact                          // 7045 beside 4697
)

// facts says how each kind is merged: within what time, and whether a record
// takes in one other or any number. Read only.
var facts = [...]struct {
	name   string
	window int64
	many   bool
}{
	processFact:          {"process (Sysmon 1, Security 4688)", 5 * types.Second, false},
	commandFact:          {"process (Sysmon 1, Security 4688)", 5 * types.Second, false},
	connectionFact:       {"connection (Sysmon 3, Security 5156)", 30 * types.Second, false},
	repeatedWriteFact:    {"file write over SMB (Security 5145 repeated)", types.Second, true},
	sharedFileFact:       {"file write over SMB (Sysmon 11, Security 5145)", 5 * types.Second, true},
	sharedConnectionFact: {"connection to a share (Security 5140)", 30 * types.Second, true},
	executableFact:       {"executable file (Sysmon 11, 29)", 5 * types.Second, false},
	serviceFact:          {"service (Security 4697, System 7045)", 5 * types.Second, false},
}

// candidate is a record that may tell the same fact as another one with its key.
type candidate struct {
	key    uint64
	time   int64
	seq    uint32
	kind   factKind
	keeper bool // others become part of it
	header bool // time is on the file's header clock until EndFile
	whole  bool
	proc   *process
	write  *write
}

// mergePlan is what the second pass does with records that tell one fact.
type mergePlan struct {
	dropped map[uint32]struct{}
	time    map[uint32]int64    // of a Sysmon 3 row, the time of its 5156
	process map[uint32]*process // what 4688 adds to a Sysmon 1 row
	write   map[uint32]*write   // what 5145 adds to a Sysmon 11 row
}

func (m *Mapper) candidate(st *stored, kind factKind, keeper bool, key uint64) *candidate {
	if m.opts.NoMerge || key == 0 {
		return nil
	}
	c := candidate{key: key, time: st.utc, seq: m.seq, kind: kind, keeper: keeper}
	if c.time == 0 || driftingClock(st.ev.EventID) && st.ev.TimeCreated != 0 && keeper {
		c.time, c.header, c.whole = st.ev.TimeCreated, true, st.ev.WholeSecond
	}
	m.candidates = append(m.candidates, c)
	return &m.candidates[len(m.candidates)-1]
}

func (m *Mapper) processCandidates(st *stored, p *process, keeper bool) {
	image := foldedHash(localPath(p.image))
	if p.hasPID {
		if c := m.candidate(st, processFact, keeper, hashKey(st.device, image, uint64(p.pid))); c != nil {
			c.proc = p
		}
	}
	// The command line tells only where the pid cannot: two known pids that
	// differ are two processes, however alike.
	if p.commandLine != "" && !(keeper && p.hasPID) {
		if c := m.candidate(st, commandFact, keeper, hashKey(st.device, image, xxhash.Sum64String(strings.TrimSpace(p.commandLine)))); c != nil {
			c.proc = p
		}
	}
}

func (m *Mapper) connectionCandidates(st *stored, c connection, keeper bool) {
	m.candidate(st, connectionFact, keeper, c.key(st.device))
	if c.inbound && c.localPort == 445 {
		m.candidate(st, sharedConnectionFact, true, c.remoteKey(st.device))
	}
}

// hashKey folds the parts of a key into one number; 0 stays free for "no key".
func hashKey(device uint32, parts ...uint64) uint64 {
	h := uint64(device) + 0x9e3779b97f4a7c15
	for _, p := range parts {
		h ^= p + 0x9e3779b97f4a7c15 + h<<6 + h>>2
		h *= 0xff51afd7ed558ccd
		h ^= h >> 33
	}
	return h | 1
}

// fileKey names a file on a device, and the process that wrote it if that matters.
func fileKey(device uint32, name, guid string) uint64 {
	p := localPath(name)
	if p == "" {
		return 0
	}
	return hashKey(device, foldedHash(p), foldedHash(guid))
}

func serviceKey(st *stored) uint64 {
	name := st.get("ServiceName")
	if name == "" {
		return 0
	}
	return hashKey(st.device, foldedHash(name))
}

func isSystem(st *stored) bool { return st.get("Image") == "System" }

// mergeFacts decides which records become part of which.
func (m *Mapper) mergeFacts() {
	m.merged = mergePlan{
		dropped: map[uint32]struct{}{}, time: map[uint32]int64{}, process: map[uint32]*process{},
		write: map[uint32]*write{},
	}
	// A keeper alone takes in nothing, which is so of most evidence: it has one source.
	var others [len(facts)]bool
	for i := range m.candidates {
		c := &m.candidates[i]
		others[c.kind] = others[c.kind] || !c.keeper || c.kind == repeatedWriteFact
	}
	m.candidates = slices.DeleteFunc(m.candidates, func(c candidate) bool { return !others[c.kind] })
	slices.SortFunc(m.candidates, func(a, b candidate) int {
		switch {
		case a.kind != b.kind:
			return cmp.Compare(a.kind, b.kind)
		case a.key != b.key:
			return cmp.Compare(a.key, b.key)
		case a.time != b.time:
			return cmp.Compare(a.time, b.time)
		}
		return cmp.Compare(a.seq, b.seq)
	})
	for start := 0; start < len(m.candidates); {
		end := start + 1
		for end < len(m.candidates) && m.candidates[end].kind == m.candidates[start].kind && m.candidates[end].key == m.candidates[start].key {
			end++
		}
		if end-start > 1 {
			m.mergeGroup(m.candidates[start:end])
		}
		start = end
	}
}

// mergeGroup merges candidates of one kind and key, in order of time.
func (m *Mapper) mergeGroup(group []candidate) {
	switch kind := group[0].kind; {
	case kind == repeatedWriteFact:
		m.mergeRepeated(group)
	case facts[kind].many:
		m.mergeInto(group)
	default:
		m.mergePairs(group)
	}
}

// mergeRepeated keeps the first record and drops those within the window after it.
func (m *Mapper) mergeRepeated(group []candidate) {
	first := &group[0]
	for i := 1; i < len(group); i++ {
		if c := &group[i]; c.time-first.time <= facts[c.kind].window {
			m.drop(c)
		} else {
			first = c
		}
	}
}

// mergeInto drops each record that has a keeper near it; a keeper takes in many.
func (m *Mapper) mergeInto(group []candidate) {
	var keepers []*candidate
	for i := range group {
		if group[i].keeper {
			keepers = append(keepers, &group[i])
		}
	}
	from := 0
	for i := range group {
		c := &group[i]
		if c.keeper || m.isDropped(c.seq) {
			continue
		}
		for from < len(keepers) && c.time-keepers[from].time > window(c, keepers[from]) {
			from++
		}
		if from < len(keepers) && near(c, keepers[from]) {
			m.absorb(keepers[from], c)
		}
	}
}

// mergePairs pairs keepers and others, each at most once, earliest first.
func (m *Mapper) mergePairs(group []candidate) {
	var keepers []*candidate
	for i := range group {
		if group[i].keeper {
			keepers = append(keepers, &group[i])
		}
	}
	used := make([]bool, len(keepers))
	from := 0
	for i := range group {
		c := &group[i]
		if c.keeper || m.isDropped(c.seq) {
			continue
		}
		for from < len(keepers) && (used[from] || c.time-keepers[from].time > window(c, keepers[from])) {
			from++
		}
		for k := from; k < len(keepers) && near(c, keepers[k]); k++ {
			if !used[k] {
				used[k] = true
				m.absorb(keepers[k], c)
				break
			}
		}
	}
}

// window is how far apart two records of one fact may be; a stamp in whole
// seconds may be up to one second early.
func window(a, b *candidate) int64 {
	w := facts[a.kind].window
	if a.whole || b.whole {
		w += types.Second
	}
	return w
}

func near(a, b *candidate) bool {
	d := a.time - b.time
	return max(d, -d) <= window(a, b)
}

// absorb makes c part of keeper.
func (m *Mapper) absorb(keeper, c *candidate) {
	m.drop(c)
	switch c.kind {
	case processFact, commandFact:
		m.merged.process[keeper.seq] = c.proc
		c.proc.dropped = true
		if keeper.proc.elevation == "" {
			keeper.proc.elevation = c.proc.elevation
		}
		if keeper.proc.sid == "" && strings.EqualFold(keeper.proc.user, c.proc.user) {
			keeper.proc.sid = c.proc.sid
		}
		if !keeper.proc.hasPID {
			keeper.proc.pid, keeper.proc.hasPID = c.proc.pid, c.proc.hasPID
		}
	case connectionFact:
		m.merged.time[keeper.seq] = c.time
	case sharedFileFact:
		if _, have := m.merged.write[keeper.seq]; !have {
			m.merged.write[keeper.seq] = c.write
		}
	}
}

func (m *Mapper) drop(c *candidate) {
	m.merged.dropped[c.seq] = struct{}{}
	m.report.Merged[facts[c.kind].name]++
}

func (m *Mapper) isDropped(seq uint32) bool {
	_, ok := m.merged.dropped[seq]
	return ok
}
