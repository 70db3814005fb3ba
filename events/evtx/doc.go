// Package evtx reads Windows event log files (.evtx): file and chunk headers,
// records, and the BinXML they hold. It yields every record as a
// winevent.Event, and on request as JSON or as the XML that Windows shows.
//
// A log is read as a stream, one 64 KiB chunk in memory at a time. Damage costs
// the record or the chunk it is in and nothing else; Stats says what was lost
// and where. Start at Reader; reader.go walks chunks, chunk.go records within
// one, binxml.go (with names.go, template.go) compiles BinXML into programs,
// walk.go runs them into a sink: event.go, json.go or xml.go. value.go turns
// typed values into text.
//
// Layout and rules follow [MS-EVEN6] 2.2.12 and 3.1.4.7 (BinXml), and the
// published descriptions of the file format.
//
// It imports kql/types and events/winevent of this module.
package evtx
