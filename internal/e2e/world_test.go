// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package e2e tests the whole system: real collectors, real agents, real devices,
// over the real wire. The everyday test runs in one process on loopback; the others
// use network namespaces and real servers.
package e2e

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/agent"
	"github.com/vouch-sla/vouch/collector"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/store/sqlite"
	"github.com/vouch-sla/vouch/configs"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/internal/lab"
	"github.com/vouch-sla/vouch/internal/wire"
	"github.com/vouch-sla/vouch/probes"
	"github.com/vouch-sla/vouch/probes/sip"
	"github.com/vouch-sla/vouch/probes/snmp"
)

// world is a collector with agents at three locations that measure one router. All of
// it runs in this process and talks over loopback.
type world struct {
	t       *testing.T
	dir     string
	device  *lab.Device
	gateway *lab.Device
	also    []vouch.Check // of the router, beside that over SNMP
	terms   contract.Terms
	unit    vouch.Unit      // on record for the router; none unless a test says so
	profile []vouch.Profile // that the router is asked by; likewise
	chosen  []string        // interfaces of it; likewise
	agents  []vouch.Agent
	sources map[vouch.AgentID]netip.Addr
	web     string
	addr    string
	pin     string
	every   time.Duration // between two polls of the router
	traps   *agent.Traps  // heard by the first agent; nil for none
	group   *errgroup.Group
	ctx     context.Context
	log     *slog.Logger
}

const customer vouch.CustomerID = "acme"

// locations of the world, all in provider or neutral custody.
var sites = []vouch.Location{
	{ID: "AMS", Name: "Amsterdam", Custody: vouch.CustodyProvider},
	{ID: "BRU", Name: "Brussels", Custody: vouch.CustodyProvider},
	{ID: "RTM", Name: "Rotterdam", Custody: vouch.CustodyNeutral},
}

