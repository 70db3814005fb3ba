package evtx

import "errors"

const (
	maxNesting     = 16      // of BinXML values and template instances in one another
	maxSteps       = 1 << 18 // ops run for one record
	maxRecordBytes = 4 << 20 // of value data rendered for one record
)

var errBudget = errors.New("the record expands beyond any genuine size")

// sink takes the XML of one record piece by piece.
type sink interface {
	open(name string, attrs bool) // attrs: the element declares attributes
	attr(name string, v *value)   // of the element just opened
	text(v *value)                // of the innermost open element
	close(empty bool)             // empty: written as <a/>
	instruction(name string, text []byte)
}

// walker runs the BinXML of a record into a sink.
type walker struct {
	c   *compiler
	out sink

	values  []value // of all instances being run
	joined  []byte  // scratch for attributes of several parts
	nesting int
	steps   int
	bytes   int

	irregular int // values met whose size does not fit their type
}

func (w *walker) init(c *compiler) { w.c = c }

// run walks the BinXML at start..end of the chunk.
func (w *walker) run(out sink, start, end int) error {
	w.out, w.values, w.nesting, w.steps, w.bytes = out, w.values[:0], 0, 0, 0
	return w.fragment(start, end)
}

// fragment runs a fragment: usually a header and one template instance, else
// elements written out.
func (w *walker) fragment(start, end int) error {
	if w.nesting++; w.nesting > maxNesting {
		return errDepth
	}
	defer func() { w.nesting-- }()
	cur := cursor{b: w.c.chunk, pos: start, end: end}
	for cur.pos < cur.end {
		if err := w.step(1); err != nil {
			return err
		}
		before := cur.pos
		switch cur.u8() {
		case tokEOF:
			return nil
		case tokFragment:
			cur.take(3)
		case tokTemplate:
			if err := w.instance(&cur); err != nil {
				return err
			}
		default:
			return w.elements(before, end)
		}
		if cur.failed {
			return errTruncated
		}
	}
	return nil
}

// elements runs BinXML that uses no template at its top. What it compiles is
// forgotten at once, so it counts for the record, not for the chunk.
func (w *walker) elements(start, end int) error {
	ops, bytes := w.c.ops, w.c.bytes
	prog, err := w.c.compile(start, end, false)
	used := w.c.ops - ops + 1
	w.bytes += end - start // bounds compiling one value over and over
	w.c.ops, w.c.bytes = ops, bytes
	if err != nil {
		return err
	}
	if w.bytes > maxRecordBytes {
		return errBudget
	}
	if err := w.step(used); err != nil {
		return err
	}
	return w.ops(prog, nil, 0, len(prog.ops), nil)
}

func (w *walker) instance(cur *cursor) error {
	var in instance
	base := len(w.values)
	values, err := in.parse(cur, w.values)
	if err != nil {
		return err
	}
	prog, err := w.c.template(in.id, in.def)
	if err != nil {
		return err
	}
	if err := w.step(len(in.values)); err != nil {
		return err
	}
	w.values = values
	err = w.ops(prog, in.values, 0, len(prog.ops), nil)
	w.values = w.values[:base]
	return err
}

func (w *walker) step(n int) error {
	if w.steps += n; w.steps > maxSteps {
		return errBudget
	}
	return nil
}

// override replaces one value of an instance by an item of it, for one element.
type override struct {
	index int
	item  value
}

var null = value{typ: typeNull}

func lookup(values []value, i int, over *override) *value {
	if over != nil && over.index == i {
		return &over.item
	}
	if i >= len(values) {
		return &null
	}
	return &values[i]
}

// ops runs ops from..to, which hold whole elements.
func (w *walker) ops(p *program, values []value, from, to int, over *override) error {
	for i := from; i < to; {
		if err := w.step(1); err != nil {
			return err
		}
		o := &p.ops[i]
		i++
		switch o.kind {
		case opElement:
			if err := w.element(p, values, i-1); err != nil {
				return err
			}
			i = o.end
		case opText:
			if err := w.text(&o.text); err != nil {
				return err
			}
		case opSub:
			if err := w.text(lookup(values, o.sub, over)); err != nil {
				return err
			}
		case opInstance:
			if err := w.nested(o.sub); err != nil {
				return err
			}
		case opPI:
			w.out.instruction(o.name, o.text.data)
		}
	}
	return nil
}

