package main

// sections are all that can be measured, in the order of the report.
var sections = []Section{
	ingestSection(),
	mappingSection(),
	allRulesSection(),
	startSection(),
	chainSection(),
	rules20Section(),
}

func sectionNamed(name string) *Section {
	for i := range sections {
		if sections[i].Name == name {
			return &sections[i]
		}
	}
	return nil
}
