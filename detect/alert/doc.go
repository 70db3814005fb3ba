// Package alert turns the result rows of one run of a rule into alerts, and alerts
// into incidents, as Microsoft Sentinel and Defender XDR do: the threshold, one alert
// or one for each row, the caps, dynamic names and severities, custom details,
// entities, and the grouping into incidents.
//
// It is pure: no input or output, no clock, and the same rows in the same order give
// the same alerts with the same ids. It imports detect/attack, detect/rule and kql/types. Start at
// From, then Grouper. What is emulated and what is not stands in docs/replay.md.
package alert
