// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/incident"
)

// fault is what the test did to the network, and what each contract makes of it.
type fault struct {
	what     string
	from, to time.Time
	down     []vouch.CustomerID // where it is an outage
	unknown  []vouch.CustomerID // where it leaves the verdict open
}

// TestNamespaces plays faults on real links between real processes, with Debian's
// snmpd for a device that answers ICMP by its own kernel: what the three contracts
// make of each, and that their statements have the seconds.
func TestNamespaces(t *testing.T) {
	needNetwork(t)
	w := newNetWorld(t)
	w.allUp()
	from := time.Now().Add(time.Second).Truncate(time.Second)
	var faults []fault
	for _, step := range []struct {
		name string
		play func(*testing.T) fault
	}{
		{"the device's link is down", w.deviceDown},
		{"the path of one location is blocked", w.pathBlocked},
		{"an agent sets its own uplink down", w.ownUplinkDown},
		{"an agent's uplink is pulled at the far end", w.farEndDown},
		{"the device answers pings alone", w.snmpdStopped},
	} {
		ok := t.Run(step.name, func(t *testing.T) {
			defer w.as(t)()
			f := step.play(t)
			f.what = step.name
			faults = append(faults, f)
			w.allUp()
		})
		if !ok {
			return
		}
	}
	to := time.Now().Add(time.Second).Truncate(time.Second)
	w.settled(to)
	w.checkIncidents(t, faults)
	w.checkList(t)
	w.checkStatements(t, from, to, faults)
	w.checkExcuses(t, faults[2:4])
}

// as lets a subtest fail in its own name, until the function that it returns is called.
func (w *netWorld) as(t *testing.T) func() {
	parent := w.t
	w.plant.t, w.net.t = t, t
	return func() { w.plant.t, w.net.t = parent, parent }
}

// opened waits until a customer has n incidents, of which the newest is open, and
// returns that.
func (w *netWorld) opened(c vouch.CustomerID, n int) (newest admin.Incident) {
	w.t.Helper()
	w.wait(fmt.Sprintf("incident %d of %s opens", n, c), func() bool {
		list := w.incidents(c)
		if len(list) != n {
			return false
		}
		newest = slices.MaxFunc(list, func(a, b admin.Incident) int { return strings.Compare(string(a.ID), string(b.ID)) })
		return newest.Status == incident.Open
	})
	return newest
}

// lasts waits until a fault has lasted so long that any verdict of down that it gives
// has opened something, and batches have confirmed it.
func (w *netWorld) lasts(f fault) {
	w.t.Helper()
	w.wait("the fault has lasted, and batches tell of it", func() bool {
		for _, c := range f.down {
			if slices.ContainsFunc(w.incidents(c), func(i admin.Incident) bool { return i.Pending }) {
				return false
			}
		}
		return time.Since(f.from) > 2*confirm+pollEvery
	})
}

// closed waits until no incident of a customer is open.
func (w *netWorld) closed(c vouch.CustomerID) {
	w.t.Helper()
	w.wait(fmt.Sprintf("the incidents of %s are closed", c), func() bool {
		return !slices.ContainsFunc(w.incidents(c), func(i admin.Incident) bool { return i.Status == incident.Open })
	})
}

func (w *netWorld) deviceDown(t *testing.T) fault {
	f := fault{from: time.Now(), down: []vouch.CustomerID{three, pair, reach}}
	w.net.lower("device")
	for _, c := range f.down {
		i := w.opened(c, 1)
		tellDelay(t, c, i, f.from)
		if i.Single {
			t.Errorf("incident of %s rests on one witness, want more: %v", c, i.Witnesses)
		}
	}
	w.lasts(f)
	f.to = time.Now()
	w.net.raise("device", atDevice)
	for _, c := range f.down {
		w.closed(c)
	}
	return f
}

// tellDelay prints how fast an incident was: since the fault, and since the first
// instant at which the verdict was down.
func tellDelay(t *testing.T, c vouch.CustomerID, i admin.Incident, fault time.Time) {
	t.Logf("%s: incident opened %.1f s after the fault, %.1f s after the first down instant, of which %v confirm it",
		c, i.OpenedAt.Sub(fault).Seconds(), i.OpenedAt.Sub(i.From).Seconds(), confirm)
}

func (w *netWorld) pathBlocked(t *testing.T) fault {
	f := fault{from: time.Now(), down: []vouch.CustomerID{reach}, unknown: []vouch.CustomerID{pair}}
	w.net.block(1)
	i := w.opened(reach, 2)
	tellDelay(t, reach, i, f.from)
	if !i.Single || !slices.Equal(i.Witnesses, []vouch.LocationID{"AMS"}) {
		t.Errorf("incident of %s: rests on one witness = %v, witnesses %v; want true and AMS alone", reach, i.Single, i.Witnesses)
	}
	w.wait("AMS alone sees it down, and two witnesses of three suffice", func() bool {
		return w.seen(three, "AMS") == "down" && w.device(three).State == "up"
	})
	w.wait("two witnesses of two dispute", func() bool {
		d := w.device(pair)
		return w.seen(pair, "AMS") == "down" && d.State == "unknown" && d.Reason == string(vouch.ReasonDisputed)
	})
	w.lasts(f)
	f.to = time.Now()
	w.net.unblock(1)
	w.closed(reach)
	return f
}

