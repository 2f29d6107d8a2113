// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"net/netip"
	"os"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/internal/lab"
)

// soaking reports whether the tests may take long (make soak).
// whole skips what takes long, but in `make test`.
func whole(t *testing.T) {
	t.Helper()
	if os.Getenv("VOUCH_WHOLE") == "" {
		t.Skip("it takes long: `make test` runs it, or VOUCH_WHOLE=1")
	}
}

func soaking() bool { return os.Getenv("VOUCH_SOAK") != "" }

// loadWorld is a collector and two agents as processes on loopback, which measure
// simulated devices of two customers twice a second.
type loadWorld struct {
	*plant
	devices   map[vouch.DeviceID]*lab.Device
	gateway   *lab.Device
	listen    string // where agents deliver
	metrics   map[vouch.AgentID]string
	since     time.Time
	community string
	base      string // template of the installed base
	keys      map[vouch.AgentID]string

	sinkName string // of the time-series store, once it was seen
}

// Customers and agents of the load world.
const (
	acme  vouch.CustomerID = "acme"
	zeta  vouch.CustomerID = "zeta"
	north vouch.AgentID    = "north-1"
	south vouch.AgentID    = "south-1"
)

const loadCollector = `
data: data
origin: load.vouch.example
listen: "{{.Listen}}"
web:
  listen: {{.Web}}
base: base.yaml
contracts: [contract.yaml]
agents:
  seal: 1s
  heartbeat: 1s
{{.More}}
`

const loadBase = `
provider: {name: Kade}
credentials: [lab]
locations:
  - {id: north, name: North, custody: provider, gateway: {kind: snmp, address: 127.0.0.1, port: {{.Gateway}}, credential: lab}}
  - {id: south, name: South, custody: neutral, gateway: {kind: snmp, address: 127.0.0.1, port: {{.Gateway}}, credential: lab}}
agents:
  - {id: north-1, location: north, key: {{.North}}}
  - {id: south-1, location: south, key: {{.South}}}
customers:
  - id: acme
    name: Acme
    contract: gold
    sites:
      - id: hq
        name: Head office
        devices:
          - {id: rt1, class: router, address: 127.0.0.1, profile: cisco-router, credential: lab, snmp: {port: {{.Ports.rt1}}}, lease: {from: {{.Since}}{{.Until}}}}
          - {id: fw1, class: firewall, address: 127.0.0.1, profile: fortinet-firewall, credential: lab, snmp: {port: {{.Ports.fw1}}}, lease: {from: {{.Since}}{{.Until}}}}
  - id: zeta
    name: Zeta
    contract: gold
    sites:
      - id: office
        name: Office
        devices:
          - {id: rt2, class: router, address: 127.0.0.1, profile: generic, credential: lab, snmp: {port: {{.Ports.rt2}}}, lease: {from: {{.Since}}{{.Until}}}}
          - {id: pbx2, class: telephony, address: 127.0.0.1, profile: audiocodes-gateway, credential: lab, snmp: {port: {{.Ports.pbx2}}}, lease: {from: {{.Since}}{{.Until}}}}
`

const loadContract = `
id: gold
versions:
  - number: 1
    in_force: {{.}}
    timezone: Europe/Brussels
    windows:
      availability:
        hours:
          - {days: [Mon, Tue, Wed, Thu, Fri, Sat, Sun], from: 00:00, to: 24:00}
    quorum: {rule: two_sided, q: 2}
    voters: [north, south]
    measure:
      snmp: {interval: 500ms, timeout: 400ms}
    incident: {confirm: 3s, clear: 2s}
    live: {carry_forward: 3s, lag: 5s}
`

const loadAgent = `
id: {{.ID}}
data: {{.ID}}
collector:
  url: https://{{.Collector}}
  pin: {{.Pin}}
credentials:
  lab: {version: 2c, community: "file:secret-community"}
metrics:
  listen: {{.Metrics}}
`

// newLoadWorld starts the devices and writes the collector's files, of which more is
// added to its own.
func newLoadWorld(t *testing.T, more string) *loadWorld {
	t.Helper()
	return newGuardedWorld(t, more, "public")
}

// newGuardedWorld is newLoadWorld with devices that answer to one community alone.
func newGuardedWorld(t *testing.T, more, community string) *loadWorld {
	t.Helper()
	w := &loadWorld{community: community, plant: newPlant(t), devices: map[vouch.DeviceID]*lab.Device{}, listen: freeAddr(t),
		metrics: map[vouch.AgentID]string{north: freeAddr(t), south: freeAddr(t)}, keys: map[vouch.AgentID]string{}, base: loadBase,
		since: time.Now().Add(-time.Hour).Truncate(time.Hour)}
	w.simulate()
	for id := range w.metrics {
		w.keys[id] = w.key(id)
	}
	w.write("secret-community", community+"\n", nil)
	w.write("contract.yaml", loadContract, w.since.Format(time.RFC3339))
	w.write("collector.yaml", loadCollector, map[string]string{"Listen": w.listen, "Web": freeAddr(t), "More": more})
	w.leaseUntil(time.Time{})
	return w
}

// simulate starts the devices and the gateway that both locations share.
func (w *loadWorld) simulate() {
	ctx, cancel := context.WithCancel(context.Background())
	g, ctx := errgroup.WithContext(ctx)
	w.t.Cleanup(func() {
		cancel()
		if err := g.Wait(); err != nil {
			w.t.Error(err)
		}
	})
	listen := func(walk lab.Walk) *lab.Device {
		d, err := lab.Listen(netip.MustParseAddrPort("127.0.0.1:0"), walk, lab.Options{Community: w.community})
		if err != nil {
			w.t.Fatal(err)
		}
		g.Go(func() error { return d.Run(ctx) })
		return d
	}
	w.gateway = listen(lab.Router())
	for id, walk := range map[vouch.DeviceID]lab.Walk{
		"rt1": lab.Router(), "fw1": lab.Firewall(), "rt2": lab.Router(), "pbx2": lab.Telephony(),
	} {
		w.devices[id] = listen(walk)
	}
}

// leaseUntil writes the installed base with an end of every lease, or none.
func (w *loadWorld) leaseUntil(at time.Time) {
	w.t.Helper()
	ports := map[string]uint16{}
	for id, d := range w.devices {
		ports[string(id)] = d.Addr().Port()
	}
	until := ""
	if !at.IsZero() {
		until = ", until: " + at.Format(time.RFC3339)
	}
	w.write("base.yaml", w.base, map[string]any{
		"Gateway": w.gateway.Addr().Port(), "Ports": ports, "North": w.keys[north], "South": w.keys[south], "Since": w.since.Format(time.RFC3339), "Until": until,
	})
}

// start starts everything and waits until both agents see all devices up.
func (w *loadWorld) start() {
	w.t.Helper()
	w.collect("")
	pin := w.pin()
	for id, addr := range w.metrics {
		w.write(string(id)+".yaml", loadAgent, map[string]any{"ID": id, "Collector": w.listen, "Pin": pin, "Metrics": addr})
		w.measure(id, "")
	}
	w.wait("every device is up for both agents", func() bool {
		for _, d := range w.live().Devices {
			for _, s := range d.Seen {
				if s.State != "up" {
					return false
				}
			}
		}
		return true
	})
}
