// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"errors"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/agent"
	"github.com/vouch-sla/vouch/collector"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/store/sqlite"
	"github.com/vouch-sla/vouch/internal/enrol"
	"github.com/vouch-sla/vouch/probes"
	"github.com/vouch-sla/vouch/probes/snmp"
)

// openWorld is a world whose agents have no key yet.
type openWorld struct {
	*world
	ahead atomic.Int64 // how far the collector's clock is ahead, in nanoseconds
	stops map[vouch.AgentID]func()
}

func newOpenWorld(t *testing.T) *openWorld {
	w := &openWorld{world: newWorld(t), stops: map[vouch.AgentID]func(){}}
	for i := range w.agents {
		w.agents[i].Key = ""
		if err := os.RemoveAll(w.state(w.agents[i].ID)); err != nil {
			t.Fatal(err)
		}
	}
	s, err := sqlite.Open(w.ctx, w.data(), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ready := make(chan collector.Addresses, 1)
	o := w.options()
	o.Ready = func(a collector.Addresses) { ready <- a }
	o.Now = func() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }
	w.group.Go(func() error {
		defer s.Close()
		return collector.Run(w.ctx, s, o)
	})
	select {
	case a := <-ready:
		w.addr, w.pin, w.web = a.Agents, a.Pin, a.Web
	case <-w.ctx.Done():
		t.Fatalf("the collector did not start: %v", w.group.Wait())
	}
	return w
}

func (w *openWorld) join(in admin.NewJoin) enrol.Join {
	w.t.Helper()
	var out admin.Join
	in.Address = w.addr
	if err := w.client().Post(w.ctx, admin.PathJoin, in, &out); err != nil {
		w.t.Fatal(err)
	}
	j, err := enrol.ParseJoin(out.Join)
	if err != nil {
		w.t.Fatal(err)
	}
	return j
}

// run runs an agent until its stop is called.
func (w *openWorld) run(id vouch.AgentID) {
	j := w.join(admin.NewJoin{Agent: id}) // its pin
	ctx, cancel := context.WithCancel(w.ctx)
	g := new(errgroup.Group)
	g.Go(func() error {
		prober := snmp.New()
		defer prober.Close()
		return agent.Run(ctx, agent.Options{
			ID: id, StateDir: w.state(id), CollectorURL: "https://" + w.addr, Pin: j.Pin, Source: w.sources[id], StatusSocket: agent.StatusSocket(w.state(id)),
			Credential: func(string) (probes.Credential, error) {
				return probes.Credential{Version: "2c", Community: "public"}, nil
			},
			Probers: map[vouch.Kind]probes.Prober{vouch.KindSNMP: prober}, ReferenceInterval: 250 * time.Millisecond, Log: w.log.With("agent", id),
		})
	})
	w.stops[id] = func() {
		cancel()
		if err := g.Wait(); err != nil {
			w.t.Errorf("agent %s ended with: %v", id, err)
		}
		delete(w.stops, id)
	}
	w.t.Cleanup(func() {
		if stop := w.stops[id]; stop != nil {
			stop()
		}
	})
}

func (w *openWorld) agent(id vouch.AgentID) admin.Agent {
	w.t.Helper()
	var as []admin.Agent
	if err := w.client().Get(w.ctx, admin.PathAgents, nil, &as); err != nil {
		w.t.Fatal(err)
	}
	for _, a := range as {
		if a.Agent == id {
			return a
		}
	}
	return admin.Agent{}
}

// heard waits until an agent is heard of after now.
func (w *openWorld) heard(id vouch.AgentID) {
	w.t.Helper()
	at := time.Now().Add(time.Duration(w.ahead.Load()))
	w.wait(string(id)+" is heard of", func() bool {
		h := w.agent(id).Heartbeat
		return h != nil && h.After(at)
	})
}

func (w *openWorld) status(id vouch.AgentID) agent.Status {
	st, err := agent.ReadStatus(w.ctx, w.state(id))
	if err != nil {
		return agent.Status{}
	}
	return st
}

