// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/incident"
)

// event is something worth a line.
type event struct {
	at   time.Time
	kind eventKind
	text string
}

type eventKind string

const (
	kindScript   eventKind = "script"   // the script did something
	kindSeen     eventKind = "seen"     // what the locations see has changed
	kindIncident eventKind = "incident" // one opened or closed
)

// view shows a run. Its methods may be called concurrently.
type view interface {
	note(text string) // something to know, once
	say(e event)
	show(f frame)
	close() // leaves what was shown last
}

// frame is everything as it stands at an instant.
type frame struct {
	now   time.Time
	phase string
	page  string
	pace  Pace
	steps []Step
	began time.Time // zero before the script
	deeds []Deed
	live  *admin.Live // nil: as before
}

func (r *run) frame(live *admin.Live) frame {
	began, deeds, phase := r.doings()
	return frame{now: time.Now(), phase: phase, page: r.page, pace: r.pace, steps: r.steps, began: began, deeds: deeds, live: live}
}

// watch asks the collector for the live view until ctx ends, and tells what changed.
func (r *run) watch(ctx context.Context) error {
	seen := newObserver()
	for {
		var live admin.Live
		if err := r.client.Get(ctx, admin.PathLive, nil, &live); err == nil {
			r.sightings.Add(live)
			began, _, _ := r.doings()
			for _, e := range seen.look(live, !began.IsZero()) {
				r.view.say(e)
			}
			r.view.show(r.frame(&live))
		}
		if sleep(ctx, lookEach) != nil {
			return nil
		}
	}
}

// observer tells from one live view to the next what has changed for good: agents ask
// at different times, so that a change takes up to an interval to be seen everywhere.
type observer struct {
	silent    bool              // take what is seen for granted
	told      map[string]string // by subject, what was told last
	pending   map[string]change
	incidents map[incident.ID]incident.Status
}

// change is something that was seen and is not told yet.
type change struct {
	state string
	since time.Time
}

// steady is how long something must be seen before it is told.
const steady = 600 * time.Millisecond

func newObserver() *observer {
	return &observer{told: map[string]string{}, pending: map[string]change{}, incidents: map[incident.ID]incident.Status{}}
}

// look returns what is new. Before the script everything is taken for granted.
func (o *observer) look(live admin.Live, tell bool) []event {
	var out []event
	o.silent = !tell
	blind := blindAt(live)
	for _, l := range live.Locations {
		text := fmt.Sprintf("%s can judge again", title(l.ID))
		if reason, is := blind[l.ID]; is {
			text = fmt.Sprintf("%s says unknown (%s): its silences prove nothing", title(l.ID), reason)
		}
		if o.changed("place "+string(l.ID), blind[l.ID], live.Now) {
			out = append(out, event{live.Now, kindSeen, text})
		}
	}
	for _, d := range live.Devices {
		if o.changed(string(d.Device), d.State+"|"+strings.Join(notUp(d), ","), live.Now) {
			out = append(out, event{live.Now, kindSeen, seenWords(d)})
		}
	}
	return append(out, o.news(live)...)
}

// changed reports whether a state is to be told: it is new and has been for long
// enough.
func (o *observer) changed(subject, state string, now time.Time) bool {
	p, waiting := o.pending[subject]
	switch {
	case o.silent:
	case o.told[subject] == state:
	case !waiting || p.state != state:
		o.pending[subject] = change{state, now}
		return false
	case now.Sub(p.since) < steady:
		return false
	}
	tell := !o.silent && o.told[subject] != state
	delete(o.pending, subject)
	o.told[subject] = state
	return tell
}

// blindAt returns the locations whose own way out fails, with the reason.
func blindAt(live admin.Live) map[vouch.LocationID]string {
	out := map[vouch.LocationID]string{}
	for _, d := range live.Devices {
		for _, s := range d.Seen {
			if ofPlace(s) {
				out[s.Location] = s.Reason
			}
		}
	}
	return out
}

// ofPlace reports whether a location cannot tell for a reason of its own, which is not
// the device's.
func ofPlace(s admin.LiveSeen) bool {
	switch vouch.Reason(s.Reason) {
	case vouch.ReasonLocation, vouch.ReasonNetwork, vouch.ReasonSilent:
		return s.State == "unknown"
	}
	return false
}

// notUp lists the locations that do not see a device up, those that cannot tell for a
// reason of their own left aside.
func notUp(d admin.LiveDevice) []string {
	var out []string
	for _, s := range d.Seen {
		if !ofPlace(s) && s.State != "up" && s.State != "" {
			out = append(out, title(s.Location)+" "+shown(s.State))
		}
	}
	return out
}

// shown is the word for a state.
func shown(state string) string {
	if state == "degraded" {
		return "slow"
	}
	return state
}

// seenWords tells what is seen of a device.
func seenWords(d admin.LiveDevice) string {
	away := notUp(d)
	switch {
	case d.State == "maintenance":
		text := fmt.Sprintf("%s is in announced maintenance", d.Device)
		if len(away) > 0 {
			text += " (" + strings.Join(away, ", ") + ")"
		}
		return text
	case len(away) == 0:
		return fmt.Sprintf("%s is %s", d.Device, shown(d.State))
	}
	return fmt.Sprintf("%s is %s (%s)", d.Device, shown(d.State), strings.Join(away, ", "))
}

// title is how people call a location.
func title(l vouch.LocationID) string { return strings.ToUpper(string(l)) }

// news tells what happened to incidents.
func (o *observer) news(live admin.Live) []event {
	var out []event
	list := slices.Clone(live.Incidents)
	slices.SortStableFunc(list, func(a, b admin.Incident) int { return cmp.Compare(a.ID, b.ID) })
	for _, i := range list {
		if was, known := o.incidents[i.ID]; known && was == i.Status {
			continue
		}
		_, known := o.incidents[i.ID]
		o.incidents[i.ID] = i.Status
		if !known {
			out = append(out, event{i.OpenedAt, kindIncident, fmt.Sprintf("%s opened: %s down since %s, seen by %s", i.ID, joined(i.Devices), clock(i.From), joined(titles(i.Witnesses)))})
		}
		switch {
		case i.Status == incident.Closed && i.To != nil:
			out = append(out, event{live.Now, kindIncident, fmt.Sprintf("%s closed: %s up again since %s, %d s counted", i.ID, joined(i.Devices), clock(*i.To), i.Counted)})
		case i.Status == incident.Withdrawn:
			out = append(out, event{live.Now, kindIncident, fmt.Sprintf("%s withdrawn: late measurements show that the breach never was", i.ID)})
		}
	}
	return out
}

func titles(ls []vouch.LocationID) []string {
	out := make([]string, len(ls))
	for i, l := range ls {
		out[i] = title(l)
	}
	return out
}

func joined[T ~string](list []T) string {
	parts := make([]string, len(list))
	for i, x := range list {
		parts[i] = string(x)
	}
	return strings.Join(parts, ", ")
}

// clock prints the time of day in the contract's zone, as statement and pages do.
func clock(t time.Time) string { return t.In(zone()).Format("15:04:05") }

// zone is the contract's zone, and UTC where the machine does not know it.
func zone() *time.Location {
	z, err := time.LoadLocation(zoneName)
	if err != nil {
		return time.UTC
	}
	return z
}
