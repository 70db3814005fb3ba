// Package ruletest runs the tests that stand beside a rule: NAME.test.yaml holds
// cases of rows for tables and says whether NAME.yaml fires on them.
//
//	tests:
//	  - name: copied and run at once
//	    now: 2026-03-04T12:00:00Z     # what now() and ago() mean
//	    set: {ToleranceInSeconds: 60} # knobs, optional
//	    expect: fires                 # or quiet
//	    rows: 1                       # optional: exactly so many
//	    tables:
//	      DeviceFileEvents:
//	        - {Timestamp: 2026-03-04T10:00:00Z, FileName: a.exe}
//
// It owns the file format and the typed rows; where the rows go is the caller's
// Bench. It imports detect, detect/rule and kql/types. Start at Read and Case.Run.
package ruletest
