package simulate

import (
	"strconv"
	"strings"

	"quarry/kql/types"
)

// signInColumns are those of both tables of sign-ins.
var signInColumns = map[string]teller{
	"AppDisplayName":      func(e *event) value { return str(e.app.name) },
	"AppId":               func(e *event) value { return str(e.app.id) },
	"ResourceDisplayName": func(e *event) value { return str(e.app.resource) },
	"ResourceTenantId":    func(*event) value { return str(tenantID) },
	"HomeTenantId":        func(*event) value { return str(tenantID) },
	"AuthenticationRequirement": func(e *event) value {
		return str(pickText(e.salt%3 == 0, "multiFactorAuthentication", "singleFactorAuthentication"))
	},
	"AuthenticationDetails": func(e *event) value {
		return str(`[{"authenticationMethod":"Previously satisfied","succeeded":` + strconv.FormatBool(e.good) + `}]`)
	},
	"ClientAppUsed": func(e *event) value {
		return str(pickText(e.salt%11 == 0, "Mobile Apps and Desktop clients", "Browser"))
	},
	"ConditionalAccessStatus": func(e *event) value { return str(pickText(e.good, "success", "notApplied")) },
	"CorrelationId":           func(e *event) value { return str(guidText(e.salt)) },
	"Id":                      func(e *event) value { return str(guidText(e.salt + 1)) },
	"CreatedDateTime":         func(e *event) value { return tick(e.at) },
	"DeviceDetail": func(e *event) value {
		return json(`{"deviceId":"` + e.dev.aadID + `","displayName":"` + e.dev.short + `","operatingSystem":"` + e.dev.osPlatform + `","browser":"Chrome 131.0.0","isCompliant":true,"isManaged":true,"trustType":"Hybrid Azure AD joined"}`)
	},
	"Identity":      func(e *event) value { return str(e.user.display) },
	"IPAddress":     func(e *event) value { return str(e.signInIP()) },
	"IsInteractive": func(*event) value { return yes(true) },
	"Location":      func(e *event) value { return str(e.user.country) },
	"LocationDetails": func(e *event) value {
		return json(`{"city":"` + e.user.city + `","countryOrRegion":"` + e.user.country + `","geoCoordinates":{}}`)
	},
	"OperationName":         func(*event) value { return str("Sign-in activity") },
	"ResultType":            func(e *event) value { return str(strconv.FormatInt(e.signInError(), 10)) },
	"ResultDescription":     func(e *event) value { return str(e.signInText()) },
	"RiskLevelDuringSignIn": func(*event) value { return str("none") },
	"RiskLevelAggregated":   func(*event) value { return str("none") },
	"RiskState":             func(*event) value { return str("none") },
	"Status": func(e *event) value {
		return json(`{"errorCode":` + strconv.FormatInt(e.signInError(), 10) + `,"failureReason":"` + e.signInText() + `"}`)
	},
	"UserAgent":             func(e *event) value { return str(e.user.agent) },
	"UserDisplayName":       func(e *event) value { return str(e.user.display) },
	"UserId":                func(e *event) value { return str(e.user.objectID) },
	"UserPrincipalName":     func(e *event) value { return str(e.user.upn) },
	"UserType":              func(*event) value { return str("Member") },
	"UniqueTokenIdentifier": func(e *event) value { return str(hexText(e.salt+2, 22)) },
	"SessionId":             func(e *event) value { return str(guidText(textID(e.user.name) + uint64(e.at/types.Day))) },
}