// nested runs an instance that stands inside a fragment, at an offset after its token.
func (w *walker) nested(at int) error {
	if w.nesting++; w.nesting > maxNesting {
		return errDepth
	}
	defer func() { w.nesting-- }()
	cur := cursor{b: w.c.chunk, pos: at, end: len(w.c.chunk)}
	return w.instance(&cur)
}

// text hands on character data; BinXML in a value is run in place.
func (w *walker) text(v *value) error {
	switch {
	case v.typ == typeNull || len(v.data) == 0:
		return nil
	case v.typ&^typeArray == typeBinXML:
		return w.fragment(v.off, v.off+len(v.data))
	}
	if w.bytes += len(v.data); w.bytes > maxRecordBytes {
		return errBudget
	}
	if !v.regular() {
		w.irregular++
	}
	w.out.text(v)
	return nil
}

// element runs an element: not at all if the value it depends on is null, and
// once per item if its content is an array ([MS-EVEN6] 3.1.4.7.2 and .5).
func (w *walker) element(p *program, values []value, at int) error {
	o := &p.ops[at]
	if o.sub != noDependency && lookup(values, o.sub, nil).isNull() {
		return nil
	}
	for _, index := range p.subs[o.subFrom:o.subTo] {
		v := lookup(values, index, nil)
		if v.typ&typeArray == 0 || v.typ == typeArray|typeBinXML || len(v.data) == 0 {
			continue
		}
		if !v.regular() {
			break
		}
		over, width := override{index: index}, v.width()
		for rest := *v; len(rest.data) > 0; {
			over.item, rest = rest.split(width)
			if err := w.once(p, values, at, &over); err != nil {
				return err
			}
		}
		return nil
	}
	return w.once(p, values, at, nil)
}

// once runs an element one time.
func (w *walker) once(p *program, values []value, at int, over *override) error {
	o := &p.ops[at]
	if err := w.step(1); err != nil {
		return err
	}
	w.out.open(o.name, o.attrs)
	i := at + 1
	for ; p.ops[i].kind == opAttr; i = p.ops[i].end {
		if err := w.attr(p, values, i, over); err != nil {
			return err
		}
	}
	if err := w.ops(p, values, i, o.end-1, over); err != nil {
		return err
	}
	w.out.close(o.empty)
	return nil
}

// attr runs an attribute. One with a null optional substitution is left out.
func (w *walker) attr(p *program, values []value, at int, over *override) error {
	o := &p.ops[at]
	parts := p.ops[at+1 : o.end]
	if err := w.step(1 + len(parts)); err != nil {
		return err
	}
	for i := range parts {
		v := &null
		if parts[i].kind == opSub {
			v = lookup(values, parts[i].sub, over)
			if parts[i].optional && v.isNull() {
				return nil
			}
			if v.typ&^typeArray == typeBinXML {
				return errors.New("an attribute holds BinXML")
			}
			if w.bytes += len(v.data); w.bytes > maxRecordBytes {
				return errBudget
			}
			if !v.regular() {
				w.irregular++
			}
		}
		if len(parts) == 1 && parts[i].kind == opSub {
			w.out.attr(o.name, v)
			return nil
		}
	}
	if len(parts) == 1 {
		w.out.attr(o.name, &parts[0].text)
		return nil
	}
	w.joined = w.joined[:0]
	for i := range parts {
		if parts[i].kind == opSub {
			w.joined, _ = lookup(values, parts[i].sub, over).appendText(w.joined)
		} else {
			w.joined = append(w.joined, parts[i].text.data...)
		}
	}
	w.out.attr(o.name, &value{typ: typeText, data: w.joined})
	return nil
}
