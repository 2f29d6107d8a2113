// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
)

// Stretch is a half-open interval of time.
type Stretch struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Expected is what must have been measured, from what the script did and when.
type Expected struct {
	Period    Stretch
	Tolerance time.Duration // at every edge of an outage
	Effects   []Effect      // in the order of the steps
}

// Effect is what must have come of one step.
type Effect struct {
	Step     StepID
	Device   vouch.DeviceID   // empty where the step concerns all
	Location vouch.LocationID // empty where it happens to all
	Happened Stretch          // when the script did it
	Down     bool             // the device must have been down in that time
	Incident bool             // and an incident must have come of it
	Claim    string           // id of the announcement, if one was made
	Claimed  Stretch          // what it covers
	Counts   bool             // the announcement must take its time out of the count
}

// Expect returns what must have come of the steps that were done, over the script.
func Expect(p Pace, steps []Step, began time.Time, deeds []Deed) Expected {
	e := Expected{Period: Stretch{began, began.Add(p.Length)}, Tolerance: p.Tolerance()}
	for i, s := range steps {
		f := Effect{
			Step: s.ID, Device: s.Device, Location: s.Location, Down: s.down(), Incident: s.breaks(), Counts: s.ID == StepPlanned,
			Happened: Stretch{doneAt(deeds, i, ActBegin), doneAt(deeds, i, ActEnd)},
		}
		for _, d := range deeds {
			if d.Step == i && d.Announcement != nil {
				f.Claim, f.Claimed = d.Announcement.ID, Stretch{d.Announcement.From, d.Announcement.To}
			}
		}
		e.Effects = append(e.Effects, f)
	}
	return e
}

func doneAt(deeds []Deed, step int, k ActKind) time.Time {
	i := slices.IndexFunc(deeds, func(d Deed) bool { return d.Step == step && d.Kind == k })
	if i < 0 {
		return time.Time{}
	}
	return deeds[i].Done
}

// downs returns the effects on a device that must show as down time, in order.
func (e Expected) downs(d vouch.DeviceID) []Effect {
	var out []Effect
	for _, f := range e.Effects {
		if f.Device == d && f.Down {
			out = append(out, f)
		}
	}
	slices.SortStableFunc(out, func(a, b Effect) int { return a.Happened.From.Compare(b.Happened.From) })
	return out
}

// excluded returns the seconds of a device that must have been taken out of the count.
// They are exact: an announcement says them in whole seconds.
func (e Expected) excluded(d vouch.DeviceID) int64 {
	var n int64
	for _, f := range e.Effects {
		if f.Device == d && f.Counts {
			from, to := latest(f.Claimed.From, e.Period.From), earliest(f.Claimed.To, e.Period.To)
			n += int64(max(to.Sub(from), 0) / time.Second)
		}
	}
	return n
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
