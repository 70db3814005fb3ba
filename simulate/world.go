package simulate

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
)

// The company.
const (
	netbios  = "contoso"
	domain   = "contoso.example"
	tenantID = "72f988bf-0000-4000-8000-2d7cd011db47"
	sidBase  = "S-1-5-21-1004336348-1177238915-682003330-"
)

// device is one simulated machine.
type device struct {
	index                 int
	name, short, id       string
	aadID, mac, ip, kind  string
	osPlatform, osVersion string
	build                 int64
	public                string
	owner                 *user // of a workstation
	procs                 processes
}

func (d *device) server() bool { return d.kind != workstation }

// The kinds of devices.
const (
	workstation = "Workstation"
	fileServer  = "File server"
	otherServer = "Server"
)

// user is one simulated person, or an account of the system.
type user struct {
	index                            int
	name, display, given, surname    string
	domain, upn, sid, objectID       string
	department, title, city, country string
	homeIP, agent                    string
	lastFail                         int64 // ticks of the last failed logon
}

// systemUser is the account of the machine itself.
var systemUser = &user{index: -1, name: "system", display: "SYSTEM", domain: "nt authority", sid: "S-1-5-18"}

// site is a place on the internet.
type site struct{ host, ip, country string }

// world is who and what there is.
type world struct {
	devices []*device
	users   []*user
	sites   []site
	senders []string // of mail from outside
	servers int      // the first so many devices are

	pickDevice, pickUser, pickSite, pickSender draw
}

var (
	givenNames  = strings.Fields("Alex Bo Chris Dana Eli Fran Gus Hana Ivo Jo Kai Lea Max Nia Olga Pat Quin Rosa Sam Tom Uma Vera Wim Xenia Yara Zoe Amir Bea Carl Dora Emil Fay")
	surnames    = strings.Fields("Adams Berg Costa Diaz Evans Fischer Garcia Hoffmann Ito Jensen Klein Lopez Moreau Novak Olsen Patel Quist Rossi Silva Tanaka Urban Vogel Weber Xu Young Zhang Abbot Brandt Cohen Dubois")
	departments = []string{"Sales", "Finance", "Engineering", "Support", "Marketing", "Legal", "Operations", "IT"}
	titles      = []string{"Manager", "Analyst", "Engineer", "Assistant", "Director", "Specialist"}
	places      = []struct{ city, country, octets string }{
		{"Berlin", "DE", "198.51.100."}, {"Paris", "FR", "192.0.2."}, {"London", "GB", "203.0.113."},
		{"Seattle", "US", "198.18.4."}, {"Tokyo", "JP", "198.19.7."},
	}
	agents = []string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
	}
	siteWords = strings.Fields("www mail cdn login update api static news shop docs media portal sync files video maps")
	siteZones = strings.Fields("example.com example.net example.org")
)

const sitesCount = 400

func newWorld(o Options, r *rand.Rand) *world {
	w := &world{}
	n := max(12, o.Devices+o.Devices/5)
	for i := range n {
		w.users = append(w.users, newUser(i))
	}
	rest := make([]float64, 0, o.Devices)
	servers := max(1, o.Devices/12)
	w.servers = servers
	for i := range o.Devices {
		d := newDevice(i, servers)
		if !d.server() {
			d.owner = w.users[(i-servers)%n]
		}
		d.procs.boot(d, o)
		w.devices = append(w.devices, d)
		rest = append(rest, 0)
	}
	// The hot server has its share; the others differ, but not by much.
	z := zipf(o.Devices-1, 0.4)
	left := 1.0
	for i := 1; i < o.Devices; i++ {
		rest[i] = z[i-1]
		if i > 1 {
			rest[i] -= z[i-2]
		}
		rest[i] *= (1 - o.HotShare) / z[len(z)-1]
		left -= rest[i]
	}
	rest[0] = max(left, 1e-9)
	if o.HotShare == 0 {
		rest[0] = 1 / float64(o.Devices)
	}
	w.pickDevice = weighted(rest...)
	w.pickUser = zipf(n, 0.5)
	for i := range sitesCount {
		place := places[r.IntN(len(places))]
		host := fmt.Sprintf("%s%d.%s", siteWords[i%len(siteWords)], i/len(siteWords), siteZones[i%len(siteZones)])
		w.sites = append(w.sites, site{host, place.octets + fmt.Sprint(1+r.IntN(250)), place.country})
	}
	w.pickSite = zipf(sitesCount, 1.1)
	for i := range 120 {
		w.senders = append(w.senders, fmt.Sprintf("%s.%s@partner%d.example.net", strings.ToLower(givenNames[i%len(givenNames)]), strings.ToLower(surnames[i*7%len(surnames)]), i%17))
	}
	w.pickSender = zipf(len(w.senders), 1)
	return w
}

func newUser(i int) *user {
	given, surname := givenNames[i%len(givenNames)], surnames[(i/len(givenNames)+i*11)%len(surnames)]
	u := &user{index: i, given: given, surname: surname, display: given + " " + surname, domain: netbios}
	u.name = strings.ToLower(given + "." + surname)
	if i >= len(givenNames)*len(surnames) {
		u.name += fmt.Sprint(i)
	}
	place := places[i%len(places)]
	u.upn = u.name + "@" + domain
	u.sid = sidBase + fmt.Sprint(1200+i)
	u.objectID = guidText(textID(u.name))
	u.department, u.title = departments[i%len(departments)], titles[i/len(departments)%len(titles)]
	u.city, u.country = place.city, place.country
	u.homeIP = place.octets + fmt.Sprint(1+i*7%250)
	u.agent = agents[i*5%len(agents)]
	return u
}

func newDevice(i, servers int) *device {
	d := &device{index: i, kind: workstation, osPlatform: "Windows11", osVersion: "10.0", build: 26100}
	switch {
	case i == 0:
		d.kind, d.short = fileServer, "fs01"
	case i < servers:
		d.kind, d.short = otherServer, fmt.Sprintf("srv%04d", i)
	default:
		d.short = fmt.Sprintf("ws%04d", i-servers+1)
	}
	if d.server() {
		d.osPlatform, d.build = "WindowsServer2022", 20348
	}
	sum := sha1.Sum([]byte(d.short))
	d.name, d.id = d.short+"."+domain, hex.EncodeToString(sum[:])
	d.aadID = guidText(textID(d.short))
	d.ip = fmt.Sprintf("10.%d.%d.%d", 1+i/62500, i/250%250, i%250+1)
	d.mac = strings.ToUpper(fmt.Sprintf("02-%s", hexText(textID(d.short), 10)))
	d.public = places[i%len(places)].octets + "254"
	return d
}
