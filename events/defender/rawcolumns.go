package defender

// SecurityEvent: columns that are not a field of EventData by the same name.
const (
	sTimeGenerated = iota
	sComputer
	sEventSourceName
	sChannel
	sEventID
	sActivity
	sTask
	sLevel
	sOpcode
	sKeywords
	sVersion
	sEventRecordId
	sCorrelation
	sSystemProcessId
	sSystemThreadId
	sSystemUserId
	sEventLevelName
	sEventData
	sAccount
	sAccountType
	sSubjectAccount
	sTargetAccount
	sProcess
	sLogonTypeName
	sFields // from here on every column is such a field
)

const securityColumns = "TimeGenerated:datetime Computer EventSourceName Channel EventID:int Activity Task:int Level Opcode Keywords Version:int EventRecordId Correlation SystemProcessId:int SystemThreadId:int SystemUserId EventLevelName EventData " +
	"Account AccountType SubjectAccount TargetAccount Process LogonTypeName " +
	"AccessMask AccountDomain AccountExpires AccountName AccountSessionIdentifier AdditionalInfo AdditionalInfo2 " +
	"AllowedToDelegateTo Attributes AuditPolicyChanges AuditsDiscarded:int AuthenticationLevel:int AuthenticationPackageName " +
	"AuthenticationProvider AuthenticationServer AuthenticationService:int AuthenticationType CACertificateHash CalledStationID " +
	"CallerProcessId CallerProcessName CallingStationID CAPublicKeyHash CategoryId CertificateDatabaseHash ClassId ClassName " +
	"ClientAddress ClientIPAddress ClientName CommandLine CompatibleIds DCDNSName DeviceDescription DeviceId DisplayName " +
	"Disposition DomainBehaviorVersion DomainName DomainPolicyChanged DomainSid EAPType ElevatedToken ErrorCode:int " +
	"ExtendedQuarantineState FailureReason FileHash FilePath FilePathNoUser Filter ForceLogoff Fqbn " +
	"FullyQualifiedSubjectMachineName FullyQualifiedSubjectUserName GroupMembership HandleId HardwareIds HomeDirectory HomePath " +
	"InterfaceUuid IpAddress IpPort KeyLength:int LmPackageName LocationInformation LockoutDuration LockoutObservationWindow " +
	"LockoutThreshold LoggingResult LogonGuid LogonHours LogonID LogonProcessName LogonType:int MachineAccountQuota MachineLogon " +
	"MandatoryLabel MaxPasswordAge MemberName MemberSid MinPasswordAge MinPasswordLength MixedDomainMode NASIdentifier " +
	"NASIPv4Address NASIPv6Address NASPort NASPortType NetworkPolicyName NewDate NewMaxUsers NewProcessId NewProcessName NewRemark " +
	"NewShareFlags NewTime NewUacValue NewValue NewValueType ObjectName ObjectServer ObjectType ObjectValueName OemInformation " +
	"OldMaxUsers OldRemark OldShareFlags OldUacValue OldValue OldValueType OperationType PackageName ParentProcessName " +
	"PasswordHistoryLength PasswordLastSet PasswordProperties PreviousDate PreviousTime PrimaryGroupId PrivateKeyUsageCount " +
	"PrivilegeList ProcessId ProcessName ProfilePath Properties ProtocolSequence ProxyPolicyName QuarantineHelpURL " +
	"QuarantineSessionID QuarantineSessionIdentifier QuarantineState QuarantineSystemHealthResult RelativeTargetName " +
	"RemoteIpAddress RemotePort Requester RequestId RestrictedAdminMode RowsDeleted SamAccountName ScriptPath SecurityDescriptor " +
	"ServiceAccount ServiceFileName ServiceName ServiceStartType:int ServiceType SessionName ShareLocalPath ShareName SidHistory " +
	"Status SubcategoryGuid SubcategoryId Subject SubjectDomainName SubjectKeyIdentifier SubjectLogonId SubjectMachineName " +
	"SubjectMachineSID SubjectUserName SubjectUserSid SubStatus TableId TargetDomainName TargetInfo TargetLinkedLogonId " +
	"TargetLogonGuid TargetLogonId TargetOutboundDomainName TargetOutboundUserName TargetServerName TargetSid TargetUser " +
	"TargetUserName TargetUserSid TemplateContent TemplateDSObjectFQDN TemplateInternalName TemplateOID TemplateSchemaVersion " +
	"TemplateVersion TokenElevationType TransmittedServices UserAccountControl UserParameters UserPrincipalName UserWorkstations " +
	"VendorIds VirtualAccount Workstation WorkstationName"

// Event.
const (
	vTimeGenerated = iota
	vComputer
	vEventLog
	vSource
	vEventID
	vEventLevel
	vEventLevelName
	vEventCategory
	vUserName
	vRenderedDescription
	vEventData
)

const eventColumns = "TimeGenerated:datetime Computer EventLog Source EventID:int EventLevel:int EventLevelName EventCategory:int UserName RenderedDescription EventData"
