// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/agent"
)

// bell receives the alarms of agents.
type bell struct {
	mu       sync.Mutex // guards what follows
	messages []agent.AlarmMessage
}

// serve answers in the namespace of a party and returns where.
func (b *bell) serve(n *network, party string, g *errgroup.Group, ctx context.Context) string {
	ln := n.listen(party, "127.0.0.1:0")
	server := &http.Server{Handler: b}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	g.Go(func() error { _ = server.Serve(ln); return nil })
	return ln.Addr().String()
}

func (b *bell) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var m agent.AlarmMessage
	if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.messages = append(b.messages, m)
}

// rung returns the messages of an event.
func (b *bell) rung(event string) []agent.AlarmMessage {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(b.messages), func(m agent.AlarmMessage) bool { return m.Event != event })
}

// TestFaultsOnTheWay breaks the ways between agents and their collector in every manner
// at once, then the collector itself, and looks whether anything is lost, told twice, or
// held against a customer.
func TestFaultsOnTheWay(t *testing.T) {
	needNetwork(t)
	length, pause := 12*time.Second, time.Second
	if soaking() {
		length, pause = 10*time.Minute, 3*time.Minute
	}
	w := newFaultWorld(t)
	w.delivered("at the start")
	from := time.Now().Add(time.Second).Truncate(time.Second)

	w.breakWays(length)
	w.delivered("after the faults of the links")
	w.stopped(pause)
	w.delivered("after the collector was stopped")
	w.losesPower()
	w.delivered("after the collector lost its power")
	w.stranger()
	w.answersNonsense()
	w.collect(w.net.name("collector"))
	w.delivered("after nonsense")

	to := time.Now().Add(time.Second).Truncate(time.Second)
	w.delivered("at the end")
	w.checkBlameless(from, to)
	w.wait("every alarm of the agent that was cut off is over", func() bool { return len(w.bell.rung(agent.AlarmCleared)) == len(w.bell.rung(agent.AlarmRaised)) })
	w.checkBell()
	w.checkLogs()
	w.checkSamples()
}

// breakWays plays all faults of links at once, and mends them.
func (w *faultWorld) breakWays(length time.Duration) {
	w.t.Helper()
	third := func(way vouch.CustomerID) int { return slices.Index(ways, way) + 1 }
	addr := func(way vouch.CustomerID) string { return fmt.Sprintf("10.77.%d.2/32", third(way)) }
	router := func(args ...string) { w.net.ip(append([]string{"-n", w.net.name("router")}, args...)...) }
	link := func(way vouch.CustomerID) string { return fmt.Sprintf("to%d", third(way)) }
	mtu := func(bytes string) {
		router("link", "set", link(wayMTU), "mtu", bytes)
		for _, way := range []vouch.CustomerID{wayMTU, wayHole} {
			w.net.ip("-n", w.net.name(string(way)), "link", "set", "uplink", "mtu", bytes)
		}
	}
	shape := func(verb string, how ...string) {
		w.net.inside(string(waySlow), append([]string{"tc", "qdisc", verb, "dev", "uplink", "root"}, how...)...)
		w.net.inside("router", append([]string{"tc", "qdisc", verb, "dev", link(waySlow), "root"}, how...)...)
	}
	outward := func(verb string) {
		router("rule", verb, "blackhole", "from", addr(wayOutward), "to", strings.TrimSuffix(uplinkAddr, ":7443"))
	}
	router("link", "set", link(wayCut), "down")
	router("route", "add", "blackhole", addr(wayInward))
	outward("add")
	mtu("600")
	moved := w.net.name(string(wayMoved))
	w.net.ip("-n", moved, "addr", "del", fmt.Sprintf("10.77.%d.2/24", third(wayMoved)), "dev", "uplink")
	w.net.ip("-n", moved, "addr", "add", fmt.Sprintf("10.77.%d.3/24", third(wayMoved)), "dev", "uplink")
	w.net.raise(string(wayMoved), third(wayMoved))
	shape("add", "tbf", "rate", "256kbit", "burst", "16kb", "latency", "400ms")

	begun := time.Now()

	// The faults last, while one link flaps and the relay goes through its moods.
	moods := []struct {
		mode relayMode
		cut  int
	}{{relayResets, 0}, {relayCuts, 1}, {relayCuts, 3000}, {relayCuts, 100}, {relayFreezes, 0}, {relayCuts, 9000}}
	for n, end := 0, time.Now().Add(length); time.Now().Before(end); n++ {
		w.relay.set(moods[n%len(moods)].mode, moods[n%len(moods)].cut)
		if n%2 == 0 {
			w.net.lower(string(wayFlap))
		} else {
			w.net.raise(string(wayFlap), third(wayFlap))
		}
		time.Sleep(2 * time.Second) // the pace is what is played
	}
	w.checkBroken(begun)
	w.wait("the agent that is cut off rings", func() bool { return len(w.bell.rung(agent.AlarmRaised)) > 0 })
	for mode, least := range map[relayMode]int{relayResets: 1, relayCuts: 2} {
		if n := w.relay.met(mode); n < least {
			w.t.Errorf("connections that met %q = %d, want %d and more", mode, n, least)
		}
	}

	w.net.raise(string(wayFlap), third(wayFlap))
	w.relay.set(relayPasses, 0)
	router("link", "set", link(wayCut), "up")
	router("route", "del", "blackhole", addr(wayInward))
	outward("del")
	mtu("1500")
	shape("del")
}

