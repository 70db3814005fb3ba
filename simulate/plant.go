package simulate

import (
	"maps"
	"slices"
	"sort"

	"quarry/kql/types"
)

// plantCase is an attack, or something that looks almost like it.
type plantCase struct {
	scenario string
	name     string
	expect   string // fires or quiet
	why      string
	rules    []string // names of the rules that look for it
	also     []string // rules that fire whatever the case is
	steps    []step
}

const (
	fires = "fires"
	quiet = "quiet"
)

// step makes a row, or several.
type step struct {
	table  string
	after  int64 // ticks after the beginning of the case
	action string
	on     int // 0: the device that is attacked, 1: the other one
	fields []field
	repeat int   // so many rows instead of one
	every  int64 // ticks between these
	each   func(i int) []field
}

// field is a column that a step wants: a string, a number, a boolean, or one of the
// things below that are known only when the case is planted.
type field struct {
	column string
	value  any
}

// known is a value that depends on where a case is planted.
type known int

const (
	otherIP known = iota
	otherName
	port
	logonID
	malware      // the name of a file that is its own in every case
	malwarePath  // in the folder of Windows
	malwareMoved // in another folder
	account      // a name that is its own in every case
	malwareHash
	newSID // of an account that is new
)

// scenarios are what can be planted. Each has chains that a detection must find and
// near misses, each wrong in one thing only.
var scenarios = map[string][]plantCase{
	"smb-copy-exec":     smbCopyExec(),
	"password-spray":    passwordSpray(),
	"password-guessing": passwordGuessing(),
	"new-admin":         newAdmin(),
	"office-macro":      officeMacro(),
	"credential-dump":   credentialDump(),
	"logs-cleared":      logsCleared(),
}

// Scenarios lists what can be planted.
func Scenarios() []string { return slices.Sorted(maps.Keys(scenarios)) }

// plannedRow is a row of a case before it is planted.
type plannedRow struct {
	table string
	after int64
	step  *step
	i     int
}

// rows are all rows of a case in order of time.
func (c *plantCase) rows() []plannedRow {
	var out []plannedRow
	for k := range c.steps {
		s := &c.steps[k]
		for i := range max(1, s.repeat) {
			out = append(out, plannedRow{s.table, s.after + int64(i)*s.every, s, i})
		}
	}
	sort.SliceStable(out, func(a, b int) bool { return out[a].after < out[b].after })
	return out
}

// plant makes the events of cases, spread over the time, in order.
func (g *generator) plant(cases []plantCase, start, length int64) {
	for i := range cases {
		c := &cases[i]
		at := start + length/int64(len(cases)+1)*int64(i+1)
		at -= at % int64(caseRoom/100) // windows of rules begin at round times
		target := g.rand.IntN(len(g.devices))
		other := (target + 1 + g.rand.IntN(len(g.devices)-1)) % len(g.devices)
		at = max(at, start)
		g.plantCase(c, at, [2]*device{g.devices[target], g.devices[other]})
	}
	sort.SliceStable(g.plants, func(a, b int) bool { return g.plants[a].at < g.plants[b].at })
}

func (g *generator) plantCase(c *plantCase, at int64, on [2]*device) {
	name := "svc" + hexText(g.rand.Uint64(), 4) + ".exe"
	values := map[known]value{
		// Nobody else has this address, so no ordinary row completes a near miss.
		otherIP: str("10.254.0." + digits(1+len(g.truth.Plants)%250)), otherName: str("visitor"), port: num(int64(49152 + g.rand.IntN(16000))),
		logonID: num(int64(400_000 + g.rand.IntN(100_000))), malware: str(name), malwarePath: str(`C:\Windows\` + name), malwareMoved: str(`C:\Tools\` + name), account: str("admin" + digits(len(g.truth.Plants))),
		malwareHash: str(hexText(textID(name), 64)), newSID: str(sidBase + digits(5000+len(g.truth.Plants))),
	}
	p := Plant{Scenario: c.scenario, Case: c.name, Rules: c.rules, Expect: c.expect, Why: c.why, Also: c.also, Device: on[0].name}
	for _, r := range c.rows() {
		g.report++
		e := event{table: g.mix.index(r.table), at: at + r.after, id: g.report, salt: g.rand.Uint64(), dev: on[r.step.on], action: r.step.action, good: true}
		e.user = systemUser
		e.by = e.dev.procs.byProg[programIndex["services.exe"]]
		e.peer = on[1]
		fields := r.step.fields
		if r.step.each != nil {
			fields = append(slices.Clone(fields), r.step.each(r.i)...)
		}
		for _, f := range fields {
			e.over = append(e.over, override{f.column, valueOf(f.value, values)})
		}
		g.plants = append(g.plants, e)
		p.Rows = append(p.Rows, Planted{r.table, e.id, types.FormatDatetime(e.at)})
	}
	p.Time, p.End = p.Rows[0].Time, p.Rows[len(p.Rows)-1].Time
	g.truth.Plants = append(g.truth.Plants, p)
	for _, rule := range c.rules {
		n := 0
		if c.expect == fires {
			n = 1
		}
		g.truth.Rules[rule] += n
	}
	for _, rule := range c.also {
		g.truth.Rules[rule]++
	}
}

func valueOf(v any, values map[known]value) value {
	switch v := v.(type) {
	case string:
		return str(v)
	case int:
		return num(int64(v))
	case bool:
		return yes(v)
	case value:
		return v
	case known:
		return values[v]
	}
	return value{}
}
