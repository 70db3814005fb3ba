// Package winevent owns the common form of a Windows event and the readers of
// the JSON forms in which such events travel: NXLog, winlogbeat, PowerShell's
// Get-WinEvent, and Log Analytics exports.
//
// It imports only kql/types of this module. Start at Event, then FromJSON.
package winevent
