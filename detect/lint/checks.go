package lint

import (
	"slices"

	"quarry/detect/attack"
)

// Info is one kind of finding.
type Info struct {
	Code     string
	Severity Severity
	Title    string
	Explain  string
	Fixable  bool // --fix mends it where the fix is sure
}

// Part is the checks of one matter.
type Part struct {
	Title  string
	Checks []Info
}

// AttackVersion is the release of ATT&CK that techniques are held to.
const AttackVersion = attack.Version

// Parts lists every kind of finding that is lint's own. Errors of queries have the
// compiler's codes.
func Parts() []Part { return slices.Clone(parts) }

func find(code string) Info {
	for _, p := range parts {
		for _, c := range p.Checks {
			if c.Code == code {
				return c
			}
		}
	}
	return Info{Code: code, Severity: Error}
}

var parts = []Part{{"The file", []Info{
	{"QL001", Error, "Not readable", "The file is no YAML, JSON or UTF-8 text, is too large, or holds a rule that nothing can run.", false},
	{"QL002", Note, "Not a rule", "The file has the name of a rule file, and there is no rule in it.", false},
	{"QL003", Error, "Key twice", "A mapping has the same key twice; YAML readers differ in which one they take.", false},
	{"QL004", Warning, "Unknown key", "The schema has no such key, so its value has no effect. Keys are case-sensitive.", true},
	{"QL005", Error, "Field missing", "The kind of rule needs this field, and it is absent or empty.", false},
	{"QL006", Error, "Wrong shape", "Text, a list, a mapping, a number or true and false is needed here, and something else is there.", false},
	{"QL007", Warning, "Not ASCII", "The checks of Sentinel's repository refuse characters outside ASCII, such as curly quotes and long dashes.", false},
	{"QL008", Warning, "Field without effect", "Rules of this kind do not have this field: a schedule in an NRT rule, a severity in a hunting query.", false},
}}, {"What a rule is called", []Info{
	{"QL010", Error, "Id is no GUID", "The id must be a GUID: eight, four, four, four and twelve hexadecimal digits.", false},
	{"QL011", Error, "Id used twice", "Two rules have the same id, and the second would replace the first.", false},
	{"QL012", Error, "Unknown kind", "kind is one of Scheduled, NRT, Fusion, MLBehaviorAnalytics, MicrosoftSecurityIncidentCreation, ThreatIntelligence, Anomaly and BlackBox, in any case. Hunting queries have none.", false},
	{"QL013", Error, "Name too long", "A name has at most 256 characters.", false},
	{"QL014", Warning, "Name longer than 100", "The style guide stops at 100 characters; portals cut the rest.", false},
	{"QL015", Note, "Name longer than 50", "The style guide asks for names of at most 50 characters.", false},
	{"QL016", Warning, "Name ends in a period", "The style guide asks for names without one.", true},
	{"QL017", Note, "Name not in sentence case", "The style guide asks for a capital at the start and in names, and nowhere else.", false},
	{"QL018", Error, "Description too long", "A description has at most 5,000 characters.", false},
	{"QL019", Note, "Description longer than the guide", "The style guide asks for at most 255 characters in at most 5 sentences.", false},
	{"QL020", Note, "Description's beginning", "The style guide asks that a description starts with \"This query searches for\" or \"Identifies\".", false},
	{"QL021", Error, "Unknown severity", "severity is one of Informational, Low, Medium and High.", false},
	{"QL022", Error, "Unknown status", "status is one of Available, InPreview and Deprecated.", false},
	{"QL023", Error, "Not a version", "version is X.Y.Z in at most 20 characters, such as 1.0.0.", false},
	{"QL024", Warning, "Spelled otherwise", "The value is one of the choices in another case. Sentinel's checks may take it; others compare exactly.", true},
	{"QL030", Error, "Connectors", "requiredDataConnectors is a list of connectorId with a list of dataTypes; it may be empty.", false},
	{"QL031", Warning, "Connector misspelled", "The id differs a little from that of a connector that public rules use.", true},
	{"QL032", Note, "Unknown connector", "No public rule that Quarry knows of uses this connector. Sentinel's repository takes only those in its ValidConnectorIds.json.", false},
}}, {"When it runs and when it fires", []Info{
	{"QL040", Error, "Not a duration", "A duration is written 5m, 1h or 14d; 00:05:00 and, in exports, PT5M are read too.", false},
	{"QL041", Warning, "Notation of a duration", "Sentinel's repository takes 5m, 1h, 14d and 00:05:00 and refuses PT5M, 1w and 30s; exports for Azure take PT5M alone. A bare 14 means days, which few expect.", true},
	{"QL042", Error, "Duration out of range", "queryFrequency and queryPeriod lie between 5 minutes and 14 days.", false},
	{"QL043", Error, "Period shorter than frequency", "The time between two runs is never looked at.", false},
	{"QL044", Error, "Long period, short frequency", "A period of 2 days and more needs a frequency of at least an hour.", false},
	{"QL045", Error, "Trigger operator", "triggerOperator is gt, lt, eq or ne, or GreaterThan, LessThan, Equal or NotEqual, in exactly this case.", true},
	{"QL046", Error, "Trigger threshold", "triggerThreshold is a whole number from 0 to 10000.", false},
	{"QL047", Warning, "Never triggers", "The number of rows is never below 0.", false},
	{"QL048", Error, "Suppression", "suppressionDuration is between 5 minutes and 24 hours, and needed when suppressionEnabled is true.", false},
	{"QL049", Error, "Event grouping", "aggregationKind is SingleAlert or AlertPerResult.", false},
}}, {"ATT&CK", []Info{
	{"QL050", Error, "Unknown tactic", "Tactics are the 14 of the enterprise matrix, ImpairProcessControl, InhibitResponseFunction and PreAttack.", false},
	{"QL051", Warning, "Tactic spelled otherwise", "Sentinel writes tactics in one word with capitals: LateralMovement.", true},
	{"QL052", Warning, "More than 5 tactics", "The style guide asks for at most 5: a rule that finds everything tells nothing.", false},
	{"QL053", Error, "Not a technique", "Techniques are written T1059, sub-techniques T1059.001.", false},
	{"QL054", Warning, "Unknown technique", "ATT&CK has no such technique.", false},
	{"QL055", Warning, "Retired technique", "ATT&CK has revoked or deprecated the technique.", false},
	{"QL056", Error, "Technique of no listed tactic", "Every technique must belong to one of the rule's tactics; a sub-technique counts as its technique.", false},
	{"QL057", Warning, "More than 10 techniques", "The style guide asks for at most 10.", false},
	{"QL058", Warning, "Listed twice", "The list has the same entry twice.", false},
	{"QL059", Note, "No tactic", "Without tactics the rule counts for no part of the matrix.", false},
}}, {"Entities", []Info{
	{"QL060", Error, "Number of entity mappings", "entityMappings has between 1 and 10 entries.", false},
	{"QL061", Error, "Unknown entity type", "The type is none of Sentinel's.", false},
	{"QL062", Error, "Number of field mappings", "An entity has between 1 and 3 field mappings.", false},
	{"QL063", Error, "Unknown identifier", "The entity type has no such identifier.", false},
	{"QL064", Error, "Identifier twice", "An entity maps each identifier once.", false},
	{"QL065", Error, "Entity cannot be identified", "The mapping lacks the identifiers that tell one entity of this type from another.", false},
	{"QL066", Error, "Not a column name", "A column name starts with a letter or an underscore, goes on with letters, digits and underscores, and has at most 500 characters.", false},
	{"QL067", Error, "Column not in the result", "A mapping, a custom detail or an alert's format names a column that the query does not return. A difference of case alone can be mended.", true},
	{"QL068", Warning, "Old entity column not mapped", "AccountCustomEntity and its kin have no effect by name alone any more; map them in entityMappings.", false},
}}, {"What an alert says", []Info{
	{"QL070", Error, "Number of custom details", "A rule has at most 20 custom details.", false},
	{"QL071", Error, "Name of a custom detail", "The name starts with a letter, goes on with letters, digits and underscores, and has at most 20 characters.", false},
	{"QL072", Error, "Alert format too long", "alertDisplayNameFormat has at most 256 characters, alertDescriptionFormat at most 5,000.", false},
	{"QL073", Error, "More than 3 columns in a format", "A format names at most 3 columns in {{ }}.", false},
	{"QL074", Error, "Broken {{ }}", "A column stands between {{ and }}, alone.", false},
	{"QL075", Error, "Unknown alert property", "The property is none that a column can set, or is set twice.", false},
}}, {"Incidents", []Info{
	{"QL080", Error, "Lookback of grouping", "lookbackDuration lies between 5 minutes and 7 days.", false},
	{"QL081", Error, "Matching method", "matchingMethod is AllEntities, AnyAlert or Selected.", false},
	{"QL082", Error, "Selected without a choice", "matchingMethod Selected needs groupByEntities, groupByAlertDetails or groupByCustomDetails.", false},
	{"QL083", Error, "Grouped by what is not there", "Incidents are grouped by mapped entity types, by DisplayName and Severity, and by the rule's custom details.", false},
}}, {"Other kinds of rules", []Info{
	{"QL090", Error, "Bin of a summary rule", "binSize is 20, 30, 60, 120, 180, 360, 720 or 1440 minutes.", false},
	{"QL091", Error, "Table of a summary rule", "destinationTable is a custom table: a letter, then letters, digits and underscores, and _CL at the end.", false},
	{"QL092", Error, "Default of a parameter", "A parser's parameter has a name and a type, and its default is a constant of it.", false},
	{"QL093", Error, "Columns of a custom detection", "Defender needs Timestamp, ReportId and a column that names a device, a mailbox or an account.", false},
	{"QL094", Error, "Frequency of a custom detection", "Defender runs detections continuously (0) or every 1H, 3H, 12H or 24H.", false},
	{"QL095", Error, "Not fit for continuous runs", "A detection with frequency 0 reads one table, has no join, union or externaldata, and no comments.", false},
}}, {"The query", []Info{
	{"QL101", Error, "Query too long", "Sentinel takes queries of 1 to 10,000 characters.", false},
	{"QL102", Warning, "No time filter", "Nothing in the query bounds the time it looks at, and nothing around it does: it is no analytics rule, whose period does, and reads other tables than Defender's.", false},
	{"QL103", Warning, "Search of all tables", "search and find without in (...) read every table there is.", false},
	{"QL104", Warning, "Union of all tables", "union * reads every table there is.", false},
	{"QL105", Warning, "Sort of everything", "The rows are sorted as a whole, and nothing takes the first of them; top sorts what is needed.", false},
	{"QL106", Warning, "Join without a window", "Two tables of events are joined and no condition relates their times, so each event meets those of any other time.", false},
	{"QL107", Warning, "Retired table", "The table has been retired or renamed.", false},
	{"QL108", Warning, "Old name of a function or operator", "The name is deprecated; the new one does the same.", true},
	{"QL109", Warning, "Never true", "The condition cannot match, whatever the row.", false},
	{"QL110", Warning, "Looks back farther than the period", "Sentinel shows a run only queryPeriod; earlier rows are not there.", false},
	{"QL111", Warning, "Asterisk in a comparison", "Only search and names of columns and tables know wildcards; in a comparison * is a plain character.", false},
	{"QL112", Warning, "Some rows of many", "take gives any rows, so whether the rule fires on the right ones is left to chance. Use top, or leave it out.", false},
	{"QL113", Warning, "let without use", "Nothing uses the name; often a filter was forgotten.", false},
	{"QL120", Note, "Bounded from outside alone", "The query itself has no time filter. Sentinel shows a run queryPeriod, Defender's portal the range its reader chose; run elsewhere it reads everything.", false},
	{"QL121", Note, "contains instead of has", "has compares whole terms and uses the index; contains reads every character.", false},
	{"QL122", Note, "Case matters", "Names of devices, accounts and files come in any case; =~ and in~ compare without it.", false},
	{"QL123", Note, "Term too short for the index", "The index holds terms of three characters and more.", false},
	{"QL124", Note, "Join without a kind", "Without kind= a join keeps one row of the left side for each key (innerunique).", false},
	{"QL125", Note, "No time in the result", "Without TimeGenerated or Timestamp alerts do not know when the events were.", false},
	{"QL126", Note, "and with or", "Without parentheses and binds closer than or.", false},
}}, {"Lint itself", []Info{
	{"QL901", Error, "Suppression without a reason", "Say after the code why the finding may stay. Without a reason the comment has no effect.", false},
	{"QL902", Warning, "Suppression of nothing", "The comment suppresses no finding here. Take it out, or put it above the line it is meant for.", false},
	{"QL903", Error, "Suppression without a code", "A suppression names the codes it is about: quarry:ignore QL102 reason.", false},
	{"QL904", Warning, "Stale entry of the baseline", "The baseline lists a finding that is gone. Write it anew with --write-baseline.", false},
}}}
