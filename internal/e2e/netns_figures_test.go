// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"slices"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
)

// checkStatements compares the seconds of each statement with what was played.
func (w *netWorld) checkStatements(t *testing.T, from, to time.Time, faults []fault) {
	for _, p := range parties {
		a, raw := w.statement(p.ID, from, to)
		if len(a.Devices) != 1 {
			t.Fatalf("statement of %s has %d devices, want 1\n%s", p.ID, len(a.Devices), raw)
		}
		d := a.Devices[0]
		var down, unknown, slack time.Duration
		for _, f := range faults {
			if slices.Contains(f.down, p.ID) {
				down += f.to.Sub(f.from)
				slack += 2 * edge
			}
			if slices.Contains(f.unknown, p.ID) {
				unknown += f.to.Sub(f.from)
				slack += 2 * edge
			}
		}
		period := to.Sub(from)
		t.Logf("%s: agreed %d s, up %d s, down %d s (played %.1f s), unknown %d s (played %.1f s)",
			p.ID, d.Agreed, d.Up, d.Down, down.Seconds(), d.Unknown, unknown.Seconds())
		if a.Pending != 0 || d.Agreed != seconds(period) || d.Agreed != d.Up+d.Down+d.Unknown {
			t.Errorf("%s: agreed %d s, up %d s, down %d s, unknown %d s, pending %d s; want %d s agreed, all of it up, down or unknown",
				p.ID, d.Agreed, d.Up, d.Down, d.Unknown, a.Pending, seconds(period))
		}
		for what, x := range map[string]struct {
			got  int64
			want time.Duration
		}{"down": {d.Down, down}, "unknown": {d.Unknown, unknown}, "up": {d.Up, period - down - unknown}} {
			if off := time.Duration(x.got)*time.Second - x.want; off.Abs() > slack {
				t.Errorf("%s: %s %d s, want %v within %v of it\n%s", p.ID, what, x.got, x.want, slack, raw)
			}
		}
		if a.Up != d.Up || a.Down != d.Down || a.Unknown != d.Unknown {
			t.Errorf("%s: the whole has up %d, down %d, unknown %d s, its one device %d, %d, %d s", p.ID, a.Up, a.Down, a.Unknown, d.Up, d.Down, d.Unknown)
		}
		single := 0
		for _, i := range a.Incidents {
			if i.Single {
				single++
			}
		}
		if want := map[vouch.CustomerID]int{reach: 1}[p.ID]; single != want {
			t.Errorf("%s: %d incidents of the statement rest on one witness, want %d\n%s", p.ID, single, want, raw)
		}
	}
}

func seconds(d time.Duration) int64 { return int64(d / time.Second) }

// checkExcuses stops everything and looks at the evidence itself: while its uplink was
// down, AMS kept measuring, and what it said of the device was never down, and
// unknown for a reason of its own.
func (w *netWorld) checkExcuses(t *testing.T, cuts []fault) {
	for _, a := range w.agents {
		a.stop(t)
	}
	w.collector.stop(t)
	leaves := w.readLedgers(w.verifiers())
	for _, f := range cuts {
		reasons := map[vouch.Reason]int{}
		for _, l := range leaves {
			if l.Agent != agentAt("AMS") {
				continue
			}
			for _, s := range l.samples(t) {
				// An attempt that had begun when the link went or came may have ended either way.
				if s.Device == "" || s.Start.Before(f.from.Add(pollEvery)) || !s.Start.Before(f.to.Add(-pollEvery)) {
					continue
				}
				if s.Outcome != vouch.Unknown || s.Reason != vouch.ReasonLocation && s.Reason != vouch.ReasonSocket {
					t.Errorf("%s: AMS said %s (%s) of the device of %s at %v, want unknown for a reason of its own",
						f.what, s.Outcome, s.Reason, s.Customer, s.Start)
				}
				reasons[s.Reason]++
			}
		}
		t.Logf("%s: AMS says of the device unknown, %v", f.what, reasons)
		if len(reasons) == 0 {
			t.Errorf("%s: AMS measured nothing while it was cut off", f.what)
		}
	}
}
