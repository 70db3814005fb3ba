package defender

import (
	"strings"

	"quarry/kql/types"
)

// Table is one output table. Rows carry exactly these columns, in this order;
// columns that Microsoft's table has beyond them have no source in Windows
// events and are null, or empty text, in every row.
type Table struct {
	Name    string
	Columns types.Schema

	id        int
	blank     []types.Value
	integrity int // InitiatingProcessIntegrityLevel, or -1
	logonID   int // InitiatingProcessLogonId, or -1
	extra     int // AdditionalFields, or -1
}

// Columns that every Device* table has.
const (
	cTimestamp = iota
	cTimeGenerated
	cDeviceID
	cDeviceName
	cActionType
	cReportID
	cInitAccountDomain // from here to cInitEnd: the initiating process
	cInitAccountName
	cInitAccountSid
	cInitID
	cInitFileName
	cInitFolderPath
	cInitCommandLine
	cInitCreationTime
	cInitSHA1
	cInitSHA256
	cInitMD5
	cInitSessionID
	cInitUniqueID
	cInitParentID
	cInitParentFileName
	cInitParentCreationTime
	cInitCompany
	cInitProduct
	cInitVersion
	cInitOriginalName
	cInitDescription
	cCommon
	cInitStart = cInitAccountDomain
	cInitEnd   = cCommon
)

var commonColumns = [cCommon]string{
	cTimestamp:              "Timestamp:datetime",
	cTimeGenerated:          "TimeGenerated:datetime",
	cDeviceID:               "DeviceId",
	cDeviceName:             "DeviceName",
	cActionType:             "ActionType",
	cReportID:               "ReportId:long",
	cInitAccountDomain:      "InitiatingProcessAccountDomain",
	cInitAccountName:        "InitiatingProcessAccountName",
	cInitAccountSid:         "InitiatingProcessAccountSid",
	cInitID:                 "InitiatingProcessId:long",
	cInitFileName:           "InitiatingProcessFileName",
	cInitFolderPath:         "InitiatingProcessFolderPath",
	cInitCommandLine:        "InitiatingProcessCommandLine",
	cInitCreationTime:       "InitiatingProcessCreationTime:datetime",
	cInitSHA1:               "InitiatingProcessSHA1",
	cInitSHA256:             "InitiatingProcessSHA256",
	cInitMD5:                "InitiatingProcessMD5",
	cInitSessionID:          "InitiatingProcessSessionId:long",
	cInitUniqueID:           "InitiatingProcessUniqueId",
	cInitParentID:           "InitiatingProcessParentId:long",
	cInitParentFileName:     "InitiatingProcessParentFileName",
	cInitParentCreationTime: "InitiatingProcessParentCreationTime:datetime",
	cInitCompany:            "InitiatingProcessVersionInfoCompanyName",
	cInitProduct:            "InitiatingProcessVersionInfoProductName",
	cInitVersion:            "InitiatingProcessVersionInfoProductVersion",
	cInitOriginalName:       "InitiatingProcessVersionInfoOriginalFileName",
	cInitDescription:        "InitiatingProcessVersionInfoFileDescription",
}

// DeviceProcessEvents.
const (
	pFileName = iota + cCommon
	pFolderPath
	pSHA1
	pSHA256
	pMD5
	pCompany
	pProduct
	pVersion
	pOriginalName
	pDescription
	pProcessID
	pUniqueID
	pCommandLine
	pIntegrity
	pTokenElevation
	pCreationTime
	pSessionID
	pAccountDomain
	pAccountName
	pAccountSid
	pLogonID
	pInitIntegrity
	pInitLogonID
	pAdditional
)

// DeviceNetworkEvents.
const (
	nRemoteIP = iota + cCommon
	nRemotePort
	nRemoteURL
	nLocalIP
	nLocalPort
	nProtocol
	nLocalIPType
	nRemoteIPType
	nInitIntegrity
	nAdditional
)

// DeviceFileEvents.
const (
	fFileName = iota + cCommon
	fFolderPath
	fSHA1
	fSHA256
	fMD5
	fOriginURL
	fReferrerURL
	fRequestProtocol
	fRequestSourceIP
	fRequestSourcePort
	fRequestAccountName
	fRequestAccountDomain
	fRequestAccountSid
	fShareName
	fInitIntegrity
	fAdditional
)

// DeviceLogonEvents.
const (
	lLogonType = iota + cCommon
	lAccountDomain
	lAccountName
	lAccountSid
	lProtocol
	lFailureReason
	lIsLocalAdmin
	lLogonID
	lRemoteDeviceName
	lRemoteIP
	lRemoteIPType
	lRemotePort
	lInitIntegrity
	lAdditional
)

// DeviceRegistryEvents.
const (
	rKey = iota + cCommon
	rValueType
	rValueName
	rValueData
	rPreviousKey
	rPreviousValueName
	rInitIntegrity
)

// DeviceImageLoadEvents.
const (
	iFileName = iota + cCommon
	iFolderPath
	iSHA1
	iSHA256
	iMD5
	iInitIntegrity
)

