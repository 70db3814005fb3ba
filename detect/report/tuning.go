package report

import (
	"fmt"

	"quarry/detect"
)

// Tuned tells what a tuning file did to a hunt, a line for each: what each exclusion
// hid, the severities it changed, what did not fit, what was not applied.
func Tuned(r *detect.Result) (hidden, changed, problems []string) {
	for _, h := range r.Summary.Hidden {
		hidden = append(hidden, fmt.Sprintf("%s: %s (%s: %s)", h.Exclusion, plural(h.Rows, "row"), h.Owner, h.Reason))
	}
	for _, x := range r.Rules {
		if x.SeverityWas != "" && (x.Hits > 0 || len(x.Hidden) > 0) {
			changed = append(changed, fmt.Sprintf("%s: %s in place of %s", x.Name, x.Severity, x.SeverityWas))
		}
		problems = append(problems, x.TuningProblems...)
	}
	return hidden, changed, append(problems, r.Summary.NotApplied...)
}
