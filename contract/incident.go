// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"cmp"
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
)

// Incident is a breach that was confirmed (rule 8).
type Incident struct {
	From        Second `json:"from"`         // first down instant of its count
	Confirmed   Second `json:"confirmed"`    // when accumulated down time reached confirm
	To          Second `json:"to,omitempty"` // start of the up run that closed it; meaningless while Open
	Open        bool   `json:"open,omitempty"`
	CountedDown int64  `json:"counted_down"` // seconds down inside period and window and outside exclusions

	Witnesses []vouch.LocationID `json:"witnesses,omitempty"` // that voted down at some time in it, sorted
	Devices   []vouch.DeviceID   `json:"devices,omitempty"`   // of a tree: that were down in it, sorted
	Widest    int                `json:"widest"`              // most witnesses that were down in one instant
}

// Single reports whether the incident rests on a single failing witness.
func (i Incident) Single() bool { return i.Widest == 1 }

// Overlaps reports whether any part of the incident lies in the span.
func (i Incident) Overlaps(s Span) bool {
	return i.From < s.To && (i.Open || i.To > s.From)
}

// Fold applies rule 8 to a timeline piece by piece. Its zero value stands before any
// time; its fields are its whole state and may be stored between pieces. Fed in any
// number of pieces, it ends in the same state.
type Fold struct {
	Current *Incident `json:"current,omitempty"` // the one that is open

	// The count toward the next incident.
	Counting  bool               `json:"counting,omitempty"`
	First     Second             `json:"first,omitempty"`   // first down instant
	Down      int64              `json:"down,omitempty"`    // accumulated seconds
	Counted   int64              `json:"counted,omitempty"` // of those, inside period and window
	Runs      int                `json:"runs,omitempty"`    // uninterrupted downs among them
	Witnesses []vouch.LocationID `json:"witnesses,omitempty"`
	Devices   []vouch.DeviceID   `json:"devices,omitempty"`
	Widest    int                `json:"widest,omitempty"`

	InUp       bool   `json:"in_up,omitempty"`
	UpFrom     Second `json:"up_from,omitempty"`     // start of the up run that At ends
	RunCounted bool   `json:"run_counted,omitempty"` // the down run that At ends is among Runs

	Short        int   `json:"short,omitempty"` // interruptions that ended without an incident
	ShortSeconds int64 `json:"short_seconds,omitempty"`
}

// Transition is the opening or closing of an incident.
type Transition struct {
	Opened   bool   // else closed
	At       Second // the instant at which the rule was fulfilled
	Incident Incident
}

// Add takes the next part of the timeline in, under the terms in force in it. Parts
// come in order and without holes. It returns the transition that the part brought
// about, if any: a part has one class throughout, so there is at most one.
func (f *Fold) Add(p Part, t *Terms) (Transition, bool) {
	if p.Empty() {
		return Transition{}, false
	}
	kind := p.foldAs()
	if kind != Down {
		f.RunCounted = false
	}
	if kind != Up {
		f.InUp = false
	}
	switch kind {
	case Down:
		return f.down(p, ceilSeconds(t.Confirm))
	case Up:
		return f.up(p, ceilSeconds(t.Clear))
	case NotMeasured:
		return f.end(p)
	}
	if len(p.Excluded) > 0 {
		f.forget()
	}
	return Transition{}, false
}

// foldAs returns what the part is for rule 8: excluded time is unknown, and time that
// is degraded with an effect on incidents is down.
func (p *Part) foldAs() State {
	switch {
	case p.State == NotMeasured:
		return NotMeasured
	case len(p.Excluded) > 0:
		return Unknown
	case p.State == Up && p.Degraded >= EffectIncident:
		return Down
	}
	return p.State
}