// checkBell looks at what the agent that was cut off told by itself.
func (w *faultWorld) checkBell() {
	w.t.Helper()
	raised, cleared := w.bell.rung(agent.AlarmRaised), w.bell.rung(agent.AlarmCleared)
	w.t.Logf("alarms: %d raised, %d cleared", len(raised), len(cleared))
	for _, m := range raised {
		if m.Agent != w.agent(wayCut) || m.Lasted < 10 || m.Reason == "" || strings.Contains(m.Text, "canary") {
			w.t.Errorf("alarm = %+v, want one of the agent that was cut off, with its reason", m)
		}
	}
}

// maxResident is far above what an agent of one device needs, in bytes.
const maxResident = 64 << 20

// checkMemory looks at the most that an agent ever held.
func (w *faultWorld) checkMemory(p *process) {
	w.t.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		w.t.Fatal(err)
	}
	_, rest, _ := bytes.Cut(raw, []byte("VmHWM:"))
	kilobytes, err := strconv.ParseInt(string(bytes.Fields(rest)[0]), 10, 64)
	if err != nil || kilobytes<<10 > maxResident {
		w.t.Errorf("%s held %d KB at most, %v; want no more than %d", p.name, kilobytes, err, maxResident>>10)
	}
	w.t.Logf("%s held %d KB at most", p.name, kilobytes)
}

// checkBroken makes sure that the faults are faults, and that those which only hinder do
// not stop anything.
func (w *faultWorld) checkBroken(begun time.Time) {
	w.t.Helper()
	through := func(way vouch.CustomerID) time.Time {
		for _, a := range w.status().Agents {
			if a.Agent == w.agent(way) && a.Through != nil {
				return *a.Through
			}
		}
		return time.Time{}
	}
	for _, way := range []vouch.CustomerID{wayCut, wayInward, wayOutward} {
		// What lost its answer alone may have arrived.
		if at := through(way); at.After(begun.Add(2 * time.Second)) {
			w.t.Errorf("%s: batches arrived up to %v, %v after its way was broken", way, at, at.Sub(begun))
		}
	}
	for _, way := range []vouch.CustomerID{waySlow, wayMTU, wayHole, wayMoved} {
		w.wait(string(way)+" delivers all the same", func() bool { return through(way).After(begun.Add(2 * time.Second)) })
	}
}
