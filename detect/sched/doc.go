// Package sched says when a rule runs and what each run sees: the windows, delays and
// pauses of Sentinel's scheduled and NRT rules, of Defender's custom detections, and
// of hunting queries, which have no schedule.
//
// It has no clock. A Clock is stepped from run to run, by replay as fast as it can,
// by a server when the time has come (Run.Made). It imports detect/alert and
// detect/rule. Start at Of and Schedule.Begin.
package sched
