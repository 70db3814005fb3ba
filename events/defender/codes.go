package defender

// Codes that Windows logs as numbers or message references, and the words that
// Defender shows for them. All read only.

var logonTypes = map[string]string{
	"0": "System", "2": "Interactive", "3": "Network", "4": "Batch", "5": "Service", "7": "Unlock", "8": "NetworkCleartext",
	"9": "NewCredentials", "10": "RemoteInteractive", "11": "CachedInteractive", "12": "CachedRemoteInteractive", "13": "CachedUnlock",
}

var elevations = map[string]string{
	"%%1936": "TokenElevationTypeDefault", "%%1937": "TokenElevationTypeFull", "%%1938": "TokenElevationTypeLimited",
}

// integrityLevels is keyed by mandatory label.
var integrityLevels = map[string]string{
	"S-1-16-0": "Untrusted", "S-1-16-4096": "Low", "S-1-16-8192": "Medium", "S-1-16-8448": "Medium",
	"S-1-16-12288": "High", "S-1-16-16384": "System", "S-1-16-20480": "Protected",
}

// failureReasons is keyed by NTSTATUS in lower case.
var failureReasons = map[string]string{
	"0xc000006a": "InvalidUserNameOrPassword", "0xc0000064": "InvalidUserNameOrPassword", "0xc000006d": "InvalidUserNameOrPassword",
	"0xc0000234": "AccountLocked", "0xc0000072": "AccountDisabled", "0xc0000193": "AccountExpired",
	"0xc0000071": "PasswordExpired", "0xc0000224": "PasswordMustChange", "0xc000006f": "InvalidLogonHours",
	"0xc0000070": "InvalidWorkstation", "0xc000015b": "UnauthorizedLogonType", "0xc000006e": "AccountRestriction",
	"0xc0000133": "ClockSkew", "0xc000005e": "NoLogonServers", "0xc0000413": "AuthenticationFirewall",
}

// protocols is keyed by IANA number.
var protocols = map[string]string{"1": "Icmp", "6": "Tcp", "17": "Udp", "58": "Icmpv6", "tcp": "Tcp", "udp": "Udp", "icmp": "Icmp"}

// activities are the titles of Security events, for SecurityEvent.Activity
// where the source brings no message of its own.
var activities = map[int]string{
	1102: "The audit log was cleared.",
	4608: "Windows is starting up.",
	4616: "The system time was changed.",
	4624: "An account was successfully logged on.",
	4625: "An account failed to log on.",
	4634: "An account was logged off.",
	4647: "User initiated logoff.",
	4648: "A logon was attempted using explicit credentials.",
	4656: "A handle to an object was requested.",
	4657: "A registry value was modified.",
	4658: "The handle to an object was closed.",
	4661: "A handle to an object was requested.",
	4662: "An operation was performed on an object.",
	4663: "An attempt was made to access an object.",
	4670: "Permissions on an object were changed.",
	4672: "Special privileges assigned to new logon.",
	4673: "A privileged service was called.",
	4688: "A new process has been created.",
	4689: "A process has exited.",
	4697: "A service was installed in the system.",
	4698: "A scheduled task was created.",
	4699: "A scheduled task was deleted.",
	4700: "A scheduled task was enabled.",
	4701: "A scheduled task was disabled.",
	4702: "A scheduled task was updated.",
	4719: "System audit policy was changed.",
	4720: "A user account was created.",
	4722: "A user account was enabled.",
	4723: "An attempt was made to change an account's password.",
	4724: "An attempt was made to reset an account's password.",
	4725: "A user account was disabled.",
	4726: "A user account was deleted.",
	4728: "A member was added to a security-enabled global group.",
	4729: "A member was removed from a security-enabled global group.",
	4732: "A member was added to a security-enabled local group.",
	4733: "A member was removed from a security-enabled local group.",
	4738: "A user account was changed.",
	4740: "A user account was locked out.",
	4741: "A computer account was created.",
	4742: "A computer account was changed.",
	4756: "A member was added to a security-enabled universal group.",
	4768: "A Kerberos authentication ticket (TGT) was requested.",
	4769: "A Kerberos service ticket was requested.",
	4771: "Kerberos pre-authentication failed.",
	4776: "The domain controller attempted to validate the credentials for an account.",
	4778: "A session was reconnected to a Window Station.",
	4779: "A session was disconnected from a Window Station.",
	4798: "A user's local group membership was enumerated.",
	4799: "A security-enabled local group membership was enumerated.",
	5136: "A directory service object was modified.",
	5137: "A directory service object was created.",
	5140: "A network share object was accessed.",
	5142: "A network share object was added.",
	5143: "A network share object was modified.",
	5145: "A network share object was checked to see whether client can be granted desired access.",
	5156: "The Windows Filtering Platform has permitted a connection.",
	5157: "The Windows Filtering Platform has blocked a connection.",
	5158: "The Windows Filtering Platform has permitted a bind to a local port.",
	6416: "A new external device was recognized by the System.",
}

// levelNames is Event.EventLevelName by level.
var levelNames = [...]string{"LogAlways", "Critical", "Error", "Warning", "Information", "Verbose"}
