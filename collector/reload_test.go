// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/wire"
)

// files stands for the files of a running collector: what a reload reads.
type files struct {
	mu   sync.Mutex
	edit func(*collector.Options) error
	base func() collector.Options
}

func (f *files) set(edit func(*collector.Options) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.edit = edit
}

func (f *files) reload() (collector.Installed, []string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	o := f.base()
	err := f.edit(&o)
	return collector.Installed{Base: o.Base, Contracts: o.Contracts, Plan: o.Plan, Retention: o.Retention}, nil, err
}

func newReloadCentre(t *testing.T) (*centre, *files) {
	t.Helper()
	f := &files{}
	c := newCentreOf(t, func(c *centre) {
		f.base = c.options
		c.edit = func(o *collector.Options) { o.Reload = f.reload }
	})
	return c, f
}

// withDevice installs a second router of acme, and lets AMS-1 measure it.
func withDevice(o *collector.Options) error {
	check := vouch.Check{Name: "icmp", Kind: vouch.KindICMP, Addr: netip.MustParseAddr("192.0.2.9"), Interval: time.Second, Timeout: 500 * time.Millisecond, Count: 1, Size: 56}
	s := &o.Base.Customers[0].Sites[0]
	s.Devices = append(s.Devices, vouch.Device{ID: "rt9", Class: vouch.ClassRouter, Checks: []vouch.Check{check}})
	plan := o.Plan
	o.Plan = func(at time.Time) ([]wire.Assignment, time.Time) {
		out, next := plan(at)
		out[0].Devices = append(out[0].Devices, wire.Device{Customer: "acme", ID: "rt9", Class: vouch.ClassRouter, Checks: []vouch.Check{check}})
		return out, next
	}
	return nil
}

// assignment asks as an agent does that has the document with a tag, and returns the
// status, the tag and the body.
func (p *player) assignment(ctx context.Context, c *centre, tag string, wait time.Duration) (int, string, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+c.at.Agents+wire.PathAssignment, nil)
	if err != nil {
		return 0, "", nil, err
	}
	if tag != "" {
		req.Header.Set("If-None-Match", tag)
	}
	if wait > 0 {
		wire.SetWait(req.Header, wait)
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return 0, "", nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header.Get("ETag"), body, err
}

func (p *player) has(t *testing.T, c *centre) (tag string, doc wire.Assignment) {
	t.Helper()
	status, tag, body, err := p.assignment(t.Context(), c, "", 0)
	if err != nil || status != http.StatusOK {
		t.Fatalf("assignment of %s = %d, %v, want 200", p.id, status, err)
	}
	if doc, err = wire.DecodeAssignment(body); err != nil {
		t.Fatal(err)
	}
	return tag, doc
}

// awaiting is an agent that waits for another assignment.
type awaiting struct {
	status int
	tag    string
	err    error
}

func (p *player) await(ctx context.Context, c *centre, tag string) <-chan awaiting {
	out := make(chan awaiting, 1)
	go func() {
		status, tag, _, err := p.assignment(ctx, c, tag, wire.MaxWait)
		out <- awaiting{status, tag, err}
	}()
	return out
}

func (w awaiting) is(status int) bool { return w.err == nil && w.status == status }

// A changed installed base is in force without a restart: recorded, handed to the agents
// that it concerns while they wait, and judged. The others hear nothing.
func TestReload(t *testing.T) {
	c, f := newReloadCentre(t)
	ams, bru := c.agents["AMS-1"], c.agents["BRU-1"]
	tag, _ := ams.has(t, c)
	other, _ := bru.has(t, c)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	waits, stays := ams.await(ctx, c, tag), bru.await(ctx, c, other)

	f.set(withDevice)
	var r admin.Reloaded
	if err := c.client().Post(t.Context(), admin.PathReload, struct{}{}, &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Assigned) != 1 || r.Assigned[0] != "AMS-1" || r.Devices != 5 || r.Customers != 2 || r.Agents != 3 {
		t.Errorf("reload = %+v, want 5 devices and a new assignment for AMS-1 alone", r)
	}
	if a := <-waits; !a.is(http.StatusOK) || a.tag == tag {
		t.Errorf("the agent that waits got %+v, want another assignment", a)
	}
	select {
	case a := <-stays:
		t.Errorf("the agent whose assignment stays got %+v, want it to wait on", a)
	default:
	}
	if _, doc := ams.has(t, c); len(doc.Devices) != 3 {
		t.Errorf("devices of AMS-1 = %d, want 3", len(doc.Devices))
	}
	from := time.Now().Add(-time.Second).Truncate(time.Second)
	b := ams.seal(t, ams.header("acme", from, from.Add(2*time.Second)), ams.sample("acme", "rt9", from.Add(time.Second), vouch.Up))
	if got := ams.send(t, c, b.Raw); got[0].Status == wire.StatusRefused {
		t.Errorf("a batch about the new device = %+v, want it in the ledger", got[0])
	}
	c.wait("the live view has the new device", func() bool {
		var l admin.Live
		if err := c.client().Get(t.Context(), admin.PathLive, nil, &l); err != nil {
			t.Fatal(err)
		}
		for _, d := range l.Devices {
			if d.Device == "rt9" {
				return d.State != ""
			}
		}
		return false
	})
	cancel()
	<-stays
	c.edit = func(o *collector.Options) { _ = withDevice(o) } // looking at records restarts the collector
	if got := strings.Join(c.records("acme", evidence.KindAssignment), "\n"); !strings.Contains(got, "rt9") {
		t.Errorf("no record says that the new device is measured: %s", got)
	}
}

