// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package demo_test

import (
	"testing"
	"time"

	"github.com/vouch-sla/vouch/internal/demo"
)

// lengths are those that the properties below must hold at.
var lengths = []time.Duration{20 * time.Second, 30 * time.Second, 39 * time.Second, 40 * time.Second, 90 * time.Second, 10 * time.Minute, 24 * time.Hour}

func TestOptionsCheck(t *testing.T) {
	for _, tc := range []struct {
		length time.Duration
		ok     bool
	}{
		{0, false}, {-time.Minute, false}, {19 * time.Second, false}, {20*time.Second + 500*time.Millisecond, false}, {25 * time.Hour, false},
		{20 * time.Second, true}, {90 * time.Second, true}, {24 * time.Hour, true},
	} {
		if err := (demo.Options{For: tc.length}).Check(); (err == nil) != tc.ok {
			t.Errorf("Check(for %v) = %v, want ok %t", tc.length, err, tc.ok)
		}
	}
}

func TestPace(t *testing.T) {
	for _, length := range lengths {
		p := demo.PaceOf(length)
		within := func(what string, d, lo, hi time.Duration) {
			t.Helper()
			if d < lo || d > hi {
				t.Errorf("PaceOf(%v): %s = %v, want %v to %v", length, what, d, lo, hi)
			}
		}
		within("length", p.Length, length, length)
		within("interval", p.Interval, 250*time.Millisecond, time.Second)
		within("timeout", p.Timeout, p.Interval/2, p.Interval-1)
		within("confirm", p.Confirm, max(time.Second, 3*p.Interval), 3*time.Second)
		within("clear", p.Clear, time.Second, 2*time.Second)
		within("carry forward", p.CarryForward, 3*time.Second, 10*time.Second)
		within("lag", p.Lag, 2*time.Second+p.Timeout, 10*time.Second)
		within("delay", p.Delay, p.Limit*5/4, p.Timeout/2-1) // before the request is repeated
		within("limit", p.Limit, 50*time.Millisecond, p.Delay)
		within("tolerance", p.Tolerance(), 2*p.Interval+time.Second, 2*p.Interval+time.Second)
	}
}

func TestPlanIsInOrderAndWithinTheRun(t *testing.T) {
	for _, length := range lengths {
		p := demo.PaceOf(length)
		steps := demo.Plan(p)
		if len(steps) != 7 {
			t.Fatalf("Plan(%v) has %d steps, want 7", length, len(steps))
		}
		for i, s := range steps {
			if s.Device != "" && demo.SiteOf(s.Device) == "" {
				t.Errorf("Plan(%v): %s happens to %s, which is nowhere", length, s.ID, s.Device)
			}
			if s.From < time.Second || s.From >= s.To || s.To > length-2*time.Second {
				t.Errorf("Plan(%v): %s from %v to %v, want it inside the run with quiet at both ends", length, s.ID, s.From, s.To)
			}
			if s.ID == demo.StepUplink && i != len(steps)-1 {
				t.Errorf("Plan(%v): %s is not the last", length, s.ID)
			}
			if s.What == "" || s.Over == "" || s.Expect == "" {
				t.Errorf("Plan(%v): %s lacks words", length, s.ID)
			}
		}
		var last time.Duration
		acts := demo.Acts(steps)
		for _, a := range acts {
			if a.At < last || a.At > length {
				t.Errorf("Acts(%v): %s of %s at %v follows one at %v", length, a.Kind, steps[a.Step].ID, a.At, last)
			}
			last = a.At
		}
		if len(acts) != 16 {
			t.Errorf("Acts(%v) has %d acts, want two a step and two announcements", length, len(acts))
		}
	}
}

// What a step must show has to be larger than what may be off at its edges.
func TestPlanLeavesRoom(t *testing.T) {
	for _, length := range lengths {
		p := demo.PaceOf(length)
		steps := demo.Plan(p)
		for _, s := range steps {
			if s.Breaks() && s.To-s.From < p.Confirm+p.Tolerance() {
				t.Errorf("Plan(%v): %s lasts %v, too short for an incident after %v", length, s.ID, s.To-s.From, p.Confirm)
			}
			if margin := p.Interval + time.Second; s.ID == demo.StepPlanned && (s.From-s.AnnounceFrom < margin || s.AnnounceTo-s.To < margin) {
				t.Errorf("Plan(%v): %s from %v to %v is not well inside %v to %v", length, s.ID, s.From, s.To, s.AnnounceFrom, s.AnnounceTo)
			}
			if s.ID == demo.StepPlanned && s.AnnounceFrom-s.AnnounceAt < 1500*time.Millisecond {
				t.Errorf("Plan(%v): %s is announced at %v for %v, too close to count surely", length, s.ID, s.AnnounceAt, s.AnnounceFrom)
			}
			if s.ID == demo.StepClaimed && s.AnnounceAt-s.AnnounceFrom < 1500*time.Millisecond {
				t.Errorf("Plan(%v): %s is announced at %v for %v, too close to be late surely", length, s.ID, s.AnnounceAt, s.AnnounceFrom)
			}
			for _, o := range steps {
				if s.ID != o.ID {
					apart(t, p, s, o)
				}
			}
		}
	}
}

// apart checks that two steps do not get into each other's way.
func apart(t *testing.T, p demo.Pace, a, b demo.Step) {
	t.Helper()
	overlap := a.From < b.To && b.From < a.To
	switch {
	case a.Device != "" && a.Device == b.Device:
		t.Errorf("Plan(%v): %s and %s happen to the same device", p.Length, a.ID, b.ID)
	case a.Breaks() && b.Breaks() && demo.SiteOf(a.Device) == demo.SiteOf(b.Device) && (a.From-b.From).Abs() <= p.Confirm+p.Tolerance():
		t.Errorf("Plan(%v): %s and %s begin %v apart at one site and may be one incident", p.Length, a.ID, b.ID, (a.From - b.From).Abs())
	case a.ID == demo.StepUplink && b.ID == demo.StepPartial && overlap:
		t.Errorf("Plan(%v): two of three witnesses are away at once", p.Length)
	case a.ID == demo.StepUplink && b.Downs() && a.From-b.To < p.Tolerance() && b.From < a.To:
		t.Errorf("Plan(%v): %s ends %v before a witness is cut off, while verdicts may still change", p.Length, b.ID, a.From-b.To)
	}
}
