// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/internal/lab"
)

// faultWorld is a collector, and one agent for each fault of the way to it. Each stands
// in a namespace of its own, behind one link to a router; its device and gateway stand
// with it, so that nothing which happens to the link happens to them. Each has a
// customer of its own, who is judged by what it alone says.
type faultWorld struct {
	*plant
	net     *network
	devices map[vouch.CustomerID]*lab.Device
	relay   *relay
	bell    *bell
	since   time.Time
}

// The ways to fail, which are the customers, locations and, with "-1", agents. The third
// byte of their addresses is their place in the list, from 1.
const (
	wayCut     vouch.CustomerID = "cut"     // the link is down at its far end
	wayInward  vouch.CustomerID = "inward"  // what the collector sends is lost
	wayOutward vouch.CustomerID = "outward" // what the agent sends is lost
	waySlow    vouch.CustomerID = "slow"    // 256 kbit/s
	wayMTU     vouch.CustomerID = "mtu"     // 600 bytes, and the router says so
	wayHole    vouch.CustomerID = "hole"    // 600 bytes, and nobody says so
	wayFlap    vouch.CustomerID = "flap"    // down and up every two seconds
	wayRelay   vouch.CustomerID = "relay"   // connections are reset, cut off and frozen
	wayMoved   vouch.CustomerID = "moved"   // the agent's address is another
)

var ways = []vouch.CustomerID{wayCut, wayInward, wayOutward, waySlow, wayMTU, wayHole, wayFlap, wayRelay, wayMoved}

const (
	faultPoll  = 2 * time.Second // of every device
	faultLag   = 6 * time.Second
	uplinkAddr = "10.77.0.2:7443" // the collector
	relayAddr  = "10.77.254.1:7443"
)

const faultCollector = `
data: {{.Data}}
origin: faults.vouch.example
listen: "` + uplinkAddr + `"
web:
  listen: 127.0.0.1:7480
base: base.yaml
contracts: [{{range .Ways}}{{.}}.yaml, {{end}}]
agents:
  seal: 1s
  heartbeat: 1s
`

const faultBase = `
provider: {name: Kade}
credentials: [lab]
locations:
{{- range .}}
  - {id: {{.ID}}, name: {{.ID}}, custody: provider, gateway: {kind: snmp, address: 127.0.0.1, port: {{.Gateway}}, credential: lab}}
{{- end}}
agents:
{{- range .}}
  - {id: {{.ID}}-1, location: {{.ID}}, key: {{.Key}}}
{{- end}}
customers:
{{- range .}}
  - id: {{.ID}}
    name: {{.ID}}
    contract: {{.ID}}
    sites:
      - id: hq
        name: Head office
        locations: [{{.ID}}]
        devices:
          - {id: rt1, class: router, address: 127.0.0.1, profile: generic, credential: lab, snmp: {port: {{.Device}}}, lease: {from: {{.Since}}}}
{{- end}}
`

const faultContract = `
id: {{.ID}}
versions:
  - number: 1
    in_force: {{.Since}}
    timezone: Europe/Brussels
    windows:
      availability:
        hours:
          - {days: [Mon, Tue, Wed, Thu, Fri, Sat, Sun], from: 00:00, to: 24:00}
    quorum: {rule: two_sided, q: 1}
    voters: [{{.ID}}]
    measure:
      snmp: {interval: 2s, timeout: 1900ms}
    incident: {confirm: 5s, clear: 3s}
    live: {carry_forward: 5s, lag: 6s}
`

const faultAgent = `
id: {{.ID}}-1
data: {{.ID}}-1
collector:
  url: https://{{.Collector}}
  pin: {{.Pin}}
credentials:
  lab: {version: 2c, community: "file:secret-community"}
alarm:
  after: 10s
  webhook: {url: "http://{{.Bell}}/canary"}
`

func newFaultWorld(t *testing.T) *faultWorld {
	t.Helper()
	w := &faultWorld{plant: newPlant(t), devices: map[vouch.CustomerID]*lab.Device{}, bell: &bell{},
		since: time.Now().Add(-time.Hour).Truncate(time.Hour)}
	w.net = &network{t: t, prefix: namespacePrefix() + "f-"}
	w.net.sweep()
	w.net.add("router")
	w.net.inside("router", "sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward")
	w.net.ip("-n", w.net.name("router"), "addr", "add", "10.77.254.1/32", "dev", "lo")
	w.net.join("collector", atCollector)
	ctx, cancel := context.WithCancel(context.Background())
	g, ctx := errgroup.WithContext(ctx)
	t.Cleanup(func() {
		cancel()
		if err := g.Wait(); err != nil {
			t.Error(err)
		}
	})
	type row struct {
		ID              vouch.CustomerID
		Key, Since      string
		Gateway, Device uint16
	}
	var rows []row
	since := w.since.Format(time.RFC3339)
	for i, way := range ways {
		w.net.join(string(way), i+1)
		var here [2]*lab.Device
		w.net.within(string(way), func() (err error) {
			for n := range here {
				if here[n], err = lab.Listen(netip.MustParseAddrPort("127.0.0.1:0"), lab.Router(), lab.Options{}); err != nil {
					return err
				}
			}
			return nil
		})
		for _, d := range here {
			g.Go(func() error { return d.Run(ctx) })
		}
		w.devices[way] = here[0]
		rows = append(rows, row{ID: way, Key: w.key(w.agent(way)), Since: since, Device: here[0].Addr().Port(), Gateway: here[1].Addr().Port()})
		w.write(string(way)+".yaml", faultContract, rows[i])
	}
	w.write("base.yaml", faultBase, rows)
	w.write("secret-community", "public\n", nil)
	w.write("collector.yaml", faultCollector, map[string]any{"Data": "data", "Ways": ways})
	w.relay = newRelay(w.net, g, ctx)
	bellAt := w.bell.serve(w.net, string(wayCut), g, ctx)
	w.collect(w.net.name("collector"))
	pin := w.pin()
	for _, way := range ways {
		to := uplinkAddr
		if way == wayRelay {
			to = relayAddr
		}
		w.write(string(w.agent(way))+".yaml", faultAgent, map[string]any{"ID": way, "Collector": to, "Pin": pin, "Bell": bellAt})
		w.measure(w.agent(way), w.net.name(string(way)))
	}
	return w
}

