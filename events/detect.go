package events

import (
	"bytes"
	"path"
	"strings"
)

// format is what a stream of bytes is.
type format uint8

const (
	formatUnknown format = iota
	formatEmpty
	formatJSON
	formatCSV
	formatParquet
	formatEVTX
	formatUTF16 // text that must be converted first
	formatGzip
	formatZstd
	formatBzip2
	formatZip
	formatTar
	formatRefused // known, and known to be out of reach
)

var formatNames = [...]string{"unknown", "empty", "JSON", "CSV", "Parquet", "EVTX", "UTF-16", "gzip", "zstd", "bzip2", "zip", "tar", "refused"}

func (f format) String() string { return formatNames[f] }

// sniffSize is how much of a stream detection sees.
const sniffSize = 64 << 10

// detected is what detection found.
type detected struct {
	format format
	delim  byte   // of CSV
	hint   string // for refused and unknown formats: what to do
}

var magics = []struct {
	at     int
	magic  string
	format format
	hint   string
}{
	{0, "\x1f\x8b", formatGzip, ""},
	{0, "\x28\xb5\x2f\xfd", formatZstd, ""},
	{0, "BZh", formatBzip2, ""},
	{0, "PK\x03\x04", formatZip, ""},
	{0, "PK\x05\x06", formatZip, ""},
	{0, "PAR1", formatParquet, ""},
	{0, "ElfFile\x00", formatEVTX, ""},
	{0, "ElfChnk\x00", formatEVTX, ""},
	{0, "\x30\x00\x00\x00LfLe", formatEVTX, ""}, // its reader names the way out
	{257, "ustar", formatTar, ""},
	{0, "\xfd7zXZ\x00", formatRefused, "xz is not read; unpack it first (xz -d)"},
	{0, "7z\xbc\xaf\x27\x1c", formatRefused, "7z is not read; unpack it first"},
	{0, "Rar!\x1a\x07", formatRefused, "rar is not read; unpack it first"},
	{0, "Obj\x01", formatRefused, "Avro is not read; convert it to JSON or Parquet"},
	{0, "SQLite format 3\x00", formatRefused, "SQLite is not read; export the tables as CSV"},
	{0, "\xff\xfe", formatUTF16, ""},
	{0, "\xfe\xff", formatUTF16, ""},
}

// detect tells a stream's format from its start, and from its name only where
// the content leaves a doubt. whole means that head is all there is.
func detect(head []byte, name string, whole bool) detected {
	if len(head) == 0 {
		return detected{format: formatEmpty}
	}
	for _, m := range magics {
		if len(head) >= m.at+len(m.magic) && string(head[m.at:m.at+len(m.magic)]) == m.magic {
			return detected{format: m.format, hint: m.hint}
		}
	}
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n\x00")
	if len(text) == 0 {
		return detected{format: formatEmpty}
	}
	if len(head) >= 4 && (head[0] == 0 && head[2] == 0 && head[1] != 0 && head[3] != 0 || head[1] == 0 && head[3] == 0 && head[0] != 0 && head[2] != 0) {
		return detected{format: formatUTF16}
	}
	switch text[0] {
	case '{':
		after := bytes.TrimLeft(text[1:], " \t\r\n")
		if len(after) == 0 || after[0] == '"' || after[0] == '}' {
			return detected{format: formatJSON}
		}
	case '[':
		after := bytes.TrimLeft(text[1:], " \t\r\n")
		if len(after) == 0 || after[0] == '{' || after[0] == ']' {
			return detected{format: formatJSON}
		}
	case '<':
		return detected{format: formatRefused, hint: "XML is not read; take the .evtx file itself, or export the events as JSON"}
	}
	ext := strings.ToLower(path.Ext(name))
	named := ext == ".csv" || ext == ".tsv" || ext == ".psv" || ext == ".tab"
	if ext == ".json" || ext == ".ndjson" || ext == ".jsonl" {
		return detected{format: formatJSON} // damaged at its start; what is whole is read
	}
	if ext == ".evtx" {
		return detected{format: formatEVTX}
	}
	if bytes.IndexByte(head, 0) >= 0 && !named {
		return detected{hint: "it is binary"}
	}
	if delim, ok := sniffCSV(head, named, whole); ok {
		if line, _, _ := bytes.Cut(head, []byte{'\n'}); (ext == ".tsv" || ext == ".tab") && bytes.IndexByte(line, '\t') >= 0 {
			delim = '\t'
		}
		return detected{format: formatCSV, delim: delim}
	}
	return detected{hint: "it is neither JSON, CSV, Parquet nor an event log (.evtx)"}
}

// forced is the format that the user's --as names.
func forced(as string) (detected, bool) {
	switch strings.ToLower(as) {
	case "json", "ndjson", "windows", "sysmon":
		return detected{format: formatJSON}, true
	case "csv":
		return detected{format: formatCSV, delim: ','}, true
	case "tsv":
		return detected{format: formatCSV, delim: '\t'}, true
	case "parquet":
		return detected{format: formatParquet}, true
	case "evtx":
		return detected{format: formatEVTX}, true
	}
	return detected{}, false
}

// Sources lists what Options.As takes.
func Sources() []string {
	return []string{"windows", "sysmon", "json", "csv", "tsv", "parquet", "evtx"}
}

// baseName is a file's name without folders and without the extensions that
// formats and compression add: a/b/SigninLogs.2024-01-01.json.gz gives
// SigninLogs.2024-01-01.
func baseName(name string) string {
	name = strings.ReplaceAll(name, `\`, "/")
	name = path.Base(name)
	for {
		ext := path.Ext(name)
		switch strings.ToLower(ext) {
		case ".gz", ".zst", ".zstd", ".bz2", ".zip", ".tar", ".tgz", ".json", ".ndjson", ".jsonl", ".csv", ".tsv", ".psv", ".tab", ".txt", ".log", ".parquet", ".evtx":
			if name = strings.TrimSuffix(name, ext); name != "" {
				continue
			}
		}
		return name
	}
}