// ownUplinkDown cuts an agent off from its own side: it has no route left.
func (w *netWorld) ownUplinkDown(*testing.T) fault {
	f := fault{from: time.Now(), unknown: []vouch.CustomerID{pair, reach}}
	w.net.lower("AMS")
	w.cutOff(f)
	f.to = time.Now()
	w.net.raise("AMS", 1)
	w.delivered(f.to)
	return f
}

// farEndDown cuts an agent off at its gateway: what it sends goes nowhere.
func (w *netWorld) farEndDown(*testing.T) fault {
	f := fault{from: time.Now(), unknown: []vouch.CustomerID{pair, reach}}
	w.net.ip("-n", w.net.name("router"), "link", "set", "to1", "down")
	w.cutOff(f)
	f.to = time.Now()
	w.net.ip("-n", w.net.name("router"), "link", "set", "to1", "up")
	w.delivered(f.to)
	return f
}

// cutOff waits until AMS counts as silent and would have opened something.
func (w *netWorld) cutOff(f fault) {
	w.t.Helper()
	silent := "unknown: " + string(vouch.ReasonSilent)
	w.wait("AMS counts as silent", func() bool {
		return w.seen(three, "AMS") == silent && w.seen(pair, "AMS") == silent && w.device(three).State == "up" && w.device(pair).State == "unknown"
	})
	w.lasts(f)
}

// delivered waits until AMS has handed in everything up to an instant.
func (w *netWorld) delivered(at time.Time) {
	w.t.Helper()
	w.wait("AMS delivers what it has", func() bool {
		for _, a := range w.status().Agents {
			if a.Location == "AMS" {
				return a.Through != nil && a.Through.After(at)
			}
		}
		return false
	})
}

func (w *netWorld) snmpdStopped(t *testing.T) fault {
	f := fault{from: time.Now(), down: []vouch.CustomerID{pair}}
	w.snmpd.signal(t, syscall.SIGSTOP)
	tellDelay(t, pair, w.opened(pair, 2), f.from)
	w.lasts(f)
	for _, c := range []vouch.CustomerID{three, reach} {
		if s := w.device(c).State; s != "up" {
			t.Errorf("state of the device for %s while it answers ICMP = %s, want up", c, s)
		}
	}
	f.to = time.Now()
	w.snmpd.signal(t, syscall.SIGCONT)
	w.closed(pair)
	return f
}

// settled waits until the figures up to an instant are final.
func (w *netWorld) settled(to time.Time) {
	w.t.Helper()
	w.wait("every agent has delivered, and the figures have caught up", func() bool {
		for _, a := range w.status().Agents {
			if a.Through == nil || a.Through.Before(to) {
				return false
			}
		}
		return time.Since(to) > figuresLag+time.Second
	})
}

// checkIncidents compares the incidents with the faults: one for each outage of each
// customer, none for anything else, beginning and end within the resolution.
func (w *netWorld) checkIncidents(t *testing.T, faults []fault) {
	for _, p := range parties {
		list := w.incidents(p.ID)
		slices.SortFunc(list, func(a, b admin.Incident) int { return a.From.Compare(b.From) })
		var want []fault
		for _, f := range faults {
			if slices.Contains(f.down, p.ID) {
				want = append(want, f)
			}
		}
		if len(list) != len(want) {
			t.Errorf("%s has %d incidents, want %d: %+v", p.ID, len(list), len(want), list)
			continue
		}
		for n, i := range list {
			if i.Status != incident.Closed || i.To == nil {
				t.Errorf("incident %s of %s is %s, want closed", i.ID, p.ID, i.Status)
				continue
			}
			what := fmt.Sprintf("incident %s of %s (%s)", i.ID, p.ID, want[n].what)
			near(t, what+" begins", i.From, want[n].from, edge)
			near(t, what+" ends", *i.To, want[n].to, edge)
		}
	}
}

// checkList looks at what the command shows to people.
func (w *netWorld) checkList(t *testing.T) {
	for c, want := range map[vouch.CustomerID]int{three: 0, pair: 0, reach: 1} {
		out, err := run(w.dir, w.programs.vouch, "incident", "list", "--customer", string(c), "--data", w.path("data"))
		if err != nil {
			t.Error(err)
		}
		if got := strings.Count(out, "rests on one witness"); got != want {
			t.Errorf("incident list of %s has %d that rest on one witness, want %d\n%s", c, got, want, out)
		}
	}
}

// edge is how far a measured edge may lie from the real one: an interval, and a
// second because edges are told in whole seconds.
const edge = pollEvery + time.Second
