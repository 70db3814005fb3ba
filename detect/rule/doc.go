// Package rule reads detection rules as people publish them: Sentinel analytics
// and hunting YAML, solution and ASIM parsers, ARM and Defender exports, Markdown
// with KQL fences, the catalogue's own Markdown page, and bare KQL files. It writes
// them as YAML, ARM templates, custom detections and KQL, and tells what each of
// these cannot say.
//
// It owns the Rule type, the loader with its positioned problems, durations in
// their three notations, and a rule's knobs (the let constants at the head of its
// query). It may import kql/source, kql/diag, kql/types, kql/syntax and
// detect/attack. Start at Load in load.go; tree.go is the common tree that YAML and
// JSON become, sentinel.go reads the Sentinel fields out of it. The way back starts
// at canonical.go, which makes that tree of a rule; yamlwrite.go, armwrite.go,
// xdrwrite.go and kqlwrite.go print it.
package rule
