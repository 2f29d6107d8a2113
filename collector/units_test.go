// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/notify"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/bundle"
	"github.com/vouch-sla/vouch/internal/pythontest"
)

// withUnits has every device asked over SNMP alone, for a unit that is on record.
func withUnits(o *collector.Options) {
	u := vouch.Unit{Serials: []string{"FX1"}, From: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	checks := []vouch.Check{{Name: "snmp", Kind: vouch.KindSNMP, Addr: netip.MustParseAddr("192.0.2.1"), Interval: time.Second, Timeout: 500 * time.Millisecond,
		Version: "2c", Credential: "lab", Unit: u, Interfaces: []string{"wan1"}}}
	plan := o.Plan
	o.Plan = func(at time.Time) ([]assignment, time.Time) {
		all, next := plan(at)
		for i := range all {
			for j := range all[i].Devices {
				all[i].Devices[j].Checks = checks
			}
		}
		return all, next
	}
	for i := range o.Base.Customers {
		d := &o.Base.Customers[i].Sites[0].Devices[0]
		d.Checks, d.Units = checks, []vouch.Unit{u}
	}
}

// mailbox is a receiver of messages about units.
type mailbox struct {
	mu  sync.Mutex
	got []notify.UnitEvent
}

func newMailbox(t *testing.T) (*mailbox, notify.Channel) {
	m := &mailbox{}
	const secret = "not a secret"
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var e notify.UnitEvent
		if err != nil || notify.Verify(secret, r.Header, body, time.Now()) != nil || json.Unmarshal(body, &e) != nil {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		// One whose answer was not noted before a stop comes again under the same key.
		if !slices.ContainsFunc(m.got, func(x notify.UnitEvent) bool { return x.Intent == e.Intent }) {
			m.got = append(m.got, e)
		}
	}))
	t.Cleanup(hook.Close)
	return m, notify.Channel{Name: "noc", URL: hook.URL, Secret: secret, AllowPrivate: true}
}

// told returns the messages about units.
func (m *mailbox) told() (out []notify.UnitEvent) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.got {
		if e.Device != "" {
			out = append(out, e)
		}
	}
	return out
}

// meet stores what agents find of rt1 over SNMP, a poll a second.
func (c *centre) meet(cu vouch.CustomerID, from time.Time, length int, o vouch.Outcome, agents ...vouch.AgentID) {
	c.t.Helper()
	for _, id := range agents {
		p := c.agents[id]
		var samples []vouch.Sample
		for s := range length {
			m := p.sample(cu, "rt1", from.Add(time.Duration(s)*time.Second), o)
			m.Check, m.Kind = "snmp", vouch.KindSNMP
			if o == vouch.Unknown {
				m.Reason = vouch.ReasonIdentity
			}
			samples = append(samples, m)
		}
		p.store(c.t, c, cu, from, from.Add(time.Duration(length)*time.Second), samples...)
	}
}

// says stores what rt1 told of itself in a poll.
func (c *centre) says(id vouch.AgentID, at time.Time, serial string) {
	c.t.Helper()
	p := c.agents[id]
	h := p.header("acme", at, at.Add(time.Second))
	h.Stream, h.Seq, h.Prev, h.Begins = vouch.Telemetry, 1, evidence.Hash{}, evidence.BeginsFirstStart
	m := p.sample("acme", "rt1", at, vouch.Unknown)
	m.Check, m.Kind = "snmp", vouch.KindSNMP
	m.Points = []vouch.Point{{Measurement: "snmp", Fields: []vouch.Field{{Name: "serial", Value: vouch.Text(serial)}}}}
	var e evidence.Encoder
	lines, err := e.AppendSample(nil, m, vouch.Telemetry)
	if err != nil {
		c.t.Fatal(err)
	}
	b, err := evidence.SealBatch(h, lines, p.signer)
	if err != nil {
		c.t.Fatal(err)
	}
	if r := p.send(c.t, c, b.Raw); r[0].Status != "stored" {
		c.t.Fatalf("telemetry = %+v, want stored", r[0])
	}
}

// shown returns a page as text.
func (c *centre) shown(path string) string {
	c.t.Helper()
	return c.fetch(c.t, path, "").body
}

