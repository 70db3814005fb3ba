package simulate

import "quarry/kql/types"

const attacker = "198.51.100.250"

// logonStep is n logons from the attacker's address, a second apart.
func logonStep(after int64, n int, action, from string, each func(i int) []field) step {
	return step{table: "DeviceLogonEvents", after: after, action: action, repeat: n, every: types.Second, each: each, fields: []field{
		{"LogonType", "Network"}, {"Protocol", "NTLM"}, {"AccountDomain", netbios}, {"RemoteIP", from}, {"RemoteDeviceName", ""}, {"RemotePort", port},
		{"LogonId", 0}, {"FailureReason", pickText(action == "LogonFailed", "InvalidUserNameOrPassword", "")}}}
}

func named(name any) func(int) []field {
	return func(int) []field { return []field{{"AccountName", name}} }
}

func numbered(first int) func(int) []field {
	return func(i int) []field { return []field{{"AccountName", "user" + digits(first+i)}} }
}

// passwordSpray is one address that tries many accounts.
func passwordSpray() []plantCase {
	rules := []string{"One address fails on many accounts"}
	return []plantCase{
		{name: "nine accounts", expect: fires, rules: rules, why: "nine accounts fail from one address within seconds",
			steps: []step{logonStep(0, 9, "LogonFailed", "198.51.100.251", numbered(0))}},
		{name: "one too few", expect: quiet, rules: rules, why: "seven accounts fail, one fewer than the rule asks for",
			steps: []step{logonStep(0, 7, "LogonFailed", "198.51.100.252", numbered(0))}},
		{name: "one account", expect: quiet, rules: rules, why: "nine failures on a single account",
			steps: []step{logonStep(0, 9, "LogonFailed", "198.51.100.253", named(account))}},
		{name: "successes", expect: quiet, rules: rules, why: "nine accounts log on, and none fails",
			steps: []step{logonStep(0, 9, "LogonSuccess", "198.51.100.254", numbered(0))}},
	}
}

// passwordGuessing is many failures of an account and then a success.
func passwordGuessing() []plantCase {
	rules := []string{"Password guessing that succeeded"}
	const window = 15 * types.Minute
	guess := func(n int) step { return logonStep(0, n, "LogonFailed", attacker, named(account)) }
	return []plantCase{
		{name: "twelve failures", expect: fires, rules: rules, why: "twelve failures and a success within a minute",
			steps: []step{guess(12), logonStep(30*types.Second, 1, "LogonSuccess", attacker, named(account))}},
		{name: "edge", expect: fires, rules: rules, why: "the first of ten failures is exactly 15 minutes before the success",
			steps: []step{guess(10), logonStep(window, 1, "LogonSuccess", attacker, named(account))}},
		{name: "late", expect: quiet, rules: rules, why: "the first of ten failures is 15 minutes and a tick before the success",
			steps: []step{guess(10), logonStep(window+1, 1, "LogonSuccess", attacker, named(account))}},
		{name: "no success", expect: quiet, rules: rules, why: "twelve failures and nothing else", steps: []step{guess(12)}},
		{name: "other source", expect: quiet, rules: rules, why: "the success comes from another address",
			steps: []step{guess(12), logonStep(30*types.Second, 1, "LogonSuccess", "198.51.100.249", named(account))}},
		{name: "before", expect: quiet, rules: rules, why: "the success comes before the failures",
			steps: []step{logonStep(-types.Second, 1, "LogonSuccess", attacker, named(account)), guess(12)}},
	}
}

