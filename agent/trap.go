// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/internal/durable"
	"github.com/vouch-sla/vouch/probes"
)

// TrapListener hears what devices send by themselves; snmp.TrapListener is one. Run
// returns nil when ctx ends, and may be called again then.
type TrapListener interface {
	Addrs() []netip.AddrPort
	Run(ctx context.Context, h probes.TrapHost) error
}

// Traps is how an agent hears traps.
type Traps struct {
	Listener    TrapListener // nil where it could not be opened, which keeps nothing from being measured
	Problem     string       // why not
	Credentials []string     // names of those that a trap must be sent with one of
}

// otherTrap is the name of all that nobody named.
const otherTrap = "other"

// standardTrap returns the name of a trap of RFC 3418 section 2, or "".
func standardTrap(oid string) string {
	switch oid {
	case "1.3.6.1.6.3.1.1.5.1":
		return "coldStart"
	case "1.3.6.1.6.3.1.1.5.2":
		return "warmStart"
	case "1.3.6.1.6.3.1.1.5.3":
		return "linkDown"
	case "1.3.6.1.6.3.1.1.5.4":
		return "linkUp"
	case "1.3.6.1.6.3.1.1.5.5":
		return "authenticationFailure"
	case "1.3.6.1.6.3.1.1.5.6":
		return "egpNeighborLoss"
	}
	return ""
}

// traps is what the agent makes of traps: which device sent one, what it is called, and
// how many came to nothing and why.
type traps struct {
	*Traps
	find    func(name string) (probes.Credential, error)
	prompts *prompts
	host    probes.TrapHost
	log     *slog.Logger

	mu      sync.RWMutex // guards both below
	senders map[netip.Addr][]deviceKey
	named   map[deviceKey]map[string]string // every device; names of traps by plain OID

	counting sync.Mutex // guards both below
	counts   map[probes.TrapOutcome]*TrapCount
	missing  map[string]bool // credentials that are not known, which is said once
}

// newTraps makes the part that hears traps; nil where none are to be heard.
func newTraps(o Options, public string, find func(string) (probes.Credential, error)) *traps {
	if o.Traps == nil {
		return nil
	}
	// The engine follows from the agent's key, so that it is the same without a file; the
	// enterprise is 0, which IANA reserved, since vouch has none (RFC 3411, SnmpEngineID).
	hash := sha256.Sum256([]byte("vouch SNMP engine\n" + public))
	t := &traps{
		Traps: o.Traps, find: find, prompts: newPrompts(), log: o.Log,
		counts: map[probes.TrapOutcome]*TrapCount{}, missing: map[string]bool{},
	}
	t.host = probes.TrapHost{
		EngineID: append([]byte{0x80, 0, 0, 0, 5}, hash[:12]...), Boots: o.trapBoots, Began: o.trapsBegan,
		Known: t.known, Credentials: t.credentials, Accept: t.accept, Count: t.count,
	}
	return t
}

// Run hears traps until ctx ends.
func (t *traps) Run(ctx context.Context) error {
	if t.Listener == nil {
		return nil
	}
	return t.Listener.Run(ctx, t.host)
}

// assign says which devices are measured, at which addresses.
func (t *traps) assign(jobs []job) {
	senders, named := map[netip.Addr][]deviceKey{}, map[deviceKey]map[string]string{}
	names := map[*vouch.Profile]map[string]string{}
	for _, j := range jobs {
		d, a := deviceKey{j.Customer, j.Device}, j.Check.Addr.Unmap()
		if !slices.Contains(senders[a], d) {
			senders[a] = append(senders[a], d)
		}
		if j.Profile != nil && names[j.Profile] == nil {
			names[j.Profile] = trapNames(j.Profile)
		}
		if len(named[d]) == 0 {
			named[d] = names[j.Profile]
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.senders, t.named = senders, named
}

func trapNames(p *vouch.Profile) map[string]string {
	names := make(map[string]string, len(p.Traps))
	for _, tr := range p.Traps {
		names[plainOID(tr.OID)] = tr.Name
	}
	return names
}

// plainOID leaves out the zero before the last part of an OID. The same trap has it or not,
// whether it comes as SNMPv1 or as v2c (RFC 3584 section 3.2 note 2).
func plainOID(oid string) string {
	oid = strings.TrimPrefix(oid, ".")
	last := strings.LastIndexByte(oid, '.')
	if last > 0 && strings.HasSuffix(oid[:last], ".0") {
		return oid[:last-2] + oid[last:]
	}
	return oid
}

// known reports whether a device is measured at the address.
func (t *traps) known(a netip.Addr) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return len(t.senders[a]) > 0
}

// measured reports whether the device is.
func (t *traps) measured(d deviceKey) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	_, is := t.named[d]
	return is
}