// Another unit than the one on record answers for a while: the time is unknown, people
// are told once when it begins and once when it ends, and whoever checks the statement
// finds the same.
func TestAnotherUnit(t *testing.T) {
	mail, channel := newMailbox(t)
	c := newCentreOf(t, func(c *centre) {
		c.edit = withUnits
		c.terms.ReachableBy = []vouch.Kind{vouch.KindSNMP}
	}, channel)
	both := []vouch.AgentID{"AMS-1", "BRU-1"}
	from := ago(4 * time.Minute)
	c.meet("acme", from, 30, vouch.Up, both...)
	c.meet("other", from, 120, vouch.Up, both...)
	c.wait("the batches are read", func() bool { return c.leavesRead("acme") && c.leavesRead("other") })
	if u := c.status().Units; len(u) != 0 {
		t.Fatalf("before anything happened: %+v", u)
	}

	c.meet("acme", from.Add(30*time.Second), 30, vouch.Unknown, "AMS-1")
	c.says("AMS-1", from.Add(30*time.Second), "FX2")
	c.meet("acme", from.Add(30*time.Second), 30, vouch.Unknown, "BRU-1")
	want := admin.OtherUnit{Customer: "acme", Site: "hq", Device: "rt1", Since: from.Add(30 * time.Second), Says: "serial FX2", OnRecord: "serial FX1"}
	noticed := func(when string) {
		t.Helper()
		c.wait("another unit is noticed "+when, func() bool {
			u := c.status().Units
			if len(u) != 1 || len(mail.told()) != 1 {
				return false
			}
			got := u[0]
			got.Since = want.Since
			return got == want && u[0].Since.Equal(want.Since)
		})
	}
	noticed("at first")
	if e := mail.told()[0]; e.Customer != "acme" || e.Site != "hq" || e.Device != "rt1" || e.Event != notify.AnotherUnit || !e.At.Equal(want.Since) ||
		e.Unit != "serial FX1" || !strings.HasSuffix(e.URL, "/device/acme/rt1") {
		t.Errorf("told %+v", e)
	}
	page := c.shown("/device/acme/rt1")
	for _, part := range []string{"Another unit than recorded answers here since", "serial FX2", "on record is FX1"} {
		if !strings.Contains(page, part) {
			t.Errorf("the page of the device lacks %q", part)
		}
	}
	if page := c.shown("/api/v1/devices/acme/rt1"); !strings.Contains(page, `"says":"serial FX2"`) && !strings.Contains(page, `"says": "serial FX2"`) {
		t.Errorf("the JSON of the device lacks what it says: %.300s", page)
	}
	if page := c.shown("/device/other/rt1"); strings.Contains(page, "nother unit") || strings.Contains(page, "FX2") {
		t.Error("another customer's page tells of it")
	}

	// One agent meets the right one again while the other does not, as behind a pair.
	c.meet("acme", from.Add(60*time.Second), 10, vouch.Up, "AMS-1")
	c.wait("the batch is read", func() bool { return c.leavesRead("acme") })
	noticed("while one agent meets it")
	c.meet("acme", from.Add(60*time.Second), 60, vouch.Up, "BRU-1")
	c.meet("acme", from.Add(70*time.Second), 50, vouch.Up, "AMS-1")
	c.wait("the right one is back", func() bool { return len(c.status().Units) == 0 && len(mail.told()) == 2 })
	if e := mail.told()[1]; e.Event != notify.UnitAgain {
		t.Errorf("told %+v", e)
	}

	to := from.Add(100 * time.Second)
	f := figures{Agreed: 100, Up: 70, Unknown: 30}
	c.wait("the figures are there", func() bool { got, _ := c.statement("acme", from, to); return got == f })
	if _, err := c.issue("acme", from, to, ""); err != nil {
		t.Fatal(err)
	}
	b := c.bundle("acme", from, to, nil)
	r := verify(t, b, bundle.Options{})
	sound(t, r)
	if r.Verdict != bundle.Consistent || r.Figures == nil {
		t.Errorf("Verify = %s %+v, want consistent", r.Verdict, r.Figures)
	}
	if statement := string(file(t, b, bundle.FileStatement)); !strings.Contains(statement, `"reason": "identity"`) {
		t.Error("the statement gives no reason identity")
	}
	if said, ok := pythontest.Verify(t, b); !ok || !strings.Contains(said, "rt1: agreed_s 100, excluded_s 0, up_s 70, down_s 0, unknown_s 30") {
		t.Errorf("verify.py says %s", said)
	}

	// The ledger read again, and a start, tell nobody anything.
	size := c.leaves("acme")
	if err := c.client().Post(t.Context(), admin.PathRebuild, struct{}{}, nil); err != nil {
		t.Fatal(err)
	}
	c.halt()
	c.start()
	c.wait("the ledgers are read", func() bool { return c.leavesRead("acme") })
	if got := c.leaves("acme"); got != size || len(mail.told()) != 2 || len(c.status().Units) != 0 {
		t.Errorf("after a rebuild and a restart: %d leaves, want %d; told %+v; %+v", got, size, mail.told(), c.status().Units)
	}
	if n := len(mail.told()); n != 2 {
		t.Errorf("told %d times, want twice", n)
	}
}

// What is remembered of another unit outlives the collector: it is on record.
func TestAnotherUnitOverARestart(t *testing.T) {
	mail, channel := newMailbox(t)
	c := newCentreOf(t, func(c *centre) {
		c.edit = withUnits
		c.terms.ReachableBy = []vouch.Kind{vouch.KindSNMP}
	}, channel)
	from := ago(3 * time.Minute)
	c.meet("acme", from, 20, vouch.Unknown, "AMS-1")
	c.wait("it is told", func() bool { return len(mail.told()) == 1 })
	c.halt()
	c.start()
	c.meet("acme", from.Add(20*time.Second), 20, vouch.Unknown, "AMS-1")
	c.wait("the batch is read", func() bool { return c.leavesRead("acme") })
	if u := c.status().Units; len(u) != 1 || !u[0].Since.Equal(from) || u[0].Says != "" {
		t.Errorf("after a restart: %+v, since %v", u, from)
	}
	c.meet("acme", from.Add(40*time.Second), 20, vouch.Up, "AMS-1")
	c.wait("the right one is told", func() bool { return len(mail.told()) == 2 && len(c.status().Units) == 0 })
}