// DeviceEvents.
const (
	eFileName = iota + cCommon
	eFolderPath
	eSHA1
	eSHA256
	eMD5
	eAccountDomain
	eAccountName
	eAccountSid
	eRemoteURL
	eRemoteDeviceName
	eProcessID
	eCommandLine
	eCreationTime
	eLogonID
	eRegistryKey
	eRemoteIP
	eRemotePort
	eLocalIP
	eLocalPort
	eInitLogonID
	eAdditional
)

// DeviceInfo: one row for each device, at its last event.
const (
	dTimestamp = iota
	dTimeGenerated
	dDeviceID
	dDeviceName
)

const (
	hashes      = "SHA1 SHA256 MD5"
	versionInfo = "ProcessVersionInfoCompanyName ProcessVersionInfoProductName ProcessVersionInfoProductVersion ProcessVersionInfoOriginalFileName ProcessVersionInfoFileDescription"
	integrity   = "InitiatingProcessIntegrityLevel"
	initLogonID = "InitiatingProcessLogonId:long"
	additional  = "AdditionalFields:dynamic"
)

// The column lists follow the constants above; TestColumns holds them together.
const (
	processColumns = "FileName FolderPath " + hashes + " " + versionInfo + " ProcessId:long ProcessUniqueId ProcessCommandLine ProcessIntegrityLevel ProcessTokenElevation" +
		" ProcessCreationTime:datetime CreatedProcessSessionId:long AccountDomain AccountName AccountSid LogonId:long " + integrity + " " + initLogonID + " " + additional
	networkColumns = "RemoteIP RemotePort:int RemoteUrl LocalIP LocalPort:int Protocol LocalIPType RemoteIPType " + integrity + " " + additional
	fileColumns    = "FileName FolderPath " + hashes + " FileOriginUrl FileOriginReferrerUrl RequestProtocol RequestSourceIP RequestSourcePort:int" +
		" RequestAccountName RequestAccountDomain RequestAccountSid ShareName " + integrity + " " + additional
	logonColumns = "LogonType AccountDomain AccountName AccountSid Protocol FailureReason IsLocalAdmin:bool LogonId:long" +
		" RemoteDeviceName RemoteIP RemoteIPType RemotePort:int " + integrity + " " + additional
	registryColumns = "RegistryKey RegistryValueType RegistryValueName RegistryValueData PreviousRegistryKey PreviousRegistryValueName " + integrity
	imageColumns    = "FileName FolderPath " + hashes + " " + integrity
	deviceColumns   = "FileName FolderPath " + hashes + " AccountDomain AccountName AccountSid RemoteUrl RemoteDeviceName ProcessId:long ProcessCommandLine" +
		" ProcessCreationTime:datetime LogonId:long RegistryKey RemoteIP RemotePort:int LocalIP LocalPort:int " + initLogonID + " " + additional
	infoColumns = "Timestamp:datetime TimeGenerated:datetime DeviceId DeviceName"
)

// tables is the set of output tables of one Mapper.
type tables struct {
	process, network, file, logon, registry, image, device, info, security, event *Table
	all                                                                           []*Table
}

func newTables() *tables {
	t := &tables{}
	add := func(name, columns string, device bool) *Table {
		tab := newTable(name, columns, device)
		tab.id = len(t.all)
		t.all = append(t.all, tab)
		return tab
	}
	t.process = add("DeviceProcessEvents", processColumns, true)
	t.network = add("DeviceNetworkEvents", networkColumns, true)
	t.file = add("DeviceFileEvents", fileColumns, true)
	t.logon = add("DeviceLogonEvents", logonColumns, true)
	t.registry = add("DeviceRegistryEvents", registryColumns, true)
	t.image = add("DeviceImageLoadEvents", imageColumns, true)
	t.device = add("DeviceEvents", deviceColumns, true)
	t.info = add("DeviceInfo", infoColumns, false)
	t.security = add("SecurityEvent", securityColumns, false)
	t.event = add("Event", eventColumns, false)
	return t
}

func newTable(name, columns string, device bool) *Table {
	t := &Table{Name: name}
	list := strings.Fields(columns)
	if device {
		list = append(commonColumns[:cCommon:cCommon], list...)
	}
	for _, c := range list {
		col, typ, typed := strings.Cut(c, ":")
		column := types.Column{Name: col, Type: types.String}
		if typed {
			column.Type, _ = types.Parse(typ)
		}
		t.Columns = append(t.Columns, column)
	}
	t.blank = make([]types.Value, len(t.Columns))
	for i, c := range t.Columns {
		if c.Type == types.String {
			t.blank[i] = ""
		}
	}
	t.integrity = t.Columns.Index("InitiatingProcessIntegrityLevel")
	t.logonID = t.Columns.Index("InitiatingProcessLogonId")
	t.extra = t.Columns.Index("AdditionalFields")
	return t
}

// Tables lists every table that a Mapper may emit rows of.
func Tables() []*Table { return newTables().all }
