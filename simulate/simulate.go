package simulate

import (
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"time"

	"quarry/kql/types"
)

// Options say what to make.
type Options struct {
	Events  int    // rows in all, planted ones included
	Devices int    // at least 2
	Seed    uint64 // the same seed gives the same rows
	Plant   string // a scenario of Scenarios; "" plants nothing
	Start   time.Time
	Length  time.Duration // the time that the rows are spread over
}

// The bounds of Options.
const (
	MaxEvents  = 100_000_000
	MinDevices = 2
	MaxDevices = 10_000
)

// DefaultStart is where the simulated day begins.
var DefaultStart = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

// Row is one row; values are strings, numbers and booleans.
type Row struct {
	Table  string
	Time   int64 // ticks
	Fields []Field
}

// Field is a named value.
type Field struct {
	Name  string
	Value any
}

// AppendJSON appends the row as a JSON object.
func (r *Row) AppendJSON(b []byte) []byte {
	b = append(b, `{"Timestamp":"`...)
	b = append(b, types.FormatDatetime(r.Time)...)
	b = append(b, '"')
	for _, f := range r.Fields {
		b = append(b, `,"`...)
		b = append(b, f.Name...)
		b = append(b, `":`...)
		text, _ := json.Marshal(f.Value) // strings, numbers and booleans never fail
		b = append(b, text...)
	}
	return append(b, '}')
}

// Truth is what a detection should say of the rows.
type Truth struct {
	Seed    uint64         `json:"seed"`
	Events  int            `json:"events"`
	Devices int            `json:"devices"`
	Start   string         `json:"start"`
	End     string         `json:"end"`
	Tables  map[string]int `json:"tables"`
	Plants  []Plant        `json:"plants"`
}

// Plant is one planted chain of events.
type Plant struct {
	Scenario string    `json:"scenario"`
	Case     string    `json:"case"`
	Expect   string    `json:"expect"` // "fires" or "quiet"
	Why      string    `json:"why"`
	Device   string    `json:"device"`
	Time     string    `json:"time"` // of its first row
	Rows     []Planted `json:"rows"`
}

// Planted names a row of a plant.
type Planted struct {
	Table    string `json:"table"`
	ReportID int64  `json:"reportId"`
}

// Check tells what is wrong with options.
func (o Options) Check() error {
	switch {
	case o.Events < 1 || o.Events > MaxEvents:
		return fmt.Errorf("the number of events must be 1 to %d", MaxEvents)
	case o.Devices < MinDevices || o.Devices > MaxDevices:
		return fmt.Errorf("the number of devices must be %d to %d", MinDevices, MaxDevices)
	case o.Length < time.Hour:
		return fmt.Errorf("the rows must be spread over an hour at least")
	}
	if o.Plant == "" {
		return nil
	}
	cases, ok := scenarios[o.Plant]
	if !ok {
		return fmt.Errorf("unknown scenario %q; known are %s", o.Plant, strings.Join(Scenarios(), ", "))
	}
	if n := rowsOf(cases); o.Events < n {
		return fmt.Errorf("the scenario %s alone has %d events", o.Plant, n)
	}
	return nil
}

// Scenarios lists what can be planted.
func Scenarios() []string {
	var out []string
	for name := range scenarios {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// Generate makes the rows in the order of their times and hands them to emit.
func Generate(o Options, emit func(*Row) error) (*Truth, error) {
	if o.Start.IsZero() {
		o.Start = DefaultStart
	}
	if o.Length == 0 {
		o.Length = 24 * time.Hour
	}
	if err := o.Check(); err != nil {
		return nil, err
	}
	g := &generator{o: o, rand: rand.New(rand.NewPCG(o.Seed, 0x51a22)), start: types.FromTime(o.Start), length: int64(o.Length / 100),
		truth: &Truth{Seed: o.Seed, Events: o.Events, Devices: o.Devices, Tables: map[string]int{}, Plants: []Plant{}}}
	g.truth.Start, g.truth.End = types.FormatDatetime(g.start), types.FormatDatetime(g.start+g.length)
	g.devices = make([]device, o.Devices)
	for i := range g.devices {
		g.devices[i] = newDevice(i)
	}
	planted := g.plant()
	noise := o.Events - len(planted)
	for i := range noise {
		// Equal steps with some play keep the order without keeping the rows.
		at := g.start + int64(float64(g.length)*(float64(i)+g.rand.Float64())/float64(noise+1))
		for len(planted) > 0 && planted[0].Time <= at {
			if err := g.emit(planted[0], emit); err != nil {
				return nil, err
			}
			planted = planted[1:]
		}
		if err := g.emit(g.noise(at), emit); err != nil {
			return nil, err
		}
	}
	for _, r := range planted {
		if err := g.emit(r, emit); err != nil {
			return nil, err
		}
	}
	return g.truth, nil
}

type generator struct {
	o             Options
	rand          *rand.Rand
	start, length int64
	devices       []device
	report        int64
	truth         *Truth
}

func (g *generator) emit(r *Row, emit func(*Row) error) error {
	g.truth.Tables[r.Table]++
	return emit(r)
}

// device is one simulated machine.
type device struct {
	name, short, id, ip string
}

func newDevice(i int) device {
	short := fmt.Sprintf("ws%04d", i+1)
	sum := sha1.Sum([]byte(short))
	return device{name: short + ".contoso.example", short: short, id: hex.EncodeToString(sum[:]), ip: fmt.Sprintf("10.%d.%d.%d", 1+i/62500, i/250%250, i%250+1)}
}

// row makes a row of a device.
func (g *generator) row(table string, at int64, d *device, fields ...Field) *Row {
	g.report++
	head := []Field{{"DeviceId", d.id}, {"DeviceName", d.name}, {"ReportId", g.report}}
	return &Row{Table: table, Time: at, Fields: append(head, fields...)}
}

func (r *Row) reportID() int64 {
	for _, f := range r.Fields {
		if f.Name == "ReportId" {
			return f.Value.(int64)
		}
	}
	return 0
}

// plant makes the rows of the scenario's cases, spread over the time, in order.
func (g *generator) plant() []*Row {
	cases := scenarios[g.o.Plant]
	var out []*Row
	for i, c := range cases {
		// Far apart, so that no row belongs to two cases.
		at := g.start + g.length/int64(len(cases)+1)*int64(i+1)
		target := g.rand.IntN(len(g.devices))
		other := (target + 1 + g.rand.IntN(len(g.devices)-1)) % len(g.devices)
		rows := c.make(g, at, &g.devices[target], &g.devices[other])
		sort.SliceStable(rows, func(a, b int) bool { return rows[a].Time < rows[b].Time })
		p := Plant{Scenario: g.o.Plant, Case: c.name, Expect: c.expect, Why: c.why, Device: g.devices[target].name, Time: types.FormatDatetime(rows[0].Time)}
		for _, r := range rows {
			p.Rows = append(p.Rows, Planted{r.Table, r.reportID()})
		}
		g.truth.Plants = append(g.truth.Plants, p)
		out = append(out, rows...)
	}
	return out
}

func rowsOf(cases []plantCase) int {
	g := &generator{rand: rand.New(rand.NewPCG(0, 0))}
	a, b := newDevice(0), newDevice(1)
	n := 0
	for _, c := range cases {
		n += len(c.make(g, 0, &a, &b))
	}
	return n
}
