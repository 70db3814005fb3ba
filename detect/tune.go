package detect

import (
	"context"
	"fmt"
	"strings"

	"quarry/detect/rule"
	"quarry/detect/tuning"
	"quarry/kql/types"
)

// tune leaves out what exclusions hide and gives the rule its severity. The error is
// for a cancelled context.
func (r *RuleResult) tune(ctx context.Context, of *rule.Rule, rows *types.Rows, opts Options) (*types.Rows, error) {
	if opts.Tuning == nil {
		return rows, nil
	}
	if o := opts.Tuning.Severity(of); o != nil && o.Severity != r.Severity {
		r.SeverityWas, r.Severity = r.Severity, o.Severity
		if r.SeverityWas == "" {
			r.SeverityWas = "none"
		}
	}
	kept, hidden, err := opts.Tuning.Rows(ctx, of, rows, opts.Predicates)
	if kept == nil {
		return nil, err
	}
	if err != nil {
		r.TuningProblems = append(r.TuningProblems, strings.Split(err.Error(), "\n")...)
	}
	if e := opts.Tuning.Whole(of); e != nil && len(kept.Values) > 0 {
		hidden = tuning.Sum(hidden, []tuning.Hidden{e.By(int64(len(kept.Values)), 0)})
		kept = &types.Rows{Schema: kept.Schema}
	}
	r.Hidden = hidden
	if n := r.HiddenRows(); n > 0 && len(kept.Values) == 0 {
		r.Reason = fmt.Sprintf("all %d rows are hidden by exclusions", n)
	}
	return kept, nil
}

// HiddenRows is the number of rows that exclusions hid.
func (r *RuleResult) HiddenRows() int64 {
	n := int64(0)
	for _, h := range r.Hidden {
		n += h.Rows
	}
	return n
}
