package defender

func handlerKey(src source, id int) uint32 { return uint32(src)<<24 | uint32(id)&0xffffff }

// handlers is the whole mapping onto Device* tables: which event becomes which
// row. Read only.
var handlers = func() map[uint32]handler {
	all := map[uint32]handler{}
	add := func(src source, h handler, ids ...int) {
		for _, id := range ids {
			all[handlerKey(src, id)] = h
		}
	}
	add(srcSysmon, sysmonProcess, 1)
	add(srcSysmon, sysmonNetwork, 3)
	add(srcSysmon, sysmonFile, 11, 15, 23, 26, 29)
	add(srcSysmon, registry, 12, 13, 14)
	add(srcSysmon, imageLoad, 7)
	add(srcSysmon, driverLoad, 6)
	add(srcSysmon, remoteThread, 8)
	add(srcSysmon, openProcess, 10)
	add(srcSysmon, namedPipe, 17, 18)
	add(srcSysmon, wmiBinding, 19, 20, 21)
	add(srcSysmon, dnsQuery, 22)
	add(srcSysmon, tampering, 25)

	add(srcSecurity, securityProcess, 4688)
	add(srcSecurity, filterNetwork, 5156, 5157)
	add(srcSecurity, shareNetwork, 5140)
	add(srcSecurity, shareFile, 5145)
	add(srcSecurity, auditedFile, 4663)
	add(srcSecurity, logon, 4624, 4625)
	add(srcSecurity, serviceInstalled, 4697)
	for id := range taskActions {
		add(srcSecurity, scheduledTask, id)
	}
	for id := range accountActions {
		add(srcSecurity, accountChange, id)
	}
	for id := range memberActions {
		add(srcSecurity, memberChange, id)
	}
	add(srcSecurity, logCleared, 1102)

	add(srcServices, serviceInstalled, 7045)
	add(srcPowerShell, scriptBlock, 4104)
	add(srcAntivirus, threatFound, 1116)
	return all
}()

// What some Security events are called in DeviceEvents. Read only.
var (
	taskActions = map[int]string{
		4698: "ScheduledTaskCreated", 4699: "ScheduledTaskDeleted", 4700: "ScheduledTaskEnabled",
		4701: "ScheduledTaskDisabled", 4702: "ScheduledTaskUpdated",
	}
	accountActions = map[int]string{4720: "UserAccountCreated", 4726: "UserAccountDeleted"}
	memberActions  = map[int]string{4732: "UserAccountAddedToLocalGroup", 4733: "UserAccountRemovedFromLocalGroup"}
)
