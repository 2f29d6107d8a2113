// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
)

// party is a customer of the networked world. All three lease the same device, so
// that one fault is judged by three contracts at once.
type party struct {
	ID         vouch.CustomerID
	Rule       string // of the quorum, which is 2 in all of them
	Voters     string
	Version    string // of SNMP
	Credential string
	Reachable  string
	ICMP       bool
}

const (
	three vouch.CustomerID = "three" // three locations, both sides need two
	pair  vouch.CustomerID = "pair"  // two locations, both sides need two; SNMP alone establishes it
	reach vouch.CustomerID = "reach" // two locations, up needs two: one witness can bring it down
)

var parties = []party{
	{ID: three, Rule: "two_sided", Voters: "AMS, BRU, RTM", Version: "2c", Credential: "community", Reachable: "icmp, snmp", ICMP: true},
	{ID: pair, Rule: "two_sided", Voters: "AMS, BRU", Version: "3", Credential: "user", Reachable: "snmp"},
	{ID: reach, Rule: "reachable_from", Voters: "AMS, BRU", Version: "3", Credential: "user", Reachable: "icmp, snmp", ICMP: true},
}

// Paces of the contracts below.
const (
	pollEvery  = time.Second
	confirm    = 3 * time.Second
	figuresLag = 5 * time.Second
)

const netCollector = `
data: data
origin: e2e.vouch.example
listen: "10.77.0.2:7443"
web:
  listen: 127.0.0.1:7480
base: base.yaml
contracts: [{{range .}}{{.ID}}.yaml, {{end}}]
agents:
  seal: 1s
  heartbeat: 1s
`

const netBase = `
provider: {name: Kade}
credentials: [community, user]
locations:
{{- range .Stations}}
  - {id: {{.ID}}, name: {{.ID}}, custody: {{.Custody}}, gateway: {kind: icmp, address: {{.Gateway}}}}
{{- end}}
agents:
{{- range .Stations}}
  - {id: {{.ID}}-1, location: {{.ID}}, key: {{.Key}}}
{{- end}}
customers:
{{- range .Parties}}
  - id: {{.ID}}
    name: {{.ID}}
    contract: {{.ID}}
    sites:
      - id: hq
        name: Head office
        locations: [{{.Voters}}]
        devices:
          - id: rt1
            class: router
            address: {{$.Device}}
            profile: generic
            credential: {{.Credential}}
            snmp: {version: {{.Version}}}
            lease: {from: {{$.Since}}}
    services:
      - {id: internet, name: Internet, all: [rt1]}
{{- end}}
`

const netContract = `
id: {{.ID}}
versions:
  - number: 1
    in_force: {{.Since}}
    timezone: Europe/Brussels
    windows:
      availability:
        hours:
          - {days: [Mon, Tue, Wed, Thu, Fri, Sat, Sun], from: 00:00, to: 24:00}
    quorum: {rule: {{.Rule}}, q: 2}
    voters: [{{.Voters}}]
    measure:
      snmp: {interval: 1s, timeout: 900ms}
{{- if .ICMP}}
      icmp: {interval: 1s, timeout: 900ms, count: 2, spacing: 100ms}
{{- end}}
    reachable_by: [{{.Reachable}}]
    references:
      - {name: beyond, kind: icmp, address: {{.Beyond}}}
    self_check_required: true
    incident: {confirm: 3s, clear: 2s}
    live: {carry_forward: 3s, lag: 5s}
`

const netAgent = `
id: {{.ID}}
data: {{.ID}}
collector:
  url: https://10.77.0.2:7443
  pin: {{.Pin}}
credentials:
  community: {version: 2c, community: "file:secret-community"}
  user:
    version: 3
    user: vouch
    auth: {protocol: SHA256, password: "file:secret-auth"}
    privacy: {protocol: AES, password: "file:secret-privacy"}
`

const netSnmpd = `
agentaddress udp:161
rocommunity e2e-community
createUser vouch SHA-256 "authpass1234" AES "privpass1234"
rouser vouch priv
dontLogTCPWrappersConnects yes
`

// netWorld is the three customers, the stations and the device in one network.
type netWorld struct {
	*plant
	net   *network
	snmpd *process
	since time.Time // the contracts are in force
}

// agentAt returns the agent of a station.
func agentAt(l vouch.LocationID) vouch.AgentID { return vouch.AgentID(l) + "-1" }

func newNetWorld(t *testing.T) *netWorld {
	t.Helper()
	w := &netWorld{plant: newPlant(t), net: newNetwork(t), since: time.Now().Add(-time.Hour).Truncate(time.Hour)}
	w.configure()
	if err := os.Mkdir(w.path("persist"), 0o700); err != nil {
		t.Fatal(err)
	}
	snmpd, err := exec.LookPath("snmpd")
	if err != nil {
		t.Fatal(err)
	}
	w.snmpd = launch(t, w.dir, "snmpd", w.net.name("device"), "env", "SNMP_PERSISTENT_DIR="+w.path("persist"), "MIBS=",
		snmpd, "-f", "-Lo", "-C", "-c", w.path("snmpd.conf"))
	w.collect(w.net.name("collector"))
	for _, s := range stations {
		w.measure(agentAt(s.ID), w.net.name(string(s.ID)))
	}
	return w
}

// configure writes what an operator would.
func (w *netWorld) configure() {
	since := w.since.Format(time.RFC3339)
	type row struct {
		vouch.Location
		Gateway, Key string
	}
	var rows []row
	for i, s := range stations {
		rows = append(rows, row{s, fmt.Sprintf("10.77.%d.1", i+1), w.key(agentAt(s.ID))})
	}
	w.write("collector.yaml", netCollector, parties)
	w.write("base.yaml", netBase, map[string]any{"Stations": rows, "Parties": parties, "Device": deviceAddr, "Since": since})
	for _, p := range parties {
		w.write(string(p.ID)+".yaml", netContract, struct {
			party
			Since, Beyond string
		}{p, since, beyondAddr})
	}
	w.write("secret-community", "e2e-community\n", nil)
	w.write("secret-auth", "authpass1234\n", nil)
	w.write("secret-privacy", "privpass1234\n", nil)
	w.write("snmpd.conf", netSnmpd, nil)
	pin := w.pin()
	for _, s := range stations {
		id := agentAt(s.ID)
		w.write(string(id)+".yaml", netAgent, map[string]any{"ID": id, "Pin": pin})
	}
}

// device returns the live state of a customer's device.
func (w *netWorld) device(c vouch.CustomerID) admin.LiveDevice {
	w.t.Helper()
	for _, d := range w.live().Devices {
		if d.Customer == c {
			return d
		}
	}
	w.t.Fatalf("the live view shows no device of %s", c)
	return admin.LiveDevice{}
}

// seen returns what a location sees of a customer's device, as "down" or "unknown: reason".
func (w *netWorld) seen(c vouch.CustomerID, l vouch.LocationID) string {
	w.t.Helper()
	for _, s := range w.device(c).Seen {
		if s.Location == l {
			return strings.TrimSuffix(s.State+": "+s.Reason, ": ")
		}
	}
	return ""
}

// allUp waits until every voter of every customer sees the device up.
func (w *netWorld) allUp() {
	w.t.Helper()
	w.wait("the device is up for everybody", func() bool {
		for _, p := range parties {
			d := w.device(p.ID)
			if d.State != "up" {
				return false
			}
			for _, s := range d.Seen {
				if strings.Contains(p.Voters, string(s.Location)) && s.State != "up" {
					return false
				}
			}
		}
		return true
	})
}