func (w *faultWorld) agent(way vouch.CustomerID) vouch.AgentID { return vouch.AgentID(way) + "-1" }

// enter runs do in the namespace of a party: sockets that it makes stay there.
func (n *network) enter(party string, do func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		done <- func() error {
			f, err := os.Open("/run/netns/" + n.name(party))
			if err != nil {
				return err
			}
			defer f.Close()
			if err := unix.Setns(int(f.Fd()), unix.CLONE_NEWNET); err != nil {
				return fmt.Errorf("enter %s: %w", f.Name(), err)
			}
			return do()
		}()
	}()
	return <-done
}

// within is enter for a test that cannot go on without.
func (n *network) within(party string, do func() error) {
	n.t.Helper()
	if err := n.enter(party, do); err != nil {
		n.t.Fatal(err)
	}
}

// listen listens on TCP in the namespace of a party.
func (n *network) listen(party, addr string) (ln net.Listener) {
	n.t.Helper()
	n.within(party, func() (err error) {
		ln, err = net.Listen("tcp", addr)
		return err
	})
	return ln
}

// delivered waits until what every agent measured up to now is in the ledgers.
func (w *faultWorld) delivered(what string) {
	w.t.Helper()
	from := time.Now()
	late := map[vouch.AgentID]bool{}
	for _, way := range ways {
		late[w.agent(way)] = true
	}
	w.wait(what+": every agent has delivered what it measured meanwhile", func() bool {
		for _, a := range w.status().Agents {
			if late[a.Agent] && a.Through != nil && a.Through.After(from) {
				delete(late, a.Agent)
				w.t.Logf("%s: %s has delivered after %.1f s", what, a.Agent, time.Since(from).Seconds())
			}
		}
		return len(late) == 0
	})
}

// checkBlameless looks at what the customers were told: no outage of the provider's own
// is one of theirs.
func (w *faultWorld) checkBlameless(from, to time.Time) {
	w.t.Helper()
	w.wait("the figures have caught up", func() bool { return time.Since(to) > faultLag+time.Second })
	if list := w.incidents(""); len(list) > 0 {
		w.t.Errorf("incidents = %+v, want none: no device was ever down", list)
	}
	for _, way := range ways {
		a, raw := w.statement(way, from, to)
		w.t.Logf("%s: agreed %d s, up %d s, down %d s, unknown %d s", way, a.Agreed, a.Up, a.Down, a.Unknown)
		if a.Down != 0 || a.Agreed != seconds(to.Sub(from)) || a.Pending != 0 {
			w.t.Errorf("%s: agreed %d s, down %d s, pending %d s; want %d agreed, none of it down or pending\n%s", way, a.Agreed, a.Down, a.Pending, seconds(to.Sub(from)), raw)
		}
		if a.Unknown > a.Agreed/4 { // a machine that is too busy to poll makes some
			w.t.Errorf("%s: unknown %d s, want little: every sample was delivered\n%s", way, a.Unknown, raw)
		}
	}
}

// checkSamples stops everything and looks at the evidence: every check has one sample for
// each of its turns, once, in chains without a gap.
func (w *faultWorld) checkSamples() {
	t := w.t
	t.Helper()
	for _, a := range w.agents {
		w.checkMemory(a)
		a.stop(t)
	}
	w.collector.stop(t)
	leaves := w.readLedgers(w.verifiers())
	checkChains(t, leaves)
	starts := map[vouch.CustomerID][]time.Time{}
	down := map[vouch.CustomerID]int{}
	for _, l := range leaves {
		if l.Kind != store.KindBatch {
			continue
		}
		for _, s := range l.samples(t) {
			if s.Device != "" {
				starts[s.Customer] = append(starts[s.Customer], s.Start)
				if s.Outcome == vouch.Down {
					down[s.Customer]++
				}
			}
		}
	}
	for _, way := range ways {
		at := starts[way]
		if len(at) == 0 {
			t.Errorf("%s: no samples", way)
			continue
		}
		slices.SortFunc(at, time.Time.Compare)
		slots := int(at[len(at)-1].Sub(at[0]).Round(faultPoll)/faultPoll) + 1
		if len(at) != slots {
			t.Errorf("%s: %d samples over %d turns, want one each", way, len(at), slots)
		}
		if n := w.devices[way].Asked(); n < len(at) {
			t.Errorf("%s: %d samples of a device that was asked %d times", way, len(at), n)
		}
		t.Logf("%s: %d samples, each once, %d of them down", way, len(at), down[way])
	}
}
