package catalog

import "quarry/detect/rule"

// Row is one row of the catalogue. Values are text as the rule's file has them ("Lateral
// movement", "gt", "1d"), "" for what a rule does not say. The order of the fields is
// the order of the published columns, and docs/schema/catalog.schema.json describes the
// JSON.
type Row struct {
	Tactic               string `json:"Tactic"`
	TechniqueID          string `json:"TechniqueId"`
	Platform             string `json:"Platform"`
	DetectionType        string `json:"DetectionType"` // Analytics, Hunting, Fusion, Summary
	DetectionService     string `json:"DetectionService"`
	DetectionID          string `json:"DetectionId"`
	DetectionName        string `json:"DetectionName"`
	DetectionDescription string `json:"DetectionDescription"`
	ConnectorID          string `json:"ConnectorId"`
	DataTypes            string `json:"DataTypes"` // one data type
	Query                string `json:"Query"`
	QueryFrequency       string `json:"QueryFrequency"`
	QueryPeriod          string `json:"QueryPeriod"`
	TriggerOperator      string `json:"TriggerOperator"`
	TriggerThreshold     string `json:"TriggerThreshold"`
	DetectionSeverity    string `json:"DetectionSeverity"`
	DetectionURL         string `json:"DetectionUrl"`
	IngestedDate         string `json:"IngestedDate"` // 2006-01-02
}

// Columns are the names of a row's fields, in order.
func Columns() []string {
	return []string{"Tactic", "TechniqueId", "Platform", "DetectionType", "DetectionService", "DetectionId", "DetectionName", "DetectionDescription",
		"ConnectorId", "DataTypes", "Query", "QueryFrequency", "QueryPeriod", "TriggerOperator", "TriggerThreshold", "DetectionSeverity", "DetectionUrl", "IngestedDate"}
}

// Values are the fields of the row, in the order of Columns.
func (r *Row) Values() []string {
	return []string{r.Tactic, r.TechniqueID, r.Platform, r.DetectionType, r.DetectionService, r.DetectionID, r.DetectionName, r.DetectionDescription,
		r.ConnectorID, r.DataTypes, r.Query, r.QueryFrequency, r.QueryPeriod, r.TriggerOperator, r.TriggerThreshold, r.DetectionSeverity, r.DetectionURL, r.IngestedDate}
}

// What the derivation gives a rule that names no connector.
const (
	customConnector = "CustomConnector"
	customTable     = "_CL" // after the name of the folder that the rule lies in
)

// maxRows bounds the rows of one rule; the largest public one has some hundreds.
const maxRows = 100_000

// rows derives a rule's rows: tactics outermost, then techniques, connectors, data
// types and, innermost, platforms. A list that is absent or empty counts as one empty
// value. No rows at all come of a rule whose connectors read [{connectorId: []}]. ok is
// false when there would be more than maxRows.
func (d *deriver) rows(r *rule.Rule) (out []Row, ok bool) {
	base := d.base(r)
	if len(r.PageRows) > 0 {
		out = make([]Row, len(r.PageRows))
		for i, p := range r.PageRows {
			out[i] = base
			out[i].Tactic, out[i].TechniqueID, out[i].Platform, out[i].ConnectorID, out[i].DataTypes = p.Tactic, p.Technique, p.Platform, p.Connector, p.DataType
		}
		return out, true
	}
	tactics := orEmpty(texts(r.Doc().Get("tactics"), r.Tactics))
	techniques := orEmpty(texts(r.Doc().Get("relevantTechniques"), r.Techniques))
	connectors := d.connectors(r)
	sources := 0
	for _, c := range connectors {
		sources += len(orEmpty(c.DataTypes)) * len(orEmpty(c.platforms))
	}
	if len(tactics)*len(techniques) > maxRows || len(tactics)*len(techniques)*sources > maxRows {
		return nil, false
	}
	for _, tactic := range tactics {
		for _, technique := range techniques {
			for _, c := range connectors {
				for _, dataType := range orEmpty(c.DataTypes) {
					for _, platform := range orEmpty(c.platforms) {
						row := base
						row.Tactic, row.TechniqueID, row.Platform, row.ConnectorID, row.DataTypes = tactic, technique, platform, c.ID, dataType
						out = append(out, row)
					}
				}
			}
		}
	}
	return out, true
}

// base is what all rows of a rule share.
func (d *deriver) base(r *rule.Rule) Row {
	from := d.origin(r)
	doc := r.Doc()
	operator, threshold := "", ""
	if r.Trigger != nil {
		operator, threshold = r.Trigger.Operator, text(doc.Get("triggerThreshold"), itoa(r.Trigger.Threshold))
	}
	row := Row{
		DetectionType: from.kind, DetectionService: from.service, DetectionID: r.ID,
		DetectionName: text(doc.Get("name"), r.Name), DetectionDescription: text(doc.Get("description"), r.Description), Query: r.Query,
		QueryFrequency: r.QueryFrequency, QueryPeriod: r.QueryPeriod, TriggerOperator: operator, TriggerThreshold: threshold,
		DetectionSeverity: text(doc.Get("severity"), r.Severity), DetectionURL: from.url, IngestedDate: r.Ingested,
	}
	if row.IngestedDate == "" {
		row.IngestedDate = d.Ingested
	}
	return row
}

type connector struct {
	rule.Connector
	platforms []string
}

// connectors are what a rule says of its data; none for [{connectorId: []}], which the
// derivation leaves out.
func (d *deriver) connectors(r *rule.Rule) []connector {
	list := r.Connectors
	if n := r.Doc().Get("requiredDataConnectors"); n.IsList() {
		list = nil
		for _, item := range n.Items() {
			if !item.IsMap() {
				continue
			}
			if id := item.Get("connectorId"); id.IsList() && len(id.Items()) == 0 && len(item.Members()) == 1 && len(n.Items()) == 1 {
				return nil
			}
			list = append(list, rule.Connector{ID: item.Get("connectorId").Text(), DataTypes: texts(item.Get("dataTypes"), nil)})
		}
	}
	if len(list) == 0 {
		return []connector{{Connector: rule.Connector{ID: customConnector, DataTypes: []string{d.folder(r) + customTable}}}}
	}
	out := make([]connector, len(list))
	for i, c := range list {
		out[i] = connector{c, d.platforms[c.ID]}
	}
	return out
}

// text is a scalar as the file has it, else what the rule's reader made of it.
func text(n *rule.Node, read string) string {
	if n.IsText() {
		return n.Text()
	}
	return read
}

// texts is a list of the file, with one scalar as a list of one.
func texts(n *rule.Node, read []string) []string {
	switch {
	case n.IsText():
		return []string{n.Text()}
	case !n.IsList():
		return read
	}
	var out []string
	for _, item := range n.Items() {
		out = append(out, item.Text())
	}
	return out
}

func orEmpty(list []string) []string {
	if len(list) == 0 {
		return []string{""}
	}
	return list
}
