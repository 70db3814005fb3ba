package detect

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"quarry/detect/rule"
	"quarry/detect/tuning"
	"quarry/engine"
	"quarry/kql/types"
)

// tune leaves out what exclusions hide and gives the rule its severity. The error is
// for a cancelled context.
func (r *RuleResult) tune(ctx context.Context, of *rule.Rule, from engine.Rows, opts Options) (engine.Rows, error) {
	if opts.Tuning == nil {
		return from, nil
	}
	if o := opts.Tuning.Severity(of); o != nil && o.Severity != r.Severity {
		r.SeverityWas, r.Severity = r.Severity, o.Severity
		if r.SeverityWas == "" {
			r.SeverityWas = "none"
		}
	}
	if !slices.ContainsFunc(opts.Tuning.Exclusions, func(e *tuning.Exclusion) bool { return e.Of(of) }) {
		return from, nil // as they stream
	}
	rows, more, err := engine.Collect(from, int(opts.MaxHits))
	if err != nil {
		return nil, err
	}
	if more {
		return nil, errTooMany(opts.MaxHits)
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
	return engine.FromRows(kept), nil
}

// HiddenRows is the number of rows that exclusions hid.
func (r *RuleResult) HiddenRows() int64 {
	n := int64(0)
	for _, h := range r.Hidden {
		n += h.Rows
	}
	return n
}
