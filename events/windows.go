package events

import (
	"errors"
	"io"
	"strings"

	"quarry/events/evtx"
	"quarry/events/winevent"
)

// asWindows reports that the user says the files hold Windows events.
func (l *loader) asWindows() bool {
	return strings.EqualFold(l.opts.As, "windows") || strings.EqualFold(l.opts.As, "sysmon")
}

// windows takes a JSON object as a Windows event. done is false if the object
// shall also become a row of its own table: rows of SecurityEvent, Event and
// WindowsEvent do if they say so, and what turns out to be no event.
func (l *loader) windows(b []byte, sh *shape, line, offset int64) (done bool, err error) {
	ev, form, ok := winevent.FromJSON(b)
	if !ok {
		if l.asWindows() {
			return true, l.reject(line, offset, "this is not a Windows event in a known JSON form", b)
		}
		return false, nil
	}
	if l.form == winevent.NotEvent {
		l.form = form
		l.report.Form = form.String()
	}
	row := form == winevent.LogAnalytics && sh.hasTable(l)
	return !row, l.event(ev, form, row)
}

// hasTable tells whether records of the shape belong to a table that is known.
func (sh *shape) hasTable(l *loader) bool {
	if len(sh.naming) > 0 {
		return true
	}
	_, ok := l.cat.byFile(l.base, sh.names)
	return ok
}

// event is a Windows event on its way to the mapper.
type event struct {
	winevent.Event
	form winevent.Form // of JSON; NotEvent from .evtx
	row  bool          // it is a row of its own table as well
}

// eventBatch is how many events travel at once.
const eventBatch = 512

func (l *loader) event(ev winevent.Event, form winevent.Form, row bool) error {
	l.report.Events++
	l.events = append(l.events, event{ev, form, row})
	if len(l.events) < eventBatch {
		return nil
	}
	return l.sendEvents()
}

func (l *loader) sendEvents() error {
	if len(l.events) == 0 {
		return nil
	}
	p := parcel{events: l.events}
	l.events = nil
	return l.send(p)
}

// eventRow makes a row of the record as it is, its parts in dynamic columns, for
// the table that the user forces.
func (l *loader) eventRow(rec *evtx.Record) error {
	s := scanner{b: rec.JSON()}
	if s.object(0) < 0 {
		return l.reject(0, rec.Offset, s.err.Error(), s.b)
	}
	return l.object(s.b, s.fields, 0, rec.Offset)
}

// evtx reads a Windows event log file.
func (l *loader) evtx(r io.Reader) error {
	rd, err := evtx.NewStreamReader(r)
	if err != nil {
		return err
	}
	for {
		rec, err := rd.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if err := l.tick(); err != nil {
			return err
		}
		if l.opts.Table == "" {
			err = l.event(rec.Event(), winevent.NotEvent, false)
		} else {
			err = l.eventRow(rec)
		}
		if err != nil {
			return err
		}
	}
	st := rd.Stats()
	for _, d := range st.Damage {
		if !d.Lost {
			l.warn("%v", d)
			continue
		}
		if err := l.keepReject(newReject(0, d.Offset, "", "", d.Reason, "")); err != nil {
			return err
		}
	}
	if st.DamagedChunks > 0 || st.DamagedRecords > 0 {
		l.warn("%d damaged chunks and %d damaged records or runs of them were passed over", st.DamagedChunks, st.DamagedRecords)
	}
	if st.BadChecksums > 0 {
		l.warn("%d chunks were read though a checksum is wrong", st.BadChecksums)
	}
	if st.Dirty {
		l.warn("the log was not closed properly; its newest records may be missing")
	}
	if st.DamageOmitted > 0 {
		l.warn("%d further damaged places are not listed", st.DamageOmitted)
	}
	return nil
}