// newAdmin is a local account that is created and becomes an administrator.
func newAdmin() []plantCase {
	rules := []string{"New local account made administrator"}
	steps := func(after int64, on int, sid any) []step {
		return []step{
			{table: "DeviceEvents", action: "UserAccountCreated", fields: []field{{"AccountSid", newSID}, {"AccountName", "support"}, {"InitiatingProcessAccountName", "ops"}}},
			{table: "DeviceEvents", after: after, on: on, action: "UserAccountAddedToLocalGroup", fields: []field{
				{"AccountSid", sid}, {"InitiatingProcessAccountName", "ops"}, {"AdditionalFields", json(`{"GroupName":"Administrators","GroupSid":"S-1-5-32-544"}`)}}},
		}
	}
	cases := []plantCase{
		{name: "in a minute", expect: fires, rules: rules, why: "created, and an administrator a minute later", steps: steps(types.Minute, 0, newSID)},
		{name: "edge", expect: fires, rules: rules, why: "an administrator exactly an hour later", steps: steps(types.Hour, 0, newSID)},
		{name: "late", expect: quiet, rules: rules, why: "an administrator an hour and a tick later", steps: steps(types.Hour+1, 0, newSID)},
		{name: "other account", expect: quiet, rules: rules, why: "another account becomes an administrator", steps: steps(types.Minute, 0, sidBase+"9999")},
		{name: "other device", expect: quiet, rules: rules, why: "the account becomes an administrator of another device", steps: steps(types.Minute, 1, newSID)},
		{name: "out of order", expect: quiet, rules: rules, why: "the group changes a tick before the account is created", steps: steps(-1, 0, newSID)},
	}
	for i := range cases {
		cases[i].also = []string{"Account added to local administrators"}
	}
	return cases
}

// start is a step that starts a program.
func start(after int64, folder, name, command, parent, parentCommand string) step {
	return step{table: "DeviceProcessEvents", after: after, action: "ProcessCreated", fields: []field{
		{"FileName", name}, {"FolderPath", folder + name}, {"ProcessCommandLine", command}, {"ProcessId", 6020}, {"ProcessIntegrityLevel", "Medium"},
		{"AccountDomain", netbios}, {"AccountName", "alex.adams"}, {"InitiatingProcessFileName", parent}, {"InitiatingProcessCommandLine", parentCommand},
		{"InitiatingProcessParentFileName", "explorer.exe"}, {"InitiatingProcessId", 5512}}}
}

// officeMacro is a document that starts an interpreter.
func officeMacro() []plantCase {
	rules := []string{"Office program starts an interpreter"}
	return []plantCase{
		{name: "Word", expect: fires, rules: rules, why: "Word starts PowerShell",
			steps: []step{start(0, sys32+`WindowsPowerShell\v1.0\`, "powershell.exe", "powershell.exe -w hidden -c iwr", "WINWORD.EXE", `"WINWORD.EXE" /n invoice.docm`)}},
		{name: "a printer", expect: quiet, rules: rules, why: "Word adds a printer with rundll32",
			steps: []step{start(0, sys32, "rundll32.exe", `rundll32.exe printui.dll,PrintUIEntry /in /n \\print01\p`, "WINWORD.EXE", `"WINWORD.EXE"`)}},
		{name: "the shell", expect: quiet, rules: rules, why: "the user starts PowerShell",
			steps: []step{start(0, sys32+`WindowsPowerShell\v1.0\`, "powershell.exe", "powershell.exe", "explorer.exe", "explorer.exe")}},
	}
}

// credentialDump is the memory of lsass.exe written to a file.
func credentialDump() []plantCase {
	rules := []string{"LSASS memory dumped with a system tool"}
	return []plantCase{
		{name: "comsvcs", expect: fires, rules: rules, why: "rundll32 writes the memory of lsass.exe to a file",
			steps: []step{start(0, sys32, "rundll32.exe", `rundll32.exe C:\windows\System32\comsvcs.dll, MiniDump 624 C:\Temp\l.dmp full`, "cmd.exe", "cmd.exe")}},
		{name: "another program", expect: quiet, rules: rules, why: "procdump writes the memory of Excel",
			steps: []step{start(0, `C:\Temp\`, "procdump64.exe", "procdump64.exe -ma excel.exe out.dmp", "cmd.exe", "cmd.exe")}},
	}
}

// logsCleared is somebody who wipes traces.
func logsCleared() []plantCase {
	rules := []string{"Windows event log cleared"}
	return []plantCase{
		{name: "the log says so", expect: fires, rules: rules, why: "the security log was cleared",
			steps: []step{{table: "DeviceEvents", action: "SecurityLogCleared", fields: []field{{"InitiatingProcessAccountName", "alex.adams"}, {"InitiatingProcessAccountDomain", netbios}}}}},
		{name: "an export", expect: quiet, rules: rules, why: "wevtutil exports a log",
			steps: []step{start(0, sys32, "wevtutil.exe", `wevtutil.exe epl Security C:\Cases\clients.evtx`, "cmd.exe", "cmd.exe")}},
	}
}
