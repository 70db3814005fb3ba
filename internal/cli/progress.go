package cli

import (
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress is a bar on standard error. It shows itself only on a terminal and only if
// the work takes longer than a second.
type progress struct {
	app     *app
	label   string
	unit    string
	started time.Time
	bar     *progressbar.ProgressBar
	off     bool
}

func (a *app) progress(label, unit string) *progress {
	return &progress{app: a, label: label, unit: unit, started: time.Now(), off: !isTerminal(a.stderr)}
}

// set shows how far the work is; a total of 0 is one that is not known.
func (p *progress) set(done, total int64, what string) {
	if p.off || p.bar == nil && time.Since(p.started) < time.Second {
		return
	}
	if p.bar == nil {
		if total <= 0 {
			total = -1
		}
		p.bar = progressbar.NewOptions64(total,
			progressbar.OptionSetWriter(p.app.stderr),
			progressbar.OptionSetDescription(p.label),
			progressbar.OptionShowBytes(p.unit == "bytes"),
			progressbar.OptionShowCount(),
			progressbar.OptionSetWidth(20),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish(),
			progressbar.OptionFullWidth(),
		)
	}
	const longest = 30
	if r := []rune(what); len(r) > longest {
		what = "…" + string(r[len(r)-longest+1:])
	}
	p.bar.Describe(p.label + " " + printable(what, 0))
	_ = p.bar.Set64(done)
}

func (p *progress) close() {
	if p.bar != nil {
		_ = p.bar.Clear()
		_ = p.bar.Finish()
	}
}
