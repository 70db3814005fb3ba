package simulate

import (
	"strconv"

	"quarry/kql/types"
)

// products are what is installed, and what is wrong with it.
var products = []struct {
	vendor, name, version, cve, severity string
	score                                float64
	setting, subcategory                 string
}{
	{"microsoft", "edge_chromium-based", "131.0.2903.86", "CVE-2024-12053", "High", 8.8, "Turn on SmartScreen", "Browser"},
	{"google", "chrome", "131.0.6778.109", "CVE-2024-12381", "High", 8.8, "Block outdated plugins", "Browser"},
	{"microsoft", "office", "16.0.18227.20162", "CVE-2024-49059", "High", 7.0, "Block macros from the internet", "Applications"},
	{"adobe", "acrobat_reader_dc", "24.4.20272.0", "CVE-2024-49530", "High", 7.8, "Enable protected mode", "Applications"},
	{"zoom", "meetings", "6.2.11", "CVE-2024-45421", "Medium", 6.5, "Update automatically", "Applications"},
	{"microsoft", "windows_11", "10.0.26100.1882", "CVE-2024-49138", "High", 7.8, "Turn on credential guard", "Security controls"},
}

// stateColumns are those of the tables that say how things are, not what happens.
var stateColumns = map[string]teller{
	"AadDeviceId":           func(e *event) value { return str(e.dev.aadID) },
	"ClientVersion":         func(*event) value { return str("10.8760.26100.1882") },
	"DeviceCategory":        func(*event) value { return str("Endpoint") },
	"DeviceInfo.DeviceType": func(e *event) value { return str(pickText(e.dev.server(), "Server", workstation)) },
	"DeviceInfo.Vendor":     func(*event) value { return str("Contoso Computers") },
	"DeviceInfo.Model":      func(e *event) value { return str(pickText(e.dev.server(), "Rack 2", "Slim 14")) },
	"ExposureLevel":         func(e *event) value { return str([]string{"Low", "Medium", "Medium", "High"}[textID(e.dev.id)%4]) },
	"IsAzureADJoined":       func(e *event) value { return yes(!e.dev.server()) },
	"IsInternetFacing":      func(*event) value { return yes(false) },
	"JoinType":              func(e *event) value { return str(pickText(e.dev.server(), "Domain Joined", "Hybrid Azure AD Join")) },
	"LoggedOnUsers": func(e *event) value {
		return json(`[{"UserName":"` + e.user.name + `","DomainName":"` + e.user.domain + `","Sid":"` + e.user.sid + `"}]`)
	},
	"OnboardingStatus":      func(*event) value { return str("Onboarded") },
	"OSArchitecture":        func(*event) value { return str("64-bit") },
	"OSBuild":               func(e *event) value { return num(e.dev.build) },
	"DeviceInfo.OSPlatform": func(e *event) value { return str(e.dev.osPlatform) },
	"OSVersion":             func(e *event) value { return str(e.dev.osVersion) },
	"PublicIP":              func(e *event) value { return str(e.dev.public) },
	"SensorHealthState":     func(*event) value { return str("Active") },
	"MachineGroup":          func(e *event) value { return str(pickText(e.dev.server(), "Servers", "Clients")) },

	"ConnectedNetworks": func(*event) value {
		return json(`[{"Name":"contoso.example","IsConnectedToInternet":true,"Category":"DomainAuthenticated"}]`)
	},
	"DefaultGateways": func(*event) value { return json(`["10.1.0.1"]`) },
	"DnsAddresses":    func(*event) value { return json(`["10.1.0.2"]`) },
	"IPAddresses": func(e *event) value {
		return json(`[{"IPAddress":"` + e.dev.ip + `","SubnetPrefix":16,"AddressType":"Private"}]`)
	},
	"IPv4Dhcp":             func(*event) value { return str("10.1.0.1") },
	"MacAddress":           func(e *event) value { return str(e.dev.mac) },
	"NetworkAdapterName":   func(e *event) value { return str("{" + guidText(textID(e.dev.id)) + "}") },
	"NetworkAdapterStatus": func(*event) value { return str("Up") },
	"NetworkAdapterType":   func(*event) value { return str("Ethernet") },

	"DeviceFileCertificateInfo.SHA1": func(e *event) value { return str(e.by.prog.sha1) },
	"CertificateCreationTime":        func(*event) value { return tick(types.FromTime(DefaultStart) - 200*types.Day) },
	"CertificateExpirationTime":      func(*event) value { return tick(types.FromTime(DefaultStart) + 160*types.Day) },
	"CertificateSerialNumber":        func(e *event) value { return str(hexText(textID(e.by.prog.signer), 38)) },
	"IsRootSignerMicrosoft":          func(e *event) value { return yes(e.by.prog.signer == ms) },
	"IsSigned":                       func(*event) value { return yes(true) },
	"IsTrusted":                      func(*event) value { return yes(true) },
	"Issuer": func(e *event) value {
		return str(pickText(e.by.prog.signer == ms, "Microsoft Windows Production PCA 2011", "DigiCert Trusted G4 Code Signing"))
	},
	"IssuerHash":    func(e *event) value { return str(hexText(textID(e.by.prog.signer)+1, 40)) },
	"SignatureType": func(*event) value { return str("Embedded") },
	"Signer":        func(e *event) value { return str(e.by.prog.signer) },
	"SignerHash":    func(e *event) value { return str(hexText(textID(e.by.prog.signer), 40)) },

	"SoftwareVendor":  func(e *event) value { return str(products[e.number].vendor) },
	"SoftwareName":    func(e *event) value { return str(products[e.number].name) },
	"SoftwareVersion": func(e *event) value { return str(products[e.number].version) },
	"ProductCodeCpe": func(e *event) value {
		p := products[e.number]
		return str("cpe:2.3:a:" + p.vendor + ":" + p.name + ":" + p.version + ":*:*:*:*:*:*:*")
	},
	"CveId":                      func(e *event) value { return str(products[e.number].cve) },
	"CvssScore":                  func(e *event) value { return real(products[e.number].score) },
	"VulnerabilitySeverityLevel": func(e *event) value { return str(products[e.number].severity) },
	"IsExploitAvailable":         func(e *event) value { return yes(e.number%3 == 0) },
	"VulnerabilityDescription":   func(e *event) value { return str("A flaw in " + products[e.number].name + " lets others run code.") },
	"AffectedSoftware": func(e *event) value {
		return json(`["` + products[e.number].vendor + ":" + products[e.number].name + `"]`)
	},
	"PublishedDate":                                     func(*event) value { return tick(types.FromTime(DefaultStart) - 25*types.Day) },
	"LastModifiedTime":                                  func(*event) value { return tick(types.FromTime(DefaultStart) - 20*types.Day) },
	"RecommendedSecurityUpdate":                         func(*event) value { return str("January security updates") },
	"ConfigurationId":                                   func(e *event) value { return str("scid-" + strconv.FormatInt(2000+e.number, 10)) },
	"ConfigurationName":                                 func(e *event) value { return str(products[e.number].setting) },
	"ConfigurationDescription":                          func(e *event) value { return str(products[e.number].setting + " on every device.") },
	"ConfigurationCategory":                             func(*event) value { return str("Security controls") },
	"ConfigurationSubcategory":                          func(e *event) value { return str(products[e.number].subcategory) },
	"ConfigurationImpact":                               func(e *event) value { return real(products[e.number].score) },
	"RiskDescription":                                   func(*event) value { return str("Attackers reach what the setting keeps closed.") },
	"IsApplicable":                                      func(*event) value { return yes(true) },
	"IsCompliant":                                       func(e *event) value { return yes(e.salt%5 > 0) },
	"IsExpectedUserImpact":                              func(*event) value { return yes(false) },
	"DeviceTvmSoftwareInventory.OSPlatform":             func(e *event) value { return str(e.dev.osPlatform) },
	"DeviceTvmSoftwareVulnerabilities.OSPlatform":       func(e *event) value { return str(e.dev.osPlatform) },
	"DeviceTvmSecureConfigurationAssessment.OSPlatform": func(e *event) value { return str(e.dev.osPlatform) },

	"BehaviorId":                     func(e *event) value { return str(guidText(textID(e.dev.id) + uint64(e.number))) },
	"Categories":                     func(*event) value { return str(`["Discovery"]`) },
	"AttackTechniques":               func(*event) value { return str(`["System Information Discovery (T1082)"]`) },
	"DataSources":                    func(*event) value { return str(`["EDR"]`) },
	"ServiceSource":                  func(*event) value { return str("Microsoft Defender for Endpoint") },
	"DetectionSource":                func(*event) value { return str("EDR") },
	"DeviceBehaviorInfo.Description": func(e *event) value { return str(products[e.number].name + " did what it rarely does") },
	"DeviceBehaviorInfo.StartTime":   func(e *event) value { return tick(e.at - types.Minute) },
	"DeviceBehaviorInfo.EndTime":     func(e *event) value { return tick(e.at) },
	"EntityType":                     func(*event) value { return str("Process") },
	"EntityRole":                     func(*event) value { return str("Impacted") },

	"AccountDisplayName": func(e *event) value { return str(e.user.display) },
	"AccountUPN":         func(e *event) value { return str(e.user.upn) },
	"AccountSID":         func(e *event) value { return str(e.user.sid) },
	"AccountTenantId":    func(*event) value { return str(tenantID) },
	"AccountCreationTime": func(e *event) value {
		return tick(types.FromTime(DefaultStart) - int64(100+e.user.index%900)*types.Day)
	},
	"IdentityInfo.City":    func(e *event) value { return str(e.user.city) },
	"IdentityInfo.Country": func(e *event) value { return str(e.user.country) },
	"Department":           func(e *event) value { return str(e.user.department) },
	"JobTitle":             func(e *event) value { return str(e.user.title) },
	"GivenName":            func(e *event) value { return str(e.user.given) },
	"Surname":              func(e *event) value { return str(e.user.surname) },
	"MailAddress":          func(e *event) value { return str(e.user.upn) },
	"IsAccountEnabled":     func(*event) value { return yes(true) },
	"IsServiceAccount":     func(*event) value { return yes(false) },
	"AssignedRoles": func(e *event) value {
		return json(pickText(e.user.department == "IT" && e.user.title == "Manager", `["Global Reader"]`, `[]`))
	},
	"IdentityInfo.GroupMembership": func(e *event) value { return json(`["` + e.user.department + `","Everyone"]`) },
	"BlastRadius":                  func(e *event) value { return str(pickText(e.user.department == "IT", "Medium", "Low")) },
	"IdentityInfo.UserType":        func(*event) value { return str("Member") },
	"IdentityInfo.TenantId":        func(*event) value { return str(tenantID) },
	"ChangeSource":                 func(*event) value { return str("AzureActiveDirectory") },
}