// mailColumns are those of the tables about messages.
var mailColumns = map[string]teller{
	"NetworkMessageId":      func(e *event) value { return str(guidText(e.mail.id)) },
	"ReportId":              func(e *event) value { return str(guidText(e.mail.id) + "-" + strconv.FormatInt(e.id, 10)) },
	"InternetMessageId":     func(e *event) value { return str("<" + hexText(e.mail.id, 24) + "@mail.example>") },
	"RecipientEmailAddress": func(e *event) value { return str(e.mail.to.upn) },
	"RecipientObjectId":     func(e *event) value { return str(e.mail.to.objectID) },
	"RecipientDomain":       func(*event) value { return str(domain) },
	"SenderFromAddress":     func(e *event) value { return str(e.mail.from) },
	"SenderMailFromAddress": func(e *event) value { return str(e.mail.from) },
	"SenderFromDomain":      func(e *event) value { return str(afterAt(e.mail.from)) },
	"SenderMailFromDomain":  func(e *event) value { return str(afterAt(e.mail.from)) },
	"SenderDisplayName":     func(e *event) value { return str(e.mail.from[:strings.IndexByte(e.mail.from, '@')]) },
	"SenderIPv4": func(e *event) value {
		return str("203.0.113." + strconv.FormatUint(1+textID(afterAt(e.mail.from))%250, 10))
	},
	"Subject":                func(e *event) value { return str(e.mail.subject) },
	"EmailDirection":         func(e *event) value { return str(pickText(e.mail.sender != nil, "Intra-org", "Inbound")) },
	"DeliveryAction":         func(e *event) value { return str(pickText(e.mail.spam, "Junked", "Delivered")) },
	"DeliveryLocation":       func(e *event) value { return str(pickText(e.mail.spam, "Junk folder", "Inbox/folder")) },
	"LatestDeliveryAction":   func(e *event) value { return str(pickText(e.mail.spam, "Junked", "Delivered")) },
	"LatestDeliveryLocation": func(e *event) value { return str(pickText(e.mail.spam, "Junk folder", "Inbox/folder")) },
	"ThreatTypes":            func(e *event) value { return str(pickText(e.mail.spam, "Spam", "")) },
	"ConfidenceLevel":        func(e *event) value { return str(pickText(e.mail.spam, `{"Spam":"High"}`, "")) },
	"AuthenticationDetails":  func(*event) value { return str(`{"SPF":"pass","DKIM":"pass","DMARC":"pass","CompAuth":"pass"}`) },
	"EmailLanguage":          func(*event) value { return str("en") },
	"EmailSize":              func(e *event) value { return num(int64(4_000 + e.mail.id%400_000)) },
	"UrlCount":               func(e *event) value { return num(e.mail.urls) },
	"AttachmentCount":        func(e *event) value { return num(e.mail.attached) },
	"To":                     func(e *event) value { return json(`["` + e.mail.to.upn + `"]`) },
	"Url":                    func(e *event) value { return str("https://" + e.mail.link.host + "/" + hexText(e.mail.id, 8)) },
	"UrlDomain":              func(e *event) value { return str(e.mail.link.host) },
	"UrlLocation":            func(*event) value { return str("Body") },
	"UrlChain":               func(e *event) value { return str(`["https://` + e.mail.link.host + "/" + hexText(e.mail.id, 8) + `"]`) },
	"FileName":               func(e *event) value { return str(e.mail.doc.name) },
	"FileType":               func(e *event) value { return str(e.mail.doc.name[strings.LastIndexByte(e.mail.doc.name, '.')+1:]) },
	"FileExtension":          func(e *event) value { return str(e.mail.doc.name[strings.LastIndexByte(e.mail.doc.name, '.')+1:]) },
	"FileSize":               func(e *event) value { return num(e.mail.doc.size) },
	"SHA256":                 func(e *event) value { return str(hexText(e.mail.doc.id+1, 64)) },
	"IPAddress":              func(e *event) value { return str(e.user.homeIP) },
	"Workload":               func(*event) value { return str("Email") },
	"IsClickedThrough":       func(*event) value { return yes(false) },
}

