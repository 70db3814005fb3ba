package alert

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"quarry/detect/rule"
	"quarry/kql/types"
)

// wireNames are the entity types as the table SecurityAlert writes them.
var wireNames = map[string]string{
	"Account": "account", "AzureResource": "azure-resource", "CloudApplication": "cloud-application", "DNS": "dns",
	"File": "file", "FileHash": "filehash", "Host": "host", "IoTDevice": "iotdevice", "IP": "ip", "Mailbox": "mailbox",
	"MailCluster": "mailCluster", "MailMessage": "mailMessage", "Malware": "malware", "Process": "process",
	"RegistryKey": "registry-key", "RegistryValue": "registry-value", "SecurityGroup": "security-group",
	"SubmissionMail": "SubmissionMail", "URL": "url",
}

// typeName is an entity type as rules write it, from either name in any case.
func typeName(s string) string {
	for t, w := range wireNames {
		if strings.EqualFold(s, t) || strings.EqualFold(s, w) {
			return t
		}
	}
	return s
}

// appendJSON appends the entity as SecurityAlert writes it; n is its number there.
func (e Entity) appendJSON(b []byte, n int) []byte {
	b = append(b, `{"$id":"`+strconv.Itoa(n)+`"`...)
	for _, f := range e.Fields {
		b = types.DynText(f.Name).AppendJSON(append(b, ','))
		b = types.DynText(f.Value).AppendJSON(append(b, ':'))
	}
	kind := e.Type
	if wire, ok := wireNames[typeName(kind)]; ok {
		kind = wire
	}
	b = append(b, `,"Type":`...)
	return append(types.DynText(kind).AppendJSON(b), '}')
}

// EntitiesJSON is the alert's entities as the column Entities holds them.
func (a *Alert) EntitiesJSON() string {
	b := []byte{'['}
	for i, e := range a.Entities {
		if i > 0 {
			b = append(b, ',')
		}
		b = e.appendJSON(b, i+1)
	}
	return string(append(b, ']'))
}

// Schema is the columns of Record, a part of the table SecurityAlert.
func Schema() types.Schema {
	s := types.Schema{{Name: "TimeGenerated", Type: types.Datetime}}
	for _, name := range []string{"AlertLink", "AlertName", "AlertSeverity", "AlertType", "CompromisedEntity", "ConfidenceLevel"} {
		s = append(s, types.Column{Name: name, Type: types.String})
	}
	s = append(s, types.Column{Name: "ConfidenceScore", Type: types.Real})
	for _, name := range []string{"Description", "DisplayName"} {
		s = append(s, types.Column{Name: name, Type: types.String})
	}
	s = append(s, types.Column{Name: "EndTime", Type: types.Datetime})
	for _, name := range []string{"Entities", "ExtendedLinks", "ExtendedProperties"} {
		s = append(s, types.Column{Name: name, Type: types.String})
	}
	s = append(s, types.Column{Name: "IsIncident", Type: types.Bool}, types.Column{Name: "ProcessingEndTime", Type: types.Datetime})
	for _, name := range []string{"ProductComponentName", "ProductName", "ProviderName", "RemediationSteps"} {
		s = append(s, types.Column{Name: name, Type: types.String})
	}
	s = append(s, types.Column{Name: "StartTime", Type: types.Datetime})
	for _, name := range []string{"Status", "SubTechniques", "SystemAlertId", "Tactics", "Techniques", "VendorName", "Type"} {
		s = append(s, types.Column{Name: name, Type: types.String})
	}
	return s
}

