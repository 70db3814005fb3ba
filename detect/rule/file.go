package rule

// File is one rule file with what it holds.
type File struct {
	Name string // as problems call it: "pack.zip!dir/rule.yaml" inside an archive
	// Text is the file with "\n" line ends and without a byte order mark, which the
	// places of nodes and problems count; "" when it is not text.
	Text string
	// Documents are the rules and parsers of a YAML or JSON file, those too that were
	// refused, and the YAML documents that are none.
	Documents []Document
	Pack
}

// Form is a schema of rule documents.
type Form uint8

const (
	UnknownForm  Form = iota // a YAML document that is no rule
	SentinelForm             // analytics rules, hunting queries and summary rules, in YAML or plain JSON
	ExportForm               // an analytics rule in an ARM template
	SavedForm                // a saved search or a summary rule in an ARM template
	ParserForm               // solution and ASIM parsers
	CustomForm               // Defender XDR custom detections
)

// Document is one rule or parser of a file. Node holds its fields, as Rule.Doc does.
type Document struct {
	Form     Form
	Node     *Node
	Rule     *Rule     // of rules
	Function *Function // of parsers
}
