package simulate

// What an ordinary event of the cloud is.

// app is an application of the cloud.
type app struct{ name, id, resource string }

var apps = []app{
	{"Office 365 Exchange Online", "00000002-0000-0ff1-ce00-000000000000", "Office 365 Exchange Online"},
	{"Microsoft Teams", "1fec8e78-bce4-4aaf-ab1b-5451cc387264", "Microsoft Teams Services"},
	{"Office 365 SharePoint Online", "00000003-0000-0ff1-ce00-000000000000", "Office 365 SharePoint Online"},
	{"OfficeHome", "4765445b-32c6-49b0-83e6-1d93765276ca", "Microsoft Graph"},
	{"Azure Portal", "c44b4083-3bb0-49c1-b47d-974e53cbdf3c", "Windows Azure Service Management API"},
	{"Contoso Payroll", "5b3f0d1c-6b1f-4b43-9b3c-1f0c2d7e9a11", "Contoso Payroll"},
	{"Windows Sign In", "38aa3b87-a06d-4817-b275-7a316988d93b", "Windows Azure Active Directory"},
}

var appDraw = zipf(len(apps), 0.7)

// signInErrors are results of sign-ins that fail every day.
var signInErrors = []struct {
	code int64
	text string
}{
	{50126, "Invalid username or password or Invalid on-premise username or password."},
	{50074, "Strong Authentication is required."},
	{50140, "This error occurred due to 'Keep me signed in' interrupt when the user was signing-in."},
	{50058, "Session information is not sufficient for single-sign-on."},
	{700082, "The refresh token has expired due to inactivity."},
}

func (g *generator) signIn(e *event) {
	e.user = g.users[g.pickUser.pick(g.rand)]
	e.dev = g.deviceOf(e.user)
	e.app = &apps[appDraw.pick(g.rand)]
	if g.chance(7) {
		e.good = false
		e.number = int64(1 + g.rand.IntN(len(signInErrors)-1))
		if g.chance(15) {
			e.number = 0 // a wrong password
		}
	}
}

// directoryActions are what people do to the directory.
var directoryActions = []struct{ name, category, service, kind, what string }{
	{"Update user", "UserManagement", "Core Directory", "Update", "User"},
	{"Add member to group", "GroupManagement", "Core Directory", "Assign", "User"},
	{"Remove member from group", "GroupManagement", "Core Directory", "Unassign", "User"},
	{"Change user password", "UserManagement", "Core Directory", "Update", "User"},
	{"Update device", "Device", "Core Directory", "Update", "Device"},
	{"User registered security info", "UserManagement", "Authentication Methods", "Add", "User"},
	{"Update group", "GroupManagement", "Self-service Group Management", "Update", "Group"},
}

func (g *generator) directoryAudit(e *event) {
	e.user = g.users[g.pickUser.pick(g.rand)]
	e.dev = g.deviceOf(e.user)
	e.number = int64(g.rand.IntN(len(directoryActions)))
}

// mail is a message that was sent.
type mail struct {
	id       uint64
	from     string
	sender   *user // of the house; nil for one from outside
	to       *user
	subject  string
	urls     int64
	attached int64
	spam     bool
	link     site
	doc      file
}

var subjects = []string{"Weekly report", "Minutes of the meeting", "Invoice", "Re: budget", "Lunch?", "Your order is on its way", "Newsletter", "Project plan", "Out of office", "Welcome"}

func (g *generator) email(e *event) {
	m := &mail{id: g.rand.Uint64(), to: g.users[g.pickUser.pick(g.rand)], subject: subjects[g.rand.IntN(len(subjects))]}
	if g.chance(45) {
		m.sender = g.users[g.pickUser.pick(g.rand)]
		m.from = m.sender.upn
	} else {
		m.from = g.senders[g.pickSender.pick(g.rand)]
		m.spam = g.chance(4)
	}
	m.urls, m.attached = int64(g.rand.IntN(3)), int64(g.rand.IntN(4)/3)
	m.link, m.doc = g.sites[g.pickSite.pick(g.rand)], g.document("")
	e.mail, e.user = m, m.to
	g.mails[g.sent%len(g.mails)] = m
	g.sent++
}

// mailPart is a link or a file of a message of late.
func (g *generator) mailPart(e *event) {
	if g.sent == 0 {
		g.email(e) // whose own row is not among the tables, or yet to come
	}
	e.mail = g.mails[g.rand.IntN(min(g.sent, len(g.mails)))]
	e.user = e.mail.to
	e.action = "ClickAllowed"
}

// cloudActions are what people do with documents and mailboxes.
var cloudActions = []struct{ name, app, workload, record, object string }{
	{"FileAccessed", "Microsoft SharePoint Online", "SharePoint", "SharePointFileOperation", "File"},
	{"FileModified", "Microsoft SharePoint Online", "SharePoint", "SharePointFileOperation", "File"},
	{"FileDownloaded", "Microsoft OneDrive for Business", "OneDrive", "SharePointFileOperation", "File"},
	{"FileUploaded", "Microsoft OneDrive for Business", "OneDrive", "SharePointFileOperation", "File"},
	{"MailItemsAccessed", "Microsoft Exchange Online", "Exchange", "ExchangeItemAggregated", "Mailbox"},
	{"MessageSent", "Microsoft Teams", "MicrosoftTeams", "MicrosoftTeams", "Message"},
	{"SearchQueryPerformed", "Microsoft SharePoint Online", "SharePoint", "SharePoint", "Query"},
}

var cloudActionDraw = zipf(len(cloudActions), 0.5)

func (g *generator) cloudApp(e *event) {
	e.user = g.users[g.pickUser.pick(g.rand)]
	e.dev = g.deviceOf(e.user)
	e.number = int64(cloudActionDraw.pick(g.rand))
	e.action = cloudActions[e.number].name
	e.file = g.document("")
}

// securityEvent is what the Windows security log of a server says.
func (g *generator) securityEvent(e *event) {
	e.peer = g.deviceOf(e.user)
	switch n := g.rand.IntN(100); {
	case n < 45:
		e.number = 4624
	case n < 70:
		e.number = 4634
	case n < 85:
		e.number = 4672
	default: // a process that the device has
		e.number, e.proc = 4688, e.dev.procs.running(g.rand, startDraw)
		e.user = e.proc.user
	}
}

var alerts = []struct{ name, severity, tactics, techniques string }{
	{"Unusual volume of file deletion", "Low", "Impact", `["T1485"]`},
	{"Atypical travel", "Medium", "InitialAccess", `["T1078"]`},
	{"Email messages removed after delivery", "Informational", "InitialAccess", `["T1566"]`},
	{"Suspicious inbox manipulation", "Medium", "Persistence", `["T1564"]`},
}

func (g *generator) alert(e *event) {
	e.number = int64(g.rand.IntN(len(alerts)))
	e.user = g.users[g.pickUser.pick(g.rand)]
}

func (g *generator) identityLogon(e *event) {
	e.action, e.peer = "LogonSuccess", g.devices[0]
	e.user = g.users[g.pickUser.pick(g.rand)]
	e.dev = g.deviceOf(e.user)
	e.rport = 88
}

func (g *generator) identity(e *event) { e.user = g.users[g.rand.IntN(len(g.users))] }