func (f *Fold) down(p Part, confirm Second) (Transition, bool) {
	if !f.Counting {
		f.Counting, f.First = true, p.From
	}
	counts := p.Class == ClassDown
	if counts {
		f.Counted += p.Len()
		if !f.RunCounted {
			f.RunCounted = true
			f.Runs++
		}
	}
	least := EffectDown
	if p.State == Up {
		least = EffectIncident
	}
	down := p.locations(least)
	f.Witnesses = join(f.Witnesses, down)
	f.Devices = join(f.Devices, p.Causes)
	f.Widest = max(f.Widest, len(down))
	before := Second(f.Down)
	f.Down += p.Len()
	opened := f.Current == nil && Second(f.Down) >= confirm
	if opened {
		f.Current = &Incident{From: f.First, Confirmed: p.From + max(confirm-before, 0), Open: true}
	}
	if f.Current == nil {
		return Transition{}, false
	}
	f.Current.CountedDown = f.Counted
	f.Current.Witnesses, f.Current.Devices, f.Current.Widest = f.Witnesses, f.Devices, f.Widest
	return Transition{true, f.Current.Confirmed, f.Current.clone()}, opened
}

func (f *Fold) up(p Part, clearing Second) (Transition, bool) {
	if !f.InUp {
		f.InUp, f.UpFrom = true, p.From
	}
	if p.To-f.UpFrom < clearing {
		return Transition{}, false
	}
	return f.close(f.UpFrom, max(p.From, f.UpFrom+clearing))
}

// end is the end of measuring: an incident cannot outlive it.
func (f *Fold) end(p Part) (Transition, bool) { return f.close(p.From, p.From) }

func (f *Fold) close(to, at Second) (Transition, bool) {
	if f.Current == nil {
		f.forget()
		return Transition{}, false
	}
	i := f.Current.clone()
	i.To, i.Open = to, false
	f.Current = nil
	f.clear()
	return Transition{false, at, i}, true
}

// forget drops the count unless an incident is open: what it held were short
// interruptions.
func (f *Fold) forget() {
	if f.Current != nil || !f.Counting {
		return
	}
	f.Short += f.Runs
	f.ShortSeconds += f.Counted
	f.clear()
}

func (f *Fold) clear() {
	f.Counting, f.First, f.Down, f.Counted, f.Runs = false, 0, 0, 0, 0
	f.Witnesses, f.Devices, f.Widest = nil, nil, 0
}

// Shorts returns the number of interruptions that belong to no incident, and their
// counted seconds; those of a count still running are among them.
func (f *Fold) Shorts() (n int, seconds int64) {
	if f.Current == nil {
		return f.Short + f.Runs, f.ShortSeconds + f.Counted
	}
	return f.Short, f.ShortSeconds
}

func (i *Incident) clone() Incident {
	c := *i
	c.Witnesses, c.Devices = slices.Clone(i.Witnesses), slices.Clone(i.Devices)
	return c
}

// join returns the sorted union of a sorted list and some more, without changing
// either.
func join[T cmp.Ordered](a, b []T) []T {
	missing := func(x T) bool { _, ok := slices.BinarySearch(a, x); return !ok }
	if !slices.ContainsFunc(b, missing) {
		return a
	}
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}

// Breach is an incident of one device.
type Breach struct {
	Device vouch.DeviceID
	Site   vouch.SiteID
	Incident
}

// Group puts breaches together that are one incident (rule 11): those at one site
// whose first down instants all lie within confirm of each other. Groups stand in the
// order of their first down instant, then of their site; breaches in a group in the
// order of theirs, then of their device.
func Group(breaches []Breach, confirm time.Duration) [][]Breach {
	in := slices.Clone(breaches)
	slices.SortStableFunc(in, func(a, b Breach) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.Site, b.Site), cmp.Compare(a.Device, b.Device))
	})
	var out [][]Breach
	last := map[vouch.SiteID]int{}
	for _, b := range in {
		if n, ok := last[b.Site]; ok && b.From-out[n][0].From <= ceilSeconds(confirm) {
			out[n] = append(out[n], b)
			continue
		}
		last[b.Site] = len(out)
		out = append(out, []Breach{b})
	}
	return out
}
