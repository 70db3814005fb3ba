package defender

// imageLoad maps Sysmon 7.
func imageLoad(m *Mapper, f *fact) error {
	t := m.tables.image
	row := m.row(t, f, "ImageLoaded")
	p := f.dev.path(f.get("ImageLoaded"))
	row[iFileName], row[iFolderPath] = p.base, p.full
	m.hashSetOf(f.get("Hashes")).set(row, iSHA1)
	m.initiatedByGUID(t, row, f, f.process, &ownProcess)
	return m.send(t, row)
}
