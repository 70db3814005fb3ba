package attack

import (
	"slices"
	"strings"
)

// Tactic is one column of the ATT&CK matrix.
type Tactic struct {
	ID    string // TA0001
	Name  string // as Sentinel writes it: InitialAccess
	Title string // as people read it: Initial access
	Short string // as Navigator layers write it: initial-access
}

// Tactics lists the enterprise matrix in the order of an attack, then the three
// names that Sentinel adds to it.
func Tactics() []Tactic { return slices.Clone(tactics) }

// Enterprise is the enterprise matrix alone.
func Enterprise() []Tactic { return Tactics()[:14] }

var tactics = []Tactic{
	{"TA0043", "Reconnaissance", "Reconnaissance", "reconnaissance"},
	{"TA0042", "ResourceDevelopment", "Resource development", "resource-development"},
	{"TA0001", "InitialAccess", "Initial access", "initial-access"},
	{"TA0002", "Execution", "Execution", "execution"},
	{"TA0003", "Persistence", "Persistence", "persistence"},
	{"TA0004", "PrivilegeEscalation", "Privilege escalation", "privilege-escalation"},
	{"TA0005", "DefenseEvasion", "Defense evasion", "defense-evasion"},
	{"TA0006", "CredentialAccess", "Credential access", "credential-access"},
	{"TA0007", "Discovery", "Discovery", "discovery"},
	{"TA0008", "LateralMovement", "Lateral movement", "lateral-movement"},
	{"TA0009", "Collection", "Collection", "collection"},
	{"TA0011", "CommandAndControl", "Command and control", "command-and-control"},
	{"TA0010", "Exfiltration", "Exfiltration", "exfiltration"},
	{"TA0040", "Impact", "Impact", "impact"},
	{"TA0106", "ImpairProcessControl", "Impair process control", "impair-process-control"},
	{"TA0107", "InhibitResponseFunction", "Inhibit response function", "inhibit-response-function"},
	{"", "PreAttack", "Pre-attack", "pre-attack"},
}

// FindTactic reads a tactic's name in any spelling ("Lateral movement",
// "LateralMovement", "lateral-movement", "TA0008").
func FindTactic(s string) (Tactic, bool) {
	key := squeeze(s)
	for _, t := range tactics {
		if key == squeeze(t.Name) || t.ID != "" && strings.EqualFold(s, t.ID) {
			return t, true
		}
	}
	return Tactic{}, false
}

// TacticName is FindTactic's Sentinel name.
func TacticName(s string) (string, bool) {
	t, ok := FindTactic(s)
	return t.Name, ok
}

func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '_' || r == '&' {
			return -1
		}
		return r
	}, strings.ToLower(strings.ReplaceAll(s, "&", "and")))
}
