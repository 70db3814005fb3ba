package rule

// Loss is a field that a format cannot say, or has to say for the rule.
type Loss struct {
	Field string // its path in Sentinel's YAML: "alertDetailsOverride.alertTacticsColumnName"
	Why   string
}

// Notes tells what became of a rule's fields when it was written.
type Notes struct {
	Lost  []Loss   // what the format has no place for
	Added []Loss   // what the format demands and the rule does not say
	Aside []string // what stands in the file, and in no place that the product reads
}

func (n *Notes) lose(field, why string) { n.Lost = append(n.Lost, Loss{field, why}) }
func (n *Notes) add(field, why string)  { n.Added = append(n.Added, Loss{field, why}) }
