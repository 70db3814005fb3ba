package evtx

// XML is the record as Windows shows it: attributes in single quotes, no layout.
// Characters that XML cannot hold are written as U+FFFD.
func (rec *Record) XML() []byte {
	var w xmlSink
	// The record was run once when it was read, so this cannot fail.
	_ = rec.chunk.walker.run(&w, rec.start, rec.end)
	return w.out
}

// xmlSink writes XML. A start tag stays open until it is known what follows.
type xmlSink struct {
	out     []byte
	scratch []byte
	names   []string
	pending bool // the last start tag lacks its '>'
}

func (w *xmlSink) open(name string, _ bool) {
	w.finish()
	w.out = append(append(w.out, '<'), name...)
	w.names = append(w.names, name)
	w.pending = true
}

func (w *xmlSink) attr(name string, v *value) {
	w.out = append(append(append(w.out, ' '), name...), "='"...)
	w.escape(v)
	w.out = append(w.out, '\'')
}

func (w *xmlSink) text(v *value) {
	w.finish()
	w.escape(v)
}

func (w *xmlSink) close(empty bool) {
	name := w.names[len(w.names)-1]
	w.names = w.names[:len(w.names)-1]
	if empty && w.pending {
		w.out = append(w.out, "/>"...)
		w.pending = false
		return
	}
	w.finish()
	w.out = append(append(append(w.out, "</"...), name...), '>')
}

func (w *xmlSink) instruction(name string, text []byte) {
	w.finish()
	w.out = append(append(w.out, "<?"...), name...)
	w.out = append(append(append(w.out, ' '), text...), "?>"...)
}

func (w *xmlSink) finish() {
	if w.pending {
		w.out = append(w.out, '>')
		w.pending = false
	}
}

func (w *xmlSink) escape(v *value) {
	w.scratch, _ = v.appendText(w.scratch[:0])
	for _, c := range w.scratch {
		switch {
		case c == '&':
			w.out = append(w.out, "&amp;"...)
		case c == '<':
			w.out = append(w.out, "&lt;"...)
		case c == '>':
			w.out = append(w.out, "&gt;"...)
		case c == '\'':
			w.out = append(w.out, "&apos;"...)
		case c == '"':
			w.out = append(w.out, "&quot;"...)
		case c < 0x20 && c != '\t' && c != '\n' && c != '\r':
			w.out = append(w.out, "\uFFFD"...)
		default:
			w.out = append(w.out, c)
		}
	}
}
