package attack

import (
	"slices"
	"testing"
)

func TestTable(t *testing.T) {
	table, err := parse(techniquesText)
	if err != nil {
		t.Fatal(err)
	}
	var techniques, subs int
	for _, x := range table.list {
		if x.Name == "" || len(x.Tactics) == 0 {
			t.Errorf("%s has no name or no tactic", x.ID)
		}
		if p, ok := table.byID[x.Parent]; x.Parent != "" && !ok {
			t.Errorf("%s: no parent %s", x.ID, x.Parent)
		} else if x.Parent != "" && !x.Retired() && !slices.Equal(x.Tactics, table.list[p].Tactics) {
			t.Errorf("%s has other tactics than %s", x.ID, x.Parent)
		}
		if s, ok := table.byID[x.Successor]; ok && table.list[s].Retired() {
			t.Errorf("%s: the successor %s is retired too", x.ID, x.Successor)
		}
		switch {
		case x.ICS || x.Retired():
		case x.Parent == "":
			techniques++
		default:
			subs++
		}
	}
	// What ATT&CK says of its release 18: 216 techniques, 475 sub-techniques.
	if techniques != 216 || subs != 475 {
		t.Errorf("%d techniques and %d sub-techniques, want 216 and 475", techniques, subs)
	}
}

func TestFindTechnique(t *testing.T) {
	for _, c := range []struct {
		id, name, successor string
		tactics             []string
	}{
		{"T1053", "Scheduled Task/Job", "", []string{"Execution", "Persistence", "PrivilegeEscalation"}},
		{"t1053.005", "Scheduled Task", "", []string{"Execution", "Persistence", "PrivilegeEscalation"}},
		{"T1086", "PowerShell", "T1059.001", []string{"Execution"}},
		{"T1574.002", "DLL", "T1574.001", []string{"Persistence", "PrivilegeEscalation", "DefenseEvasion"}},
		{"T0855", "Unauthorized Command Message", "", []string{"ImpairProcessControl"}},
	} {
		x, ok := FindTechnique(c.id)
		if !ok || x.Name != c.name || x.Successor != c.successor || !slices.Equal(x.Tactics, c.tactics) {
			t.Errorf("%s: %+v, %v", c.id, x, ok)
		}
	}
	for _, id := range []string{"", "T1", "T9999", "T1053.099", "T1053.5"} {
		if x, ok := FindTechnique(id); ok {
			t.Errorf("%q: %+v", id, x)
		}
	}
}

func TestServes(t *testing.T) {
	for _, c := range []struct {
		id, tactic string
		want       bool
	}{
		{"T1021.002", "LateralMovement", true},
		{"T1021.002", "Lateral movement", true},
		{"T1021.002", "Persistence", false},
		{"T1595", "PreAttack", true},
		{"T1059", "PreAttack", false},
		{"T1059", "Executing", false},
	} {
		x, ok := FindTechnique(c.id)
		if !ok || x.Serves(c.tactic) != c.want {
			t.Errorf("%s serves %s: want %v", c.id, c.tactic, c.want)
		}
	}
}

func TestSplitID(t *testing.T) {
	for _, c := range []struct {
		in, technique, sub string
		ok                 bool
	}{
		{"T1059", "T1059", "", true},
		{"T1059.001", "T1059", "001", true},
		{"T1059.01", "", "", false},
		{"T1059.", "", "", false},
		{"t1059", "", "", false},
		{"T105", "", "", false},
		{"T10590", "", "", false},
		{" T1059", "", "", false},
		{"", "", "", false},
	} {
		a, b, ok := SplitID(c.in)
		if a != c.technique || b != c.sub || ok != c.ok {
			t.Errorf("%q: %q %q %v", c.in, a, b, ok)
		}
	}
}