// Record is the alert as a row of SecurityAlert, in the columns of Schema. Product and
// provider are those of the service whose rules these are, so that rules which read
// the table find it as they know it.
func (a *Alert) Record() []types.Value {
	made := types.FromTime(a.Run.Made)
	text := map[string]string{
		"AlertName": a.Name, "DisplayName": a.Name, "AlertSeverity": a.Severity, "AlertType": a.Rule.ID, "Description": a.Description,
		"Entities": a.EntitiesJSON(), "ExtendedProperties": a.extendedProperties(), "Status": "New", "SystemAlertId": a.ID,
		"Tactics": strings.Join(a.Tactics, ", "), "Techniques": jsonList(a.Techniques), "SubTechniques": jsonList(a.SubTech),
		"VendorName": "Microsoft", "ProductName": "Azure Sentinel", "ProductComponentName": "Scheduled Alerts",
		"ProviderName": "ASI Scheduled Alerts", "Type": "SecurityAlert",
	}
	switch a.Rule.Kind {
	case rule.NRT:
		text["ProductComponentName"], text["ProviderName"] = "NRT Alerts", "ASI NRT Alerts"
	case rule.Custom:
		text["ProductComponentName"], text["ProductName"], text["ProviderName"] = "Custom detection", "Microsoft Defender XDR", "MTP"
	}
	if len(a.Entities) > 0 {
		text["CompromisedEntity"] = a.Entities[0].Fields[0].Value
	}
	var score types.Value
	for _, p := range a.Properties {
		if strings.EqualFold(p.Name, "ConfidenceScore") {
			score, _ = strconv.ParseFloat(p.Value, 64)
			continue
		}
		for _, name := range dynamicColumns {
			if strings.EqualFold(name, p.Name) {
				text[name] = p.Value
			}
		}
	}
	schema := Schema()
	row := make([]types.Value, len(schema))
	for i, c := range schema {
		switch c.Name {
		case "TimeGenerated", "ProcessingEndTime":
			row[i] = made
		case "StartTime":
			row[i] = types.FromTime(a.Start)
		case "EndTime":
			row[i] = types.FromTime(a.End)
		case "ConfidenceScore":
			row[i] = score
		case "IsIncident":
			row[i] = false
		default:
			row[i] = text[c.Name]
		}
	}
	return row
}

// dynamicColumns are the dynamic properties that are a column of their own as text.
var dynamicColumns = []string{"AlertLink", "ConfidenceLevel", "ExtendedLinks", "ProductName", "ProviderName", "ProductComponentName", "RemediationSteps"}

// property is a member of ExtendedProperties.
type property struct{ name, value string }

func (a *Alert) extendedProperties() string {
	r := a.Rule
	list := []property{
		{"Query Period", clock(a.Run.At.Sub(a.Run.From))},
		{"Query Start Time UTC", a.Run.From.UTC().Format("2006-01-02 15:04:05Z")},
		{"Query End Time UTC", a.Run.At.UTC().Format("2006-01-02 15:04:05Z")},
	}
	if t := r.Trigger; t != nil {
		operator := map[string]string{">": "GreaterThan", "<": "LessThan", "==": "Equal", "!=": "NotEqual"}[t.Symbol()]
		list = append(list, property{"Trigger Operator", operator}, property{"Trigger Threshold", strconv.Itoa(t.Threshold)})
	}
	aggregation := "SingleAlert"
	if perRow(r) {
		aggregation = "AlertPerResult"
	}
	ids, _ := json.Marshal([]string{r.ID})
	list = append(list,
		property{"Query Results Aggregation Kind", aggregation},
		property{"Search Query Results Overall Count", strconv.Itoa(a.Rows)},
		property{"Analytic Rule Ids", string(ids)},
		property{"Analytic Rule Name", r.Name},
		property{"Query", "set query_now = datetime(" + types.FormatDatetime(types.FromTime(a.Run.At)) + ");\n" + r.Query})
	if len(a.Details) > 0 {
		list = append(list, property{"Custom Details", a.DetailsJSON()})
	}
	b := []byte{'{'}
	for i, p := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = types.DynText(p.name).AppendJSON(b)
		b = types.DynText(p.value).AppendJSON(append(b, ':'))
	}
	return string(append(b, '}'))
}

// DetailsJSON is the custom details as Sentinel writes them: {"name":["value", ...]}.
func (a *Alert) DetailsJSON() string {
	b := []byte{'{'}
	for i, d := range a.Details {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(types.DynText(d.Name).AppendJSON(b), ':')
		b = append(b, jsonList(d.Values)...)
	}
	return string(append(b, '}'))
}

func jsonList(list []string) string {
	items := make([]types.Dyn, len(list))
	for i, s := range list {
		items[i] = types.DynText(s)
	}
	return types.DynList(items).String()
}

// clock writes a duration as .NET does: 05:00:00, 14.00:00:00.
func clock(d time.Duration) string {
	return strings.TrimSuffix(types.FormatTimespan(int64(d/100)), ".0000000")
}
