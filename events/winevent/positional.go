package winevent

import "strings"

// propertyNames are the EventData names, in order, of the events whose fields
// the Defender tables need. An event of a newer version only adds at the end.
func propertyNames(id int) []string { return strings.Fields(templates[id]) }

const (
	subject    = "SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId "
	target     = "TargetUserName TargetDomainName TargetSid "
	connection = "ProcessID Application Direction SourceAddress SourcePort DestAddress DestPort Protocol FilterRTID LayerName LayerRTID RemoteUserID RemoteMachineID"
	account    = target + subject + "PrivilegeList SamAccountName DisplayName UserPrincipalName HomeDirectory HomePath ScriptPath ProfilePath UserWorkstations PasswordLastSet AccountExpires PrimaryGroupId AllowedToDelegateTo OldUacValue NewUacValue UserAccountControl UserParameters SidHistory LogonHours"
	member4732 = "MemberName MemberSid " + target + subject + "PrivilegeList"
)

// templates maps an event id to its field names; read only.
var templates = map[int]string{
	1102: subject,
	4104: "MessageNumber MessageTotal ScriptBlockText ScriptBlockId Path",
	4624: subject + "TargetUserSid TargetUserName TargetDomainName TargetLogonId LogonType LogonProcessName AuthenticationPackageName WorkstationName LogonGuid TransmittedServices LmPackageName KeyLength ProcessId ProcessName IpAddress IpPort ImpersonationLevel RestrictedAdminMode TargetOutboundUserName TargetOutboundDomainName VirtualAccount TargetLinkedLogonId ElevatedToken",
	4625: subject + "TargetUserSid TargetUserName TargetDomainName Status FailureReason SubStatus LogonType LogonProcessName AuthenticationPackageName WorkstationName TransmittedServices LmPackageName KeyLength ProcessId ProcessName IpAddress IpPort",
	4663: subject + "ObjectServer ObjectType ObjectName HandleId AccessList AccessMask ProcessId ProcessName ResourceAttributes",
	4688: subject + "NewProcessId NewProcessName TokenElevationType ProcessId CommandLine TargetUserSid TargetUserName TargetDomainName TargetLogonId ParentProcessName MandatoryLabel",
	4689: subject + "Status ProcessId ProcessName",
	4697: subject + "ServiceName ServiceFileName ServiceType ServiceStartType ServiceAccount",
	4698: subject + "TaskName TaskContent",
	4699: subject + "TaskName TaskContent",
	4702: subject + "TaskName TaskContentNew",
	4720: account,
	4726: target + subject + "PrivilegeList",
	4732: member4732,
	4733: member4732,
	5140: subject + "ObjectType IpAddress IpPort ShareName ShareLocalPath AccessMask AccessList",
	5145: subject + "ObjectType IpAddress IpPort ShareName ShareLocalPath RelativeTargetName AccessMask AccessList AccessReason",
	5156: connection,
	5157: connection,
	7045: "ServiceName ImagePath ServiceType StartType AccountName",
}
