package simulate

import (
	"fmt"
	"strconv"
	"strings"

	"quarry/events/schema"
	"quarry/kql/types"
)

// kind is a table that rows are made of.
type kind struct {
	name   string
	weight float64 // rows of a thousand, about
	// make decides what happens; the event has its table, time, device and salt.
	make func(g *generator, e *event)
}

// kinds are all tables, with the shares that they have in a company of this kind.
var kinds = []kind{
	{"DeviceNetworkEvents", 210, (*generator).connection},
	{"DeviceProcessEvents", 170, (*generator).process},
	{"DeviceFileEvents", 150, (*generator).file},
	{"DeviceRegistryEvents", 80, (*generator).registry},
	{"DeviceImageLoadEvents", 80, (*generator).imageLoad},
	{"DeviceEvents", 70, (*generator).deviceEvent},
	{"DeviceLogonEvents", 45, (*generator).logon},
	{"DeviceInfo", 4, (*generator).inventory},
	{"DeviceNetworkInfo", 3, (*generator).inventory},
	{"DeviceFileCertificateInfo", 4, (*generator).certificate},
	{"DeviceTvmSoftwareInventory", 4, (*generator).software},
	{"DeviceTvmSoftwareVulnerabilities", 3, (*generator).software},
	{"DeviceTvmSoftwareVulnerabilitiesKB", 1, (*generator).software},
	{"DeviceTvmSecureConfigurationAssessment", 3, (*generator).software},
	{"DeviceTvmSecureConfigurationAssessmentKB", 1, (*generator).software},
	{"DeviceBehaviorInfo", 0.5, (*generator).behavior},
	{"DeviceBehaviorEntities", 1, (*generator).behavior},
	{"DeviceCustomNetworkEvents", 2, (*generator).connection},
	{"DeviceCustomProcessEvents", 2, (*generator).custom},
	{"DeviceCustomFileEvents", 2, (*generator).file},
	{"DeviceCustomRegistryEvents", 1, (*generator).registry},
	{"DeviceCustomImageLoadEvents", 1, (*generator).imageLoad},
	{"DeviceCustomScriptEvents", 1, (*generator).custom},
	{"SigninLogs", 25, (*generator).signIn},
	{"AADNonInteractiveUserSignInLogs", 30, (*generator).signIn},
	{"AuditLogs", 8, (*generator).directoryAudit},
	{"EmailEvents", 20, (*generator).email},
	{"EmailUrlInfo", 15, (*generator).mailPart},
	{"EmailAttachmentInfo", 8, (*generator).mailPart},
	{"UrlClickEvents", 2, (*generator).mailPart},
	{"CloudAppEvents", 20, (*generator).cloudApp},
	{"OfficeActivity", 18, (*generator).cloudApp},
	{"SecurityEvent", 25, (*generator).securityEvent},
	{"SecurityAlert", 0.3, (*generator).alert},
	{"IdentityLogonEvents", 12, (*generator).identityLogon},
	{"IdentityInfo", 1, (*generator).identity},
}

// Tables lists what can be made.
func Tables() []string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.name
	}
	return names
}

// mixture is the tables of one run.
type mixture struct {
	kinds []kind
	pick  draw
}

// has reports whether a table is among those to make.
func (m *mixture) has(table string) bool { return m.index(table) >= 0 }

func (m *mixture) index(table string) int {
	for i, k := range m.kinds {
		if k.name == table {
			return i
		}
	}
	return -1
}

// mix reads Options.Tables.
func (o Options) mix() (*mixture, error) {
	m := &mixture{}
	if o.Tables == "" {
		m.kinds = kinds
	}
	for item := range strings.SplitSeq(o.Tables, ",") {
		if item = strings.TrimSpace(item); item == "" {
			continue
		}
		name, share, weighed := strings.Cut(item, "=")
		at := (&mixture{kinds: kinds}).index(name)
		if at < 0 {
			return nil, fmt.Errorf("no rows of the table %q are made; known are %s", name, strings.Join(Tables(), ", "))
		}
		k := kinds[at]
		if m.has(name) {
			return nil, fmt.Errorf("the table %s is named twice", name)
		}
		if weighed {
			w, err := strconv.ParseFloat(share, 64)
			if err != nil || !(w > 0 && w <= 1e6) {
				return nil, fmt.Errorf("the weight of %s must be a number above 0, and %q is none", name, share)
			}
			k.weight = w
		}
		m.kinds = append(m.kinds, k)
	}
	if len(m.kinds) == 0 {
		return nil, fmt.Errorf("no table is named in %q", o.Tables)
	}
	weights := make([]float64, len(m.kinds))
	for i, k := range m.kinds {
		weights[i] = k.weight
	}
	m.pick = weighted(weights...)
	return m, nil
}

// table is a table of a run with the columns that get values.
type table struct {
	name    string
	columns []column
}

// column is a column of a table.
type column struct {
	name string
	typ  types.Type
	key  []byte // what stands before its value in JSON
	of   teller
}

// layouts finds out the columns of tables: those of the known schema that something is
// told about, in its order.
func layouts(kinds []kind) ([]*table, error) {
	set, err := schema.Core()
	if err != nil {
		return nil, err
	}
	var out []*table
	for _, k := range kinds {
		cols, ok := set.Table(k.name)
		if !ok {
			return nil, fmt.Errorf("the schema of %s is not known", k.name)
		}
		t := &table{name: k.name}
		for _, c := range cols {
			of := tellerOf(k.name, c.Name)
			if of == nil || c.Name == "TimeGenerated" && len(t.columns) > 0 && t.columns[0].name == "Timestamp" {
				continue
			}
			before := `,"`
			if len(t.columns) == 0 {
				before = `{"`
			}
			t.columns = append(t.columns, column{c.Name, c.Type, []byte(before + c.Name + `":`), of})
		}
		out = append(out, t)
	}
	return out, nil
}
