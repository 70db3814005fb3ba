package syntax

// Infix returns the spellings that Binary.Op and In.Op have in a tree.
func Infix() []string {
	ops := []string{"and", "or", "==", "!="}
	for k := tEnd; k < numKinds; k++ {
		for _, of := range []func(kind) string{stringOp, multiplicativeOp, additiveOp, relationalOp, listOp} {
			if op := of(k); op != "" && !contains(ops, op) {
				ops = append(ops, op)
			}
		}
	}
	return ops
}

// stringOp is the spelling, in the tree, of an operator that binds tightest, or "":
// the string operators do.
func stringOp(k kind) string {
	switch k {
	case tEqTilde:
		return "=~"
	case tNotTilde:
		return "!~"
	case tColon:
		return ":"
	case tMatchesRegex:
		return "matches regex"
	case kwHas:
		return "has"
	case tNotHas:
		return "!has"
	case kwHasCs:
		return "has_cs"
	case tNotHasCs:
		return "!has_cs"
	case kwHasprefix:
		return "hasprefix"
	case tNotHasPrefix:
		return "!hasprefix"
	case kwHasprefixCs:
		return "hasprefix_cs"
	case tNotHasPrefixCs:
		return "!hasprefix_cs"
	case kwHassuffix:
		return "hassuffix"
	case tNotHasSuffix:
		return "!hassuffix"
	case kwHassuffixCs:
		return "hassuffix_cs"
	case tNotHasSuffixCs:
		return "!hassuffix_cs"
	case kwContains:
		return "contains"
	case kwNotcontains, tNotContains:
		return "!contains"
	case kwContainsCs, kwContainscs:
		return "contains_cs"
	case kwNotcontainscs, tNotContainsCs:
		return "!contains_cs"
	case kwStartswith:
		return "startswith"
	case tNotStartsWith:
		return "!startswith"
	case kwStartswithCs:
		return "startswith_cs"
	case tNotStartsWithCs:
		return "!startswith_cs"
	case kwEndswith:
		return "endswith"
	case tNotEndsWith:
		return "!endswith"
	case kwEndswithCs:
		return "endswith_cs"
	case tNotEndsWithCs:
		return "!endswith_cs"
	case kwLike:
		return "like"
	case kwNotlike:
		return "notlike"
	case kwLikecs:
		return "likecs"
	case kwNotlikecs:
		return "notlikecs"
	}
	return ""
}

func multiplicativeOp(k kind) string {
	switch k {
	case tStar:
		return "*"
	case tSlash:
		return "/"
	case tPercent:
		return "%"
	}
	return ""
}

func additiveOp(k kind) string {
	switch k {
	case tPlus:
		return "+"
	case tMinus:
		return "-"
	}
	return ""
}

func relationalOp(k kind) string {
	switch k {
	case tLess:
		return "<"
	case tLessEq:
		return "<="
	case tGreater:
		return ">"
	case tGreaterEq:
		return ">="
	}
	return ""
}

// listOp is the spelling of an operator that takes a list in parentheses.
func listOp(k kind) string {
	switch k {
	case kwIn:
		return "in"
	case kwInCI:
		return "in~"
	case tNotIn:
		return "!in"
	case tNotInCI:
		return "!in~"
	case kwHasAny:
		return "has_any"
	case kwHasAll:
		return "has_all"
	}
	return ""
}
