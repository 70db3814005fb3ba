package simulate

import (
	"context"
	"io"
	"math/rand/v2"
	"runtime"
	"time"

	"quarry/kql/types"
)

// event is what happens: as little as the columns of its row need. Those that write
// rows read it at the same time; it does not change any more.
type event struct {
	table  int // in the mixture
	at     int64
	id     int64
	salt   uint64 // chance for what nothing else depends on
	dev    *device
	user   *user
	proc   *process // that was started, or is acted upon
	by     *process // that does it
	file   file
	action string
	remote site
	peer   *device // the other end, if it is one of the company's
	lport  int32
	rport  int32
	number int64 // of the event, the logon, ...
	reg    registryValue
	mail   *mail
	app    *app
	good   bool
	over   []override
}

// file is a file that something is done to.
type file struct {
	name, path string
	id         uint64 // its hashes follow from it
	size       int64
}

// override is a value that a plant wants, whatever the event says.
type override struct {
	column string
	value  value
}

// generator decides what happens.
type generator struct {
	*world
	o      Options
	rand   *rand.Rand
	mix    *mixture
	clock  clock
	report int64
	mails  [64]*mail // of late
	sent   int
	truth  *Truth
	plants []event // in order of time
}

// batchRows is the number of events that go from hand to hand.
const batchRows = 4096

// batch is a row of events and, once it is ready, what was written of them.
type batch struct {
	events []event
	out    []any // by table, in the form of the encoder
	ready  chan struct{}
}

// Generate makes rows in the order of their times. create opens what the rows of a
// table are written to; it is called once for each table that has rows, and what it
// gives is closed. progress, which may be nil, hears the number of rows now and then.
func Generate(ctx context.Context, o Options, create func(table string) (io.WriteCloser, error), progress func(rows int)) (*Truth, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	g, err := newGenerator(o)
	if err != nil {
		return nil, err
	}
	tables, err := layouts(g.mix.kinds)
	if err != nil {
		return nil, err
	}
	enc := newEncoder(o.Format, tables, create)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	n := runtime.GOMAXPROCS(0)
	work, order, free := make(chan *batch, n), make(chan *batch, 2*n), make(chan *batch, 4*n)
	go func() { // decides
		defer close(order)
		defer close(work)
		for g.left() {
			var b *batch
			select {
			case b = <-free:
			default:
				b = &batch{events: make([]event, 0, batchRows), ready: make(chan struct{}, 1)}
			}
			g.fill(b)
			for _, to := range []chan *batch{order, work} {
				select {
				case to <- b:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	for range n { // write out
		go func() {
			for b := range work {
				enc.encode(b)
				b.ready <- struct{}{}
			}
		}()
	}
	err = g.collect(ctx, enc, order, free, progress)
	if err != nil {
		cancel(err)
		for b := range order { // let the others come to their end
			_ = b
		}
	}
	return g.truth, enc.close(err)
}

// collect writes the batches in their order.
func (g *generator) collect(ctx context.Context, enc *encoder, order, free chan *batch, progress func(int)) error {
	rows := 0
	for b := range order {
		select {
		case <-b.ready:
		case <-ctx.Done():
			return ctx.Err()
		}
		for i := range b.events {
			g.truth.Tables[g.mix.kinds[b.events[i].table].name]++
		}
		if err := enc.write(b); err != nil {
			return err
		}
		rows += len(b.events)
		if progress != nil {
			progress(rows)
		}
		select {
		case free <- b:
		default:
		}
	}
	return ctx.Err()
}

func newGenerator(o Options) (*generator, error) {
	mix, err := o.mix()
	if err != nil {
		return nil, err
	}
	start, length := types.FromTime(o.Start), int64(o.Length/100)
	g := &generator{o: o, mix: mix, rand: rand.New(rand.NewPCG(o.Seed, 0x51a22)), clock: newClock(start, length)}
	g.world = newWorld(o, g.rand)
	g.truth = &Truth{Seed: o.Seed, Events: o.Events, Devices: o.Devices, Tables: map[string]int64{}, Rules: map[string]int{}, Plants: []Plant{},
		Start: types.FormatDatetime(start), End: types.FormatDatetime(start + length)}
	cases, err := o.cases()
	if err != nil {
		return nil, err
	}
	g.plant(cases, start, length)
	return g, nil
}

// left reports whether there are events to come.
func (g *generator) left() bool { return g.ordinary() < g.noise() || len(g.plants) > 0 }

// noise is the number of ordinary events in all, ordinary that of those made.
func (g *generator) noise() int    { return g.o.Events - int(g.planted()) }
func (g *generator) ordinary() int { return int(g.report - g.planted()) }

func (g *generator) planted() int64 {
	n := 0
	for _, p := range g.truth.Plants {
		n += len(p.Rows)
	}
	return int64(n)
}

// fill makes the events of a batch.
func (g *generator) fill(b *batch) {
	b.events = b.events[:0]
	total, i := g.noise(), g.ordinary()
	for ; i < total && len(b.events) < batchRows; i++ {
		// Equal parts with some play keep the order without keeping the rows.
		at := g.clock.at((float64(i) + g.rand.Float64()) / float64(total))
		for len(g.plants) > 0 && g.plants[0].at <= at {
			b.events = append(b.events, g.plants[0])
			g.plants = g.plants[1:]
		}
		b.events = append(b.events, event{})
		g.next(&b.events[len(b.events)-1], at)
	}
	if i == total {
		b.events = append(b.events, g.plants...)
		g.plants = nil
	}
}

// next makes an ordinary event.
func (g *generator) next(e *event, at int64) {
	g.report++
	e.table, e.at, e.id, e.salt = g.mix.pick.pick(g.rand), at, g.report, g.rand.Uint64()
	e.dev = g.devices[g.pickDevice.pick(g.rand)]
	e.user, e.good = g.whoOn(e.dev), true
	g.mix.kinds[e.table].make(g, e)
}

// whoOn is who works on a device: its owner, or somebody on a server.
func (g *generator) whoOn(d *device) *user {
	if d.owner != nil && g.rand.IntN(20) > 0 {
		return d.owner
	}
	return g.users[g.pickUser.pick(g.rand)]
}

// chance is true n times of a hundred.
func (g *generator) chance(n int) bool { return g.rand.IntN(100) < n }

// DefaultOptions are those of the command line.
func DefaultOptions() Options {
	return Options{Events: 10_000, Devices: 10, Seed: 1, Start: DefaultStart, Length: 24 * time.Hour, HotShare: DefaultHotShare, Format: NDJSON}
}