// TestEnrolment is the life of agents that come in by join strings: three enrol and
// measure, one takes a new key, one is away until its certificate has long expired, one is
// revoked.
func TestEnrolment(t *testing.T) {
	w := newOpenWorld(t)
	for _, a := range w.agents {
		out, err := agent.Enrol(t.Context(), agent.EnrolOptions{Join: w.join(admin.NewJoin{Agent: a.ID}), StateDir: w.state(a.ID)})
		if err != nil || out.Location != a.Location || out.Key == "" || out.Until.Before(time.Now()) {
			t.Fatalf("Enrol %s = %+v, %v", a.ID, out, err)
		}
		for _, name := range []string{"key", "tls.key", "tls.crt"} {
			if info, err := os.Stat(filepath.Join(w.state(a.ID), name)); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s of %s = %v, %v, want mode 0600", name, a.ID, info, err)
			}
		}
		w.run(a.ID)
	}
	w.wait("the router is up for everybody", func() bool {
		d := w.live()
		up := 0
		for _, s := range d.Seen {
			if s.State == "up" {
				up++
			}
		}
		return d.State == "up" && up == len(sites)
	})
	if st := w.status("AMS-1"); st.Certificate == nil || st.Certificate.Until.Before(time.Now()) || st.Certificate.Problem != "" {
		t.Errorf("status of AMS-1 = %+v, want its certificate", st.Certificate)
	}

	// A new key: the agent must stop for it, and goes on under the new one.
	old := w.agent("RTM-1").Key
	j := w.join(admin.NewJoin{Agent: "RTM-1", Rotate: true})
	again := agent.EnrolOptions{Join: j, StateDir: w.state("RTM-1"), NewKey: true}
	if _, err := agent.Enrol(t.Context(), again); err == nil || !strings.Contains(err.Error(), "stop it first") {
		t.Errorf("Enrol of a running agent = %v, want that it must stop", err)
	}
	w.stops["RTM-1"]()
	out, err := agent.Enrol(t.Context(), again)
	if err != nil || out.Key == old || w.agent("RTM-1").Key != out.Key {
		t.Fatalf("Enrol with a new key = %+v, %v; the collector has %s, it had %s", out, err, w.agent("RTM-1").Key, old)
	}
	w.run("RTM-1")
	w.heard("RTM-1")
	w.wait("its batches come under the new key", func() bool { return !w.status("RTM-1").Collector.LastAck.IsZero() })

	// A month passes. Certificates have expired; signing keys renew them.
	before := w.agent("AMS-1").Until
	w.ahead.Store(int64(30 * 24 * time.Hour))
	w.wait("the certificates are renewed", func() bool {
		return w.agent("AMS-1").Until.After(before.Add(20*24*time.Hour)) && w.status("AMS-1").Certificate.Until.After(before.Add(20*24*time.Hour))
	})
	for _, a := range w.agents {
		w.heard(a.ID)
	}

	// A revoked agent is out at once, and the others are not.
	if err := w.client().Post(w.ctx, admin.PathRevoke, admin.Revocation{Agent: "BRU-1", Reason: "the box was stolen"}, nil); err != nil {
		t.Fatal(err)
	}
	last := w.agent("BRU-1").Heartbeat
	w.wait("the revoked agent is turned away", func() bool { return refusedFor(w.world, "revoked or replaced key") > 0 })
	w.heard("AMS-1")
	w.heard("RTM-1")
	if b := w.agent("BRU-1"); b.State != admin.AgentRevoked || b.Heartbeat == nil || !b.Heartbeat.Equal(*last) {
		t.Errorf("the revoked agent = %+v, want nothing heard of it after %v", b, last)
	}
}

func refusedFor(w *world, reason string) int64 {
	w.t.Helper()
	var s admin.Status
	if err := w.client().Get(w.ctx, admin.PathStatus, url.Values{}, &s); err != nil {
		w.t.Fatal(err)
	}
	for _, r := range s.Refused {
		if r.Reason == reason {
			return r.Count
		}
	}
	return 0
}

// failing is a connection that breaks at the n-th time that something is read or written.
type failing struct {
	net.Conn
	left *atomic.Int64
}

var errCut = errors.New("the line was cut")

func (f failing) Read(p []byte) (int, error) {
	if f.left.Add(-1) < 0 {
		return 0, errCut
	}
	return f.Conn.Read(p)
}

func (f failing) Write(p []byte) (int, error) {
	if f.left.Add(-1) < 0 {
		return 0, errCut
	}
	return f.Conn.Write(p)
}

// TestEnrolmentInterrupted breaks the enrolment off everywhere: done again with the same
// join string, it always ends well, with one key.
func TestEnrolmentInterrupted(t *testing.T) {
	w := newOpenWorld(t)
	for _, newKey := range []bool{false, true} {
		o := agent.EnrolOptions{Join: w.join(admin.NewJoin{Agent: "AMS-1", Rotate: newKey}), StateDir: w.state("AMS-1"), NewKey: newKey}
		was := w.agent("AMS-1").Key
		for n := range 40 {
			var left atomic.Int64
			left.Store(int64(n))
			o.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				c, err := new(net.Dialer).DialContext(ctx, network, address)
				return failing{c, &left}, err
			}
			out, err := agent.Enrol(t.Context(), o)
			if err == nil {
				if k := w.agent("AMS-1"); k.Key != out.Key || k.Key == was || n < 4 {
					t.Errorf("enrolled after %d breaks as %+v, the collector has %+v, want the new key", n, out, k)
				}
				break
			}
			if strings.Contains(err.Error(), string(o.Join.Secret)) {
				t.Errorf("the error holds the secret: %v", err)
			}
		}
		if k, err := agent.VerifierKey(w.state("AMS-1"), "AMS-1"); err != nil || k != w.agent("AMS-1").Key {
			t.Errorf("key on disk = %s, %v, want %s", k, err, w.agent("AMS-1").Key)
		}
	}
	w.run("AMS-1")
	w.heard("AMS-1")
	w.stops["AMS-1"]()

	// Keys that others can read are refused, with the reason and the cure.
	for _, name := range []string{"tls.key", "key"} {
		path := filepath.Join(w.state("AMS-1"), name)
		if err := os.Chmod(path, 0o640); err != nil {
			t.Fatal(err)
		}
		j := w.join(admin.NewJoin{Agent: "AMS-1"})
		err := agent.Run(t.Context(), agent.Options{ID: "AMS-1", StateDir: w.state("AMS-1"), CollectorURL: "https://" + w.addr, Pin: j.Pin,
			Probers: map[vouch.Kind]probes.Prober{vouch.KindSNMP: nil}})
		if err == nil || !strings.Contains(err.Error(), "0640") || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("Run with %s open to others = %v, want the mode and the cure", name, err)
		}
		if _, err := agent.Enrol(t.Context(), agent.EnrolOptions{Join: j, StateDir: w.state("AMS-1")}); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("Enrol with %s open to others = %v, want the cure", name, err)
		}
		if err := os.Chmod(path, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// Another collector than the one that the join string pins gets to see nothing.
	j := w.join(admin.NewJoin{Agent: "AMS-1"})
	j.Pin[0] ^= 1
	if _, err := agent.Enrol(t.Context(), agent.EnrolOptions{Join: j, StateDir: w.state("AMS-1")}); err == nil || !strings.Contains(err.Error(), "not the pinned one") {
		t.Errorf("Enrol at another collector = %v, want that its key is not the pinned one", err)
	}
}
