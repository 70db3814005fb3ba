// Package detect runs many rules over one set of logs and says of each what came
// of it: it fired, it stayed quiet, it was refused (why, where), or it needs a table
// that is not there.
//
// It owns Result, which `quarry hunt --format json` prints and detect/report
// renders, and keeps one rule's failure away from the others. It imports hunt,
// detect/rule and kql packages; queries run through the Runner that the caller passes
// in, which makes them ready all together (Session) or one by one (Each). Start at Hunt.
package detect
