package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"

	"quarry/detect"
	"quarry/kql/types"
)

const (
	progressAfter = time.Second // work that takes less shows nothing
	progressEvery = 100 * time.Millisecond
	clearLine     = "\r\x1b[K"
)

// progress is one line on standard error that says how far the work is. It is there
// only on a terminal and only while work takes longer than a second; nothing of it
// stays. A nil progress shows nothing.
type progress struct {
	out     *os.File
	stop    chan struct{}
	stopped chan struct{}

	mu    sync.Mutex
	state progressState
}

// progressState is what the line tells.
type progressState struct {
	label, unit string
	started     time.Time
	done, total int64 // a total of 0 is not known
	doing       []underWay
}

// underWay is something that is being done, since a time if that is of interest.
type underWay struct {
	name  string
	since time.Time
}

// progress begins to watch work that is counted in bytes, in "%" or in things of a name.
func (a *app) progress(label, unit string) *progress {
	f, ok := a.stderr.(*os.File)
	if !ok || !isTerminal(f) || os.Getenv("TERM") == "dumb" {
		return nil
	}
	p := &progress{out: f, stop: make(chan struct{}), stopped: make(chan struct{}), state: progressState{label: label, unit: unit, started: time.Now()}}
	go p.show()
	return p
}

// show draws the line until it is to stop, and then takes it away.
func (p *progress) show() {
	defer close(p.stopped)
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	drawn := false
	for {
		select {
		case <-p.stop:
			if drawn {
				io.WriteString(p.out, clearLine)
			}
			return
		case now := <-tick.C:
			p.mu.Lock()
			state := p.state
			p.mu.Unlock()
			if now.Sub(state.started) < progressAfter {
				continue
			}
			width, _, err := term.GetSize(int(p.out.Fd()))
			if err != nil || width <= 0 {
				width = 80
			}
			// In the last column some terminals would begin a new line.
			io.WriteString(p.out, clearLine+state.line(width-1, now))
			drawn = true
		}
	}
}

// set tells how far the work is, and what is being done.
func (p *progress) set(done, total int64, doing ...underWay) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state.done, p.state.total, p.state.doing = done, total, doing
}

// setRules tells how far a hunt is.
func (p *progress) setRules(h detect.Progress) {
	doing := make([]underWay, len(h.Running))
	for i, r := range h.Running {
		doing[i] = underWay{r.Name, r.Since}
	}
	p.set(int64(h.Done), int64(h.Total), doing...)
}

// close takes the line away.
func (p *progress) close() {
	if p == nil {
		return
	}
	close(p.stop)
	<-p.stopped
}

// line is the state in at most width columns.
func (s progressState) line(width int, now time.Time) string {
	out := s.label + "  " + s.amount(now)
	for i, d := range s.doing {
		since := ""
		if !d.since.IsZero() {
			since = fmt.Sprintf(" %ds", int(now.Sub(d.since).Seconds()))
		}
		gap := "  "
		if i > 0 {
			gap = ", "
		}
		left := width - text.StringWidthWithoutEscSequences(out+gap+since)
		if left <= 0 {
			break
		}
		name := printable(d.name, types.String)
		if s.unit == "bytes" {
			name = tail(name, left)
		} else {
			name = snip(name, left)
		}
		if left < 8 && name != d.name { // too little to know it by
			break
		}
		out += gap + name + since
	}
	return snip(out, max(width, 0))
}

// amount says how much is done: a share where the end is known, and a rate of bytes.
func (s progressState) amount(now time.Time) string {
	switch {
	case s.unit == "bytes" && s.total > 0:
		return fmt.Sprintf("%d%%  %s of %s  %s", share(s.done, s.total), sizeText(s.done), sizeText(s.total), s.rate(now))
	case s.unit == "bytes":
		return sizeText(s.done) + "  " + s.rate(now)
	case s.total <= 0:
		return fmt.Sprintf("%d %s", s.done, s.unit)
	case s.unit == "%":
		return fmt.Sprintf("%d%%", share(s.done, s.total))
	}
	return fmt.Sprintf("%d%%  %d of %d %s", share(s.done, s.total), s.done, s.total, s.unit)
}

func share(done, total int64) int64 { return int64(100 * float64(min(done, total)) / float64(total)) }

func (s progressState) rate(now time.Time) string {
	return sizeText(int64(float64(s.done)/max(now.Sub(s.started).Seconds(), 0.001))) + "/s"
}

// sizeText is a size as people read it, in powers of 1024.
func sizeText(n int64) string {
	f, unit := float64(n), 0
	for f >= 1024 && unit < 4 {
		f, unit = f/1024, unit+1
	}
	if unit == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %ciB", f, "KMGT"[unit-1])
}

// tail is the end of a text, in at most so many columns: of a path that is the file.
func tail(s string, columns int) string {
	if text.StringWidthWithoutEscSequences(s) <= columns {
		return s
	}
	runes := []rune(s)
	for len(runes) > 0 && text.StringWidthWithoutEscSequences(string(runes)) >= columns {
		runes = runes[1:]
	}
	if columns <= 0 {
		return ""
	}
	return "…" + strings.TrimSpace(string(runes))
}
