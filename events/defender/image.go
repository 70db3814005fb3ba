package defender

// imageLoad maps Sysmon 7.
func imageLoad(m *Mapper, f *fact) error {
	t, ev := m.tables.image, f.ev
	row := m.row(t, f, "ImageLoaded")
	p := f.dev.path(ev.Get("ImageLoaded"))
	row[iFileName], row[iFolderPath] = p.base, p.full
	m.hashSetOf(ev.Get("Hashes")).set(row, iSHA1)
	m.initiatedByGUID(t, row, f, ev.Get("ProcessGuid"), ev.Get("ProcessId"), ev.Get("Image"), ev.Get("User"))
	return m.send(t, row)
}
