package winevent

import "strings"

// commonNames shares the field names that Sysmon, Security, System and
// PowerShell events use again and again; read only.
var commonNames = func() map[string]string {
	m := make(map[string]string, 256)
	for _, n := range strings.Fields(commonNameList) {
		m[n] = n
	}
	return m
}()

// CommonName is the shared text of a field name that events use again and again.
func CommonName(name string) (shared string, ok bool) {
	shared, ok = commonNames[name]
	return shared, ok
}

const commonNameList = `
	AccessList AccessMask AccessReason AccountExpires AccountName AdditionalInfo AdditionalInfo2
	AllowedToDelegateTo Application Archived AuditPolicyChanges AuthenticationPackageName CallTrace
	CallerProcessId CallerProcessName CategoryId CertIssuerName CertSerialNumber CertThumbprint ClientInfo
	CommandLine Company Configuration ConfigurationFileHash Consumer Contents ContextInfo CreationUtcTime
	CurrentDirectory Description DestAddress DestPort Destination DestinationHostname DestinationIp
	DestinationIsIpv6 DestinationPort DestinationPortName Details Device Direction DisplayName ElevatedToken
	EventCountTotal EventIdx EventNamespace EventType FailureReason FileVersion Filter FilterRTID GrantedAccess
	GroupMembership HandleId Hash Hashes HomeDirectory HomePath ID Image ImageLoaded ImagePath ImpersonationLevel
	Initiated IntegrityLevel IpAddress IpPort IsExecutable KeyLength LayerName LayerRTID LmPackageName LogonGuid
	LogonHours LogonId LogonProcessName LogonType MandatoryLabel MemberName MemberSid MessageNumber MessageTotal
	Name NewName NewProcessId NewProcessName NewThreadId NewUacValue ObjectName ObjectServer ObjectType
	OldUacValue Operation OperationType OriginalFileName ParentCommandLine ParentImage ParentProcessGuid
	ParentProcessId ParentProcessName ParentUser PasswordLastSet Path Payload PipeName PreAuthType
	PreviousCreationUtcTime PrimaryGroupId PrivilegeList ProcessGuid ProcessID ProcessId ProcessName Product
	ProfilePath Properties Protocol Query QueryName QueryResults QueryStatus RelativeTargetName RemoteMachineID
	RemoteUserID ResourceAttributes RestrictedAdminMode RestrictedSidCount RuleName SamAccountName SchemaVersion
	ScriptBlockId ScriptBlockText ScriptPath Service ServiceAccount ServiceFileName ServiceName ServiceSid
	ServiceStartType ServiceType Session ShareLocalPath ShareName SidHistory Signature SignatureStatus Signed
	SourceAddress SourceHandleId SourceHostname SourceImage SourceIp SourceIsIpv6 SourcePort SourcePortName
	SourceProcessGUID SourceProcessGuid SourceProcessId SourceThreadId SourceUser StartAddress StartFunction
	StartModule StartType State Status SubStatus SubcategoryGuid SubcategoryId SubjectDomainName SubjectLogonId
	SubjectUserName SubjectUserSid TargetDomainName TargetFilename TargetHandleId TargetImage TargetInfo
	TargetLinkedLogonId TargetLogonId TargetObject TargetOutboundDomainName TargetOutboundUserName
	TargetProcessGUID TargetProcessGuid TargetProcessId TargetServerName TargetSid TargetUser TargetUserName
	TargetUserSid TaskContent TaskContentNew TaskName TerminalSessionId TicketEncryptionType TicketOptions
	TokenElevationType TransactionId TransmittedServices Type User UserAccountControl UserData UserParameters
	UserPrincipalName UserWorkstations UtcTime Version VirtualAccount WorkstationName param1 param2 param3`