// credentials returns those that traps may be sent with, as they stand now.
func (t *traps) credentials() []probes.Credential {
	list := make([]probes.Credential, 0, len(t.Credentials))
	for _, name := range t.Credentials {
		c, err := t.find(name)
		if err == nil {
			list = append(list, c)
		}
		t.counting.Lock()
		was := t.missing[name]
		t.missing[name] = err != nil
		t.counting.Unlock()
		if err != nil && !was {
			t.log.Warn("traps that are sent with a credential cannot be taken: it is not known", "credential", name, "err", err)
		}
	}
	return list
}

// accept has the device polled that sent a trap.
func (t *traps) accept(tr probes.Trap) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, d := range t.senders[tr.From] {
		name := standardTrap(tr.OID)
		if name == "" {
			name = t.named[d][plainOID(tr.OID)]
		}
		if name == "" {
			name = otherTrap
		}
		t.prompts.hear(d, name, tr.OID, time.Now())
	}
}

// TrapCount is how many datagrams had an outcome since the start.
type TrapCount struct {
	N    uint64     `json:"count"`
	From netip.Addr `json:"last_from"` // sender of the latest
	At   time.Time  `json:"last_at"`
}

// TrapStatus is what became of what came in as traps.
type TrapStatus struct {
	Listen  []netip.AddrPort     `json:"listen"`
	Problem string               `json:"problem,omitempty"` // why none are heard
	Engine  string               `json:"engine"`            // of the agent, for informs of SNMPv3, in hexadecimal
	Counts  map[string]TrapCount `json:"counts"`            // by outcome; those that there were
}

func (t *traps) count(o probes.TrapOutcome, from netip.Addr) {
	t.counting.Lock()
	defer t.counting.Unlock()
	c := t.counts[o]
	if c == nil {
		c = &TrapCount{}
		t.counts[o] = c
	}
	c.N++
	c.From, c.At = from, time.Now()
}

// status returns how it stands; nil where no traps are heard.
func (t *traps) status() *TrapStatus {
	if t == nil {
		return nil
	}
	st := &TrapStatus{Listen: []netip.AddrPort{}, Problem: t.Problem, Engine: hex.EncodeToString(t.host.EngineID), Counts: map[string]TrapCount{}}
	if t.Listener != nil {
		st.Listen = t.Listener.Addrs()
	}
	t.counting.Lock()
	defer t.counting.Unlock()
	for o, c := range t.counts {
		told := *c
		told.At = told.At.UTC()
		st.Counts[o.String()] = told
	}
	return st
}

// noteTraps records for people that traps came: their names and how many, and nothing of
// what they carried.
func (s *session) noteTraps(d deviceKey, list []trapCount) {
	if !s.traps.measured(d) {
		return
	}
	fl := s.flights.begin(d.Customer)
	defer s.flights.end(fl)
	var points []vouch.Point
	for _, c := range list {
		points = append(points, vouch.Point{
			Measurement: "trap", Tags: []vouch.Tag{{Key: "name", Value: c.name}},
			Fields: []vouch.Field{{Name: "oid", Value: vouch.Text(c.oid)}, {Name: "count", Value: vouch.Uint(c.n)}},
		})
	}
	s.spool.record(vouch.Sample{Customer: d.Customer, Device: d.Device, Result: vouch.Result{Start: fl.began, Points: points}}, event{era: fl.era})
}

const (
	trapBootsFile = "trap-boots"
	maxTrapBoots  = 64 // bytes of it
)

// countTrapBoots returns the number of this start of the agent's SNMP engine, from 1. A
// start whose number cannot be kept has none: another would have the same.
func countTrapBoots(dir string, log *slog.Logger) uint32 {
	path := filepath.Join(dir, trapBootsFile)
	var boots uint32
	raw, err := durable.ReadFile(path, maxTrapBoots)
	if err == nil {
		err = json.Unmarshal(raw, &boots)
	}
	if err == nil && boots >= 1<<31-2 {
		err = errors.New("no number of starts, or the last that there is; remove it, and set up anew who sends informs")
	}
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		boots++
		raw, _ = json.Marshal(boots) // a number
		err = durable.WriteFile(path, append(raw, '\n'), 0o600)
	}
	if err != nil {
		log.Warn("starts of the agent's SNMP engine cannot be counted: informs of SNMPv3 are not taken, all other traps are", "file", path, "err", err)
		return 0
	}
	return boots
}