// Whatever a reload refuses, it says what and leaves everything as it was.
func TestReloadRefuses(t *testing.T) {
	c, f := newReloadCentre(t)
	before, tagBefore := c.leaves("acme"), ""
	tagBefore, _ = c.agents["AMS-1"].has(t, c)
	for _, tt := range []struct {
		name string
		edit func(*collector.Options) error
		says string
	}{
		{"a file with mistakes", func(*collector.Options) error {
			return errors.New("base.yaml:3:1: no such key\nbase.yaml:9:1: no such key")
		}, "base.yaml:9:1"},
		{"a recorded contract version with other terms", func(o *collector.Options) error {
			_ = withDevice(o)
			k := o.Contracts["other"]
			k.Versions[0].Terms.Confirm = time.Hour
			o.Contracts["other"] = k
			return nil
		}, "a recorded version is never changed"},
		{"a recorded device is gone", func(o *collector.Options) error {
			s := &o.Base.Customers[0].Sites[0]
			s.Devices = s.Devices[:1]
			return nil
		}, "end its lease instead"},
		{"a customer is gone", func(o *collector.Options) error { o.Base.Customers = o.Base.Customers[:1]; return nil }, "customer other is gone"},
		{"an agent stands elsewhere", func(o *collector.Options) error { o.Base.Agents[0].Location = "BRU"; return nil }, "give it a new id"},
		{"an agent's key that is none", func(o *collector.Options) error { o.Base.Agents[0].Key = "nonsense"; return nil }, "agent AMS-1"},
	} {
		f.set(tt.edit)
		err := c.client().Post(t.Context(), admin.PathReload, struct{}{}, &admin.Reloaded{})
		if err == nil || !strings.Contains(err.Error(), tt.says) || !strings.Contains(err.Error(), "everything stays as it was") {
			t.Errorf("%s: reload = %v, want it refused with %q", tt.name, err, tt.says)
		}
		if tag, _ := c.agents["AMS-1"].has(t, c); tag != tagBefore || c.leaves("acme") != before {
			t.Errorf("%s: assignment or ledger changed", tt.name)
		}
	}
	// Mended, it is taken, and an agent that retires is not known any more.
	f.set(func(o *collector.Options) error {
		plan := o.Plan
		o.Base.Agents = o.Base.Agents[1:]
		o.Plan = func(at time.Time) ([]wire.Assignment, time.Time) { out, next := plan(at); return out, next }
		return nil
	})
	if err := c.client().Post(t.Context(), admin.PathReload, struct{}{}, &admin.Reloaded{}); err != nil {
		t.Fatal(err)
	}
	if status, _, _, err := c.agents["AMS-1"].assignment(t.Context(), c, tagBefore, wire.MaxWait); err != nil || status != http.StatusForbidden {
		t.Errorf("an agent that retired gets %d, %v, want 403", status, err)
	}
}

// Waiting costs no place for requests, one request of each agent waits, and the end of
// the collector ends it.
func TestWaitingIsBounded(t *testing.T) {
	c := newCentreOf(t, func(c *centre) {
		c.edit = func(o *collector.Options) { o.Limits = collector.Limits{InFlight: 1, Timeout: time.Minute} }
	})
	var first, second []<-chan awaiting
	for _, p := range c.agents {
		tag, _ := p.has(t, c)
		first = append(first, p.await(t.Context(), c, tag))
		second = append(second, p.await(t.Context(), c, tag))
	}
	for i := range first {
		select {
		case a := <-first[i]:
			if !a.is(http.StatusNotModified) {
				t.Errorf("the older request of an agent ended with %+v, want 304", a)
			}
		case a := <-second[i]: // it overtook the other
			if !a.is(http.StatusNotModified) {
				t.Errorf("the older request of an agent ended with %+v, want 304", a)
			}
		case <-time.After(time.Minute):
			t.Fatal("two requests of one agent wait")
		}
	}
	for _, p := range c.agents { // the one place for requests is free
		if _, doc := p.has(t, c); doc.Agent != p.id {
			t.Errorf("assignment of %s is for %s", p.id, doc.Agent)
		}
	}
	c.halt()
	for i := range first {
		select {
		case a := <-first[i]:
			if a.err == nil && !a.is(http.StatusNotModified) {
				t.Errorf("a request that waits ended with %+v", a)
			}
		case a := <-second[i]:
			if a.err == nil && !a.is(http.StatusNotModified) {
				t.Errorf("a request that waits ended with %+v", a)
			}
		case <-time.After(time.Minute):
			t.Fatal("a request outlives the collector")
		}
	}
}
