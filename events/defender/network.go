package defender

import (
	"github.com/cespare/xxhash/v2"

	"quarry/events/winevent"
	"quarry/kql/types"
)

// connection is a network event seen from its device.
type connection struct {
	inbound               bool
	local, remote         *address
	localPort, remotePort int64
	hasLocal, hasRemote   bool // the ports
	protocol              string
}

// orient puts the two ends of a connection in their places: of an inbound one
// the destination is local.
func (m *Mapper) orient(inbound bool, sourceIP, sourcePort, destIP, destPort, protocol string) connection {
	if inbound {
		sourceIP, sourcePort, destIP, destPort = destIP, destPort, sourceIP, sourcePort
	}
	c := connection{inbound: inbound, local: m.address(sourceIP), remote: m.address(destIP), protocol: protocols[protocol]}
	c.localPort, c.hasLocal = port(sourcePort)
	c.remotePort, c.hasRemote = port(destPort)
	return c
}

func (m *Mapper) sysmonConnection(ev *winevent.Event) connection {
	return m.orient(ev.Get("Initiated") == "false", ev.Get("SourceIp"), ev.Get("SourcePort"),
		ev.Get("DestinationIp"), ev.Get("DestinationPort"), ev.Get("Protocol"))
}

func (m *Mapper) filterConnection(ev *winevent.Event) connection {
	return m.orient(ev.Get("Direction") == "%%14592", ev.Get("SourceAddress"), ev.Get("SourcePort"),
		ev.Get("DestAddress"), ev.Get("DestPort"), ev.Get("Protocol"))
}

// key names the connection by its two ends and protocol.
func (c *connection) key(device uint32) uint64 {
	return hashKey(device, c.local.hash, c.remote.hash,
		uint64(c.localPort), uint64(c.remotePort), xxhash.Sum64String(c.protocol))
}

// remoteKey names it by its remote end alone.
func (c *connection) remoteKey(device uint32) uint64 {
	return hashKey(device, c.remote.hash, uint64(c.remotePort))
}

// sharedConnection is what a 5140 event says of the connection it came over.
func (m *Mapper) sharedConnection(ev *winevent.Event) (connection, bool) {
	c := connection{inbound: true, local: noAddress, remote: m.address(ev.Get("IpAddress")), localPort: 445, hasLocal: true, protocol: "Tcp"}
	c.remotePort, c.hasRemote = port(ev.Get("IpPort"))
	return c, c.remote.text != ""
}

func (m *Mapper) connectionRow(f *fact, c connection, action types.Value) []any {
	row := m.row(m.tables.network, f, action)
	row[nLocalIP], row[nRemoteIP] = c.local.text, c.remote.text
	row[nLocalIPType], row[nRemoteIPType] = c.local.kind, c.remote.kind
	if c.hasLocal {
		row[nLocalPort] = c.localPort
	}
	if c.hasRemote {
		row[nRemotePort] = c.remotePort
	}
	row[nProtocol] = m.box(c.protocol)
	return row
}

// sysmonNetwork maps Sysmon 3.
func sysmonNetwork(m *Mapper, f *fact) error {
	t, ev := m.tables.network, f.ev
	c := m.sysmonConnection(ev)
	var action types.Value = "ConnectionSuccess"
	if c.inbound {
		action = "InboundConnectionAccepted"
	}
	row := m.connectionRow(f, c, action)
	if !c.inbound {
		row[nRemoteURL] = absent(ev.Get("DestinationHostname"))
	}
	m.initiatedByGUID(t, row, f, ev.Get("ProcessGuid"), ev.Get("ProcessId"), ev.Get("Image"), ev.Get("User"))
	return m.send(t, row)
}

// filterNetwork maps Security 5156 (permitted) and 5157 (blocked).
func filterNetwork(m *Mapper, f *fact) error {
	t, ev := m.tables.network, f.ev
	c := m.filterConnection(ev)
	var action types.Value
	switch blocked := ev.EventID == 5157; {
	case blocked && c.inbound:
		action = "InboundConnectionBlocked"
	case blocked:
		action = "ConnectionFailed"
	case c.inbound:
		action = "InboundConnectionAccepted"
	default:
		action = "ConnectionSuccess"
	}
	row := m.connectionRow(f, c, action)
	pid := ev.Get("ProcessID") // 5156 spells it so; some shippers do not
	if pid == "" {
		pid = ev.Get("ProcessId")
	}
	m.initiatedByPID(t, row, f, pid, absent(ev.Get("Application")))
	return m.send(t, row)
}

// shareNetwork derives the connection that a share was opened over (5140).
func shareNetwork(m *Mapper, f *fact) error {
	t := m.tables.network
	c, ok := m.sharedConnection(f.ev)
	if m.opts.NoDerive || !ok {
		return nil
	}
	row := m.connectionRow(f, c, "InboundConnectionAccepted")
	m.bySystem(row, f)
	var extra object
	extra.num("DerivedFrom", 5140)
	extra.str("ShareName", f.ev.Get("ShareName"))
	row[nAdditional] = extra.value()
	m.report.Derived++
	return m.send(t, row)
}
