package defender

import (
	"github.com/cespare/xxhash/v2"

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

func (m *Mapper) sysmonConnection(st *stored) connection {
	return m.orient(st.get("Initiated") == "false", st.get("SourceIp"), st.get("SourcePort"),
		st.get("DestinationIp"), st.get("DestinationPort"), st.get("Protocol"))
}

func (m *Mapper) filterConnection(st *stored) connection {
	return m.orient(st.get("Direction") == "%%14592", st.get("SourceAddress"), st.get("SourcePort"),
		st.get("DestAddress"), st.get("DestPort"), st.get("Protocol"))
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
func (m *Mapper) sharedConnection(st *stored) (connection, bool) {
	c := connection{inbound: true, local: noAddress, remote: m.address(st.get("IpAddress")), localPort: 445, hasLocal: true, protocol: "Tcp"}
	c.remotePort, c.hasRemote = port(st.get("IpPort"))
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
	t := m.tables.network
	c := m.sysmonConnection(f.stored)
	var action types.Value = "ConnectionSuccess"
	if c.inbound {
		action = "InboundConnectionAccepted"
	}
	row := m.connectionRow(f, c, action)
	if !c.inbound {
		row[nRemoteURL] = absent(f.get("DestinationHostname"))
	}
	m.initiatedByGUID(t, row, f, f.process, &ownProcess)
	return m.send(t, row)
}

// filterNetwork maps Security 5156 (permitted) and 5157 (blocked).
func filterNetwork(m *Mapper, f *fact) error {
	t, ev := m.tables.network, f.ev
	c := m.filterConnection(f.stored)
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
	pid := f.get("ProcessID") // 5156 spells it so; some shippers do not
	if pid == "" {
		pid = f.get("ProcessId")
	}
	m.initiatedByPID(t, row, f, pid, absent(f.get("Application")))
	return m.send(t, row)
}

// shareNetwork derives the connection that a share was opened over (5140).
func shareNetwork(m *Mapper, f *fact) error {
	t := m.tables.network
	c, ok := m.sharedConnection(f.stored)
	if m.opts.NoDerive || !ok {
		return nil
	}
	row := m.connectionRow(f, c, "InboundConnectionAccepted")
	m.bySystem(row, f)
	var extra object
	extra.num("DerivedFrom", 5140)
	extra.str("ShareName", f.get("ShareName"))
	row[nAdditional] = extra.value()
	m.report.Derived++
	return m.send(t, row)
}
