package builtin

// groups lists the files of rows in the order of the reference.
func groups() []group {
	return []group{
		{"query", specialRows},
		{"operator", infixRows},
		{"string", stringRows},
		{"network", netRows},
	}
}