// cloudColumns are those of the other tables of the cloud, by TABLE.COLUMN.
var cloudColumns = map[string]teller{
	"AuditLogs.ActivityDateTime":    func(e *event) value { return tick(e.at) },
	"AuditLogs.ActivityDisplayName": func(e *event) value { return str(directoryActions[e.number].name) },
	"AuditLogs.OperationName":       func(e *event) value { return str(directoryActions[e.number].name) },
	"AuditLogs.Category":            func(e *event) value { return str(directoryActions[e.number].category) },
	"AuditLogs.LoggedByService":     func(e *event) value { return str(directoryActions[e.number].service) },
	"AuditLogs.AADOperationType":    func(e *event) value { return str(directoryActions[e.number].kind) },
	"AuditLogs.CorrelationId":       func(e *event) value { return str(guidText(e.salt)) },
	"AuditLogs.Id":                  func(e *event) value { return str("Directory_" + guidText(e.salt+1)) },
	"AuditLogs.Identity":            func(e *event) value { return str(e.user.display) },
	"AuditLogs.Result":              func(*event) value { return str("success") },
	"AuditLogs.InitiatedBy": func(e *event) value {
		return json(`{"user":{"id":"` + e.user.objectID + `","displayName":"` + e.user.display + `","userPrincipalName":"` + e.user.upn + `","ipAddress":"` + e.signInIP() + `"}}`)
	},
	"AuditLogs.TargetResources": func(e *event) value {
		return json(`[{"id":"` + guidText(e.salt%500) + `","displayName":"` + e.dev.short + `","type":"` + directoryActions[e.number].what + `","modifiedProperties":[{"displayName":"LastModified","oldValue":"[]","newValue":"[1]"}]}]`)
	},
	"AuditLogs.AdditionalDetails": func(*event) value { return json(`[{"key":"User-Agent","value":"EvoSTS"}]`) },

	"CloudAppEvents.AccountId":        func(e *event) value { return str(e.user.objectID) },
	"CloudAppEvents.AccountType":      func(*event) value { return str("Regular") },
	"CloudAppEvents.ActivityType":     func(*event) value { return str("Basic") },
	"CloudAppEvents.Application":      func(e *event) value { return str(cloudActions[e.number].app) },
	"CloudAppEvents.ApplicationId":    func(e *event) value { return num(20892 + e.number) },
	"CloudAppEvents.City":             func(e *event) value { return str(e.user.city) },
	"CloudAppEvents.CountryCode":      func(e *event) value { return str(e.user.country) },
	"CloudAppEvents.DeviceType":       func(*event) value { return str("Desktop") },
	"CloudAppEvents.IPAddress":        func(e *event) value { return str(e.signInIP()) },
	"CloudAppEvents.IsAdminOperation": func(*event) value { return yes(false) },
	"CloudAppEvents.IsExternalUser":   func(*event) value { return yes(false) },
	"CloudAppEvents.ISP":              func(*event) value { return str("Example Telecom") },
	"CloudAppEvents.ObjectName":       func(e *event) value { return str(e.file.name) },
	"CloudAppEvents.ObjectType":       func(e *event) value { return str(cloudActions[e.number].object) },
	"CloudAppEvents.OSPlatform":       func(*event) value { return str("Windows") },
	"CloudAppEvents.UserAgent":        func(e *event) value { return str(e.user.agent) },
	"CloudAppEvents.ReportId":         func(e *event) value { return str(guidText(e.salt)) },
	"CloudAppEvents.RawEventData": func(e *event) value {
		return json(`{"Operation":"` + e.action + `","Workload":"` + cloudActions[e.number].workload + `","UserId":"` + e.user.upn + `","ClientIP":"` + e.signInIP() + `","ObjectId":"https://contoso.example/sites/team/` + e.file.name + `","ResultStatus":"Succeeded"}`)
	},

	"OfficeActivity.Operation":      func(e *event) value { return str(e.action) },
	"OfficeActivity.OfficeWorkload": func(e *event) value { return str(cloudActions[e.number].workload) },
	"OfficeActivity.RecordType":     func(e *event) value { return str(cloudActions[e.number].record) },
	"OfficeActivity.OfficeId":       func(e *event) value { return str(guidText(e.salt)) },
	"OfficeActivity.OfficeObjectId": func(e *event) value { return str("https://contoso.example/sites/team/" + e.file.name) },
	"OfficeActivity.ClientIP":       func(e *event) value { return str(e.signInIP()) },
	"OfficeActivity.UserId":         func(e *event) value { return str(e.user.upn) },
	"OfficeActivity.UserKey":        func(e *event) value { return str(e.user.objectID) },
	"OfficeActivity.UserType":       func(*event) value { return str("Regular") },
	"OfficeActivity.UserAgent":      func(e *event) value { return str(e.user.agent) },
	"OfficeActivity.ResultStatus":   func(*event) value { return str("Succeeded") },
	"OfficeActivity.SourceFileName": func(e *event) value { return str(e.file.name) },
	"OfficeActivity.Site_Url":       func(*event) value { return str("https://contoso.example/sites/team/") },
	"OfficeActivity.EventSource":    func(*event) value { return str("SharePoint") },

	"SecurityEvent.Computer":                  func(e *event) value { return str(e.dev.name) },
	"SecurityEvent.EventID":                   func(e *event) value { return num(e.number) },
	"SecurityEvent.Channel":                   func(*event) value { return str("Security") },
	"SecurityEvent.EventSourceName":           func(*event) value { return str("Microsoft-Windows-Security-Auditing") },
	"SecurityEvent.Activity":                  func(e *event) value { return str(securityActivity[e.number]) },
	"SecurityEvent.Account":                   func(e *event) value { return str(strings.ToUpper(e.user.domain) + `\` + e.user.name) },
	"SecurityEvent.AccountType":               func(e *event) value { return str(pickText(e.user == systemUser, "Machine", "User")) },
	"SecurityEvent.TargetUserName":            onlyFor(func(e *event) value { return str(e.user.name) }, 4624, 4634),
	"SecurityEvent.TargetDomainName":          onlyFor(func(e *event) value { return str(strings.ToUpper(e.user.domain)) }, 4624, 4634),
	"SecurityEvent.TargetUserSid":             onlyFor(func(e *event) value { return str(e.user.sid) }, 4624, 4634),
	"SecurityEvent.TargetLogonId":             onlyFor(func(e *event) value { return str("0x" + strconv.FormatUint(e.salt%0xffffff, 16)) }, 4624, 4634),
	"SecurityEvent.LogonType":                 onlyFor(func(*event) value { return num(3) }, 4624, 4634),
	"SecurityEvent.LogonTypeName":             onlyFor(func(*event) value { return str("3 - Network") }, 4624, 4634),
	"SecurityEvent.LogonProcessName":          onlyFor(func(*event) value { return str("Kerberos") }, 4624),
	"SecurityEvent.AuthenticationPackageName": onlyFor(func(*event) value { return str("Kerberos") }, 4624),
	"SecurityEvent.IpAddress":                 onlyFor(func(e *event) value { return str(e.peer.ip) }, 4624),
	"SecurityEvent.IpPort":                    onlyFor(func(e *event) value { return str(strconv.FormatUint(49152+e.salt%16000, 10)) }, 4624),
	"SecurityEvent.WorkstationName":           onlyFor(func(e *event) value { return str(strings.ToUpper(e.peer.short)) }, 4624),
	"SecurityEvent.SubjectUserName":           onlyFor(func(e *event) value { return str(e.user.name) }, 4672, 4688),
	"SecurityEvent.SubjectDomainName":         onlyFor(func(e *event) value { return str(strings.ToUpper(e.user.domain)) }, 4672, 4688),
	"SecurityEvent.SubjectUserSid":            onlyFor(func(e *event) value { return str(e.user.sid) }, 4672, 4688),
	"SecurityEvent.SubjectLogonId":            onlyFor(func(e *event) value { return str("0x" + strconv.FormatUint(e.salt%0xffffff, 16)) }, 4672, 4688),
	"SecurityEvent.PrivilegeList":             onlyFor(func(*event) value { return str("SeSecurityPrivilege SeBackupPrivilege SeRestorePrivilege") }, 4672),
	"SecurityEvent.NewProcessName":            onlyFor(func(e *event) value { return str(e.proc.prog.path) }, 4688),
	"SecurityEvent.NewProcessId":              onlyFor(func(e *event) value { return str("0x" + strconv.FormatInt(e.proc.id, 16)) }, 4688),
	"SecurityEvent.Process":                   onlyFor(func(e *event) value { return str(e.proc.prog.name) }, 4688),
	"SecurityEvent.CommandLine":               onlyFor(func(e *event) value { return str(e.proc.command) }, 4688),
	"SecurityEvent.ParentProcessName":         onlyFor(func(e *event) value { return str(sys32 + e.proc.parentName) }, 4688),
	"SecurityEvent.ProcessId":                 onlyFor(func(e *event) value { return str("0x" + strconv.FormatInt(e.proc.parentID, 16)) }, 4688),
	"SecurityEvent.EventRecordId":             func(e *event) value { return str(strconv.FormatInt(e.id, 10)) },

	"SecurityAlert.AlertName":         func(e *event) value { return str(alerts[e.number].name) },
	"SecurityAlert.DisplayName":       func(e *event) value { return str(alerts[e.number].name) },
	"SecurityAlert.AlertSeverity":     func(e *event) value { return str(alerts[e.number].severity) },
	"SecurityAlert.AlertType":         func(e *event) value { return str("MCAS_" + strconv.FormatInt(e.number, 10)) },
	"SecurityAlert.CompromisedEntity": func(e *event) value { return str(e.user.upn) },
	"SecurityAlert.Description":       func(e *event) value { return str(alerts[e.number].name + " by " + e.user.display + ".") },
	"SecurityAlert.StartTime":         func(e *event) value { return tick(e.at - 10*types.Minute) },
	"SecurityAlert.EndTime":           func(e *event) value { return tick(e.at - types.Minute) },
	"SecurityAlert.Entities": func(e *event) value {
		return str(`[{"$id":"1","Name":"` + e.user.name + `","UPNSuffix":"` + domain + `","AadUserId":"` + e.user.objectID + `","Type":"account"}]`)
	},
	"SecurityAlert.ExtendedProperties": func(*event) value { return str(`{"Category":"Suspicious activity"}`) },
	"SecurityAlert.ProductName":        func(*event) value { return str("Microsoft Cloud App Security") },
	"SecurityAlert.ProviderName":       func(*event) value { return str("MCAS") },
	"SecurityAlert.VendorName":         func(*event) value { return str("Microsoft") },
	"SecurityAlert.Status":             func(*event) value { return str("New") },
	"SecurityAlert.SystemAlertId":      func(e *event) value { return str(guidText(e.salt)) },
	"SecurityAlert.Tactics":            func(e *event) value { return str(alerts[e.number].tactics) },
	"SecurityAlert.Techniques":         func(e *event) value { return str(alerts[e.number].techniques) },

	"IdentityLogonEvents.Application":           func(*event) value { return str("Active Directory") },
	"IdentityLogonEvents.LogonType":             func(*event) value { return str("Credentials validation") },
	"IdentityLogonEvents.Protocol":              func(*event) value { return str("Kerberos") },
	"IdentityLogonEvents.IPAddress":             func(e *event) value { return str(e.dev.ip) },
	"IdentityLogonEvents.DestinationDeviceName": func(e *event) value { return str(e.peer.name) },
	"IdentityLogonEvents.DestinationIPAddress":  func(e *event) value { return str(e.peer.ip) },
	"IdentityLogonEvents.DestinationPort":       func(*event) value { return str("88") },
	"IdentityLogonEvents.OSPlatform":            func(e *event) value { return str(e.dev.osPlatform) },
	"IdentityLogonEvents.ReportId":              func(e *event) value { return str(guidText(e.salt)) },
}

var securityActivity = map[int64]string{
	4624: "4624 - An account was successfully logged on.",
	4634: "4634 - An account was logged off.",
	4672: "4672 - Special privileges assigned to new logon.",
	4688: "4688 - A new process has been created.",
}

// onlyFor is a column that only some events have.
func onlyFor(f teller, ids ...int64) teller {
	return func(e *event) value {
		for _, id := range ids {
			if e.number == id {
				return f(e)
			}
		}
		return value{}
	}
}

func afterAt(address string) string { return address[strings.IndexByte(address, '@')+1:] }

// signInIP is the company's address or, one time in four, that of the user's home.
func (e *event) signInIP() string {
	if e.salt%4 == 0 {
		return e.user.homeIP
	}
	return e.dev.public
}

func (e *event) signInError() int64 {
	if e.good {
		return 0
	}
	return signInErrors[e.number].code
}

func (e *event) signInText() string {
	if e.good {
		return ""
	}
	return signInErrors[e.number].text
}
