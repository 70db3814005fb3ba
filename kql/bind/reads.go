package bind

import "slices"

// tableSet is a set of table names that can be cut back to an earlier state.
type tableSet struct {
	names []string
	has   map[string]bool
}

func (s *tableSet) add(names ...string) {
	if s.has == nil {
		s.has = map[string]bool{}
	}
	for _, n := range names {
		if !s.has[n] {
			s.has[n] = true
			s.names = append(s.names, n)
		}
	}
}

// cut leaves the first n names.
func (s *tableSet) cut(n int) {
	for _, name := range s.names[n:] {
		delete(s.has, name)
	}
	s.names = s.names[:n]
}

// reading binds something and gives the tables it reads. They count where it is used:
// what nothing uses is bound and never read.
func (b *binder) reading(bind func()) []string {
	outer := b.reads
	b.reads = &tableSet{}
	defer func() { b.reads = outer }()
	bind()
	return b.reads.names
}

// tablesRead are the tables read so far, sorted.
func (b *binder) tablesRead() []string { return slices.Sorted(slices.Values(b.reads.names)) }