func newWorld(t *testing.T) *world {
	t.Helper()
	// A Unix socket's path is short (unix(7)), a test's temporary directory may be long.
	dir, err := os.MkdirTemp("", "vouch-e2e")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	ctx, cancel := context.WithCancel(context.Background())
	g, ctx := errgroup.WithContext(ctx)
	w := &world{t: t, dir: dir, group: g, ctx: ctx, sources: map[vouch.AgentID]netip.Addr{}, every: 250 * time.Millisecond, log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	if testing.Verbose() {
		w.log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	t.Cleanup(func() {
		cancel()
		if err := g.Wait(); err != nil {
			t.Errorf("the world ended with: %v", err)
		}
	})
	w.device, w.gateway = w.simulate(lab.Router()), w.simulate(lab.Router())
	w.terms = terms(t)
	for i, l := range sites {
		id := vouch.AgentID(string(l.ID) + "-1")
		key, err := agent.VerifierKey(w.state(id), id)
		if err != nil {
			t.Fatal(err)
		}
		w.agents = append(w.agents, vouch.Agent{ID: id, Location: l.ID, Key: key})
		w.sources[id] = netip.AddrFrom4([4]byte{127, 0, 77, byte(i + 1)})
	}
	return w
}

func (w *world) state(id vouch.AgentID) string { return filepath.Join(w.dir, string(id)) }

// simulate starts a device on loopback.
func (w *world) simulate(walk lab.Walk) *lab.Device {
	w.t.Helper()
	d, err := lab.Listen(netip.MustParseAddrPort("127.0.0.1:0"), walk, lab.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	w.group.Go(func() error { return d.Run(w.ctx) })
	return d
}

// terms are those of a contract that decides within seconds.
func terms(t *testing.T) contract.Terms {
	t.Helper()
	zone, err := configs.Zone("Europe/Brussels")
	if err != nil {
		t.Fatal(err)
	}
	terms := contract.DefaultTerms()
	terms.Zone = zone
	terms.Windows = []contract.Window{{Days: contract.AllWeek, From: 0, To: 1440}}
	for _, l := range sites {
		terms.Voters = append(terms.Voters, contract.Voter{Location: l.ID, Custody: l.Custody})
	}
	terms.Quorum = contract.Quorum{Rule: contract.TwoSided, Q: 2}
	terms.ReachableBy = []vouch.Kind{vouch.KindSNMP}
	terms.Confirm, terms.Clear = time.Second, time.Second
	terms.CarryForward, terms.Lag = 3*time.Second, time.Second
	terms.Interval, terms.Timeout = 250*time.Millisecond, 200*time.Millisecond
	return terms
}

// check is how the router is asked.
func (w *world) check() vouch.Check {
	c := vouch.Check{
		Name: "snmp", Kind: vouch.KindSNMP, Addr: w.device.Addr().Addr(), Port: w.device.Addr().Port(),
		Interval: w.every, Timeout: w.terms.Timeout, Version: "2c", Credential: "lab", Unit: w.unit, Interfaces: w.chosen,
	}
	if len(w.profile) > 0 {
		c.Profile = w.profile[0].Name
	}
	return c
}

func (w *world) units() []vouch.Unit {
	if !w.unit.Known() {
		return nil
	}
	return []vouch.Unit{w.unit}
}

func (w *world) checks() []vouch.Check { return append([]vouch.Check{w.check()}, w.also...) }

func (w *world) reference() vouch.Reference {
	a := w.gateway.Addr()
	return vouch.Reference{Name: "gateway", Gateway: true, Kind: vouch.KindSNMP, Addr: a.Addr(), Port: a.Port(), Version: "2c", Credential: "lab"}
}

func (w *world) customer() vouch.Customer {
	return vouch.Customer{
		ID: customer, Name: "Acme", Contract: "gold",
		Sites:    []vouch.Site{{ID: "hq", Name: "Head office", Devices: []vouch.Device{{ID: "rt1", Class: vouch.ClassRouter, Units: w.units(), Checks: w.checks(), Profile: w.check().Profile}}}},
		Services: []vouch.Service{{ID: "internet", Name: "Internet access", Tree: vouch.Node{Device: "rt1"}}},
	}
}

func (w *world) options() collector.Options {
	return collector.Options{
		Dir: w.data(), Origin: "ledger.example", Version: "test", Listen: "127.0.0.1:0", Web: "127.0.0.1:0", Log: w.log,
		Base:      collector.Base{Provider: "Kade", Locations: sites, Agents: w.agents, Customers: []vouch.Customer{w.customer()}, Profiles: w.profile},
		Contracts: map[vouch.CustomerID]collector.Contract{customer: {ID: "gold", Versions: []contract.Version{{Number: 1, InForce: 0, Terms: w.terms}}}},
		Plan: func(time.Time) (plans []wire.Assignment, next time.Time) {
			for _, a := range w.agents {
				plans = append(plans, wire.Assignment{
					Agent: a.ID, Location: a.Location, Customers: []vouch.CustomerID{customer}, Sealing: 500 * time.Millisecond, Heartbeat: 500 * time.Millisecond,
					Devices:    []wire.Device{{Customer: customer, ID: "rt1", Class: vouch.ClassRouter, Checks: w.checks()}},
					References: []wire.Reference{{Reference: w.reference(), Customers: []vouch.CustomerID{customer}}},
					Profiles:   w.profile,
				})
			}
			return plans, time.Time{}
		},
	}
}

func (w *world) data() string { return filepath.Join(w.dir, "data") }

// collect starts the collector and waits until its doors are open.
func (w *world) collect() {
	w.t.Helper()
	s, err := sqlite.Open(w.ctx, w.data(), sqlite.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	ready := make(chan collector.Addresses, 1)
	o := w.options()
	o.Ready = func(a collector.Addresses) { ready <- a }
	w.group.Go(func() error {
		defer s.Close()
		return collector.Run(w.ctx, s, o)
	})
	select {
	case a := <-ready:
		w.addr, w.pin, w.web = a.Agents, a.Pin, a.Web
	case <-w.ctx.Done():
		w.t.Fatalf("the collector did not start: %v", w.group.Wait())
	}
}

// measure starts the agents.
func (w *world) measure() {
	w.t.Helper()
	raw, err := hex.DecodeString(strings.TrimPrefix(w.pin, "sha256:"))
	if err != nil {
		w.t.Fatal(err)
	}
	for i, a := range w.agents {
		prober := snmp.New()
		var traps *agent.Traps
		if i == 0 {
			traps = w.traps
		}
		w.group.Go(func() error {
			defer prober.Close()
			return agent.Run(w.ctx, agent.Options{
				Traps: traps, StatusSocket: agent.StatusSocket(w.state(a.ID)),
				ID: a.ID, StateDir: w.state(a.ID), CollectorURL: "https://" + w.addr, Pin: [sha256.Size]byte(raw), Source: w.sources[a.ID],
				Credential: func(name string) (probes.Credential, error) {
					if name == "core" {
						return core, nil
					}
					return probes.Credential{Version: "2c", Community: "public"}, nil
				},
				Probers: map[vouch.Kind]probes.Prober{vouch.KindSNMP: prober, vouch.KindSIP: &sip.Prober{}}, ReferenceInterval: 250 * time.Millisecond, Log: w.log.With("agent", a.ID),
			})
		})
	}
}

func (w *world) client() *admin.Client { return admin.Dial(w.data()) }

// state of the router now, as the live view has it.
func (w *world) live() admin.LiveDevice {
	w.t.Helper()
	var l admin.Live
	if err := w.client().Get(w.ctx, admin.PathLive, nil, &l); err != nil {
		w.t.Fatal(err)
	}
	return l.Devices[0]
}

func (w *world) incidents() []admin.Incident {
	w.t.Helper()
	var list []admin.Incident
	if err := w.client().Get(w.ctx, admin.PathIncidents, nil, &list); err != nil {
		w.t.Fatal(err)
	}
	return list
}

// wait waits until ok holds; the bound is far above what a busy machine needs.
func (w *world) wait(what string, ok func() bool) {
	w.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			w.t.Fatalf("waited in vain: %s; the router is %+v, incidents %+v", what, w.live(), w.incidents())
		}
		select {
		case <-w.ctx.Done():
			w.t.Fatalf("while waiting (%s) the world ended: %v", what, w.group.Wait())
		case <-time.After(20 * time.Millisecond):
		}
	}
}
