// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package incident

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vouch-sla/vouch/contract"
)

// Refused says why an event is not allowed, in a sentence for whoever asked for it.
type Refused struct{ Sentence string }

func (r Refused) Error() string { return r.Sentence }

func refuse(format string, args ...any) error { return Refused{fmt.Sprintf(format, args...)} }

// Case is an incident with what happened to it and the contract's terms at its beginning.
type Case struct {
	Incident Incident
	History  []Event // in the order of their records
	Versions []contract.Version
}

// terms are those in force when it began.
func (c Case) terms() contract.Terms { return contract.TermsAt(c.Versions, c.Incident.From()) }

// Do checks that an act is allowed now and returns its event, with the incident after
// it. at is when it happened, author who says so; nothing may lie after now or before
// the incident. The error is a [Refused].
func (c Case) Do(kind EventKind, a Act, author string, at, now time.Time) (Event, error) {
	d := DeskOf(c.Incident, c.History)
	switch {
	case at.After(now):
		return Event{}, refuse("%s lies in the future: record it once it has happened", at.UTC().Format(time.RFC3339))
	case contract.Ceil(at) < c.Incident.From():
		return Event{}, refuse("%s lies before the incident began, at %s", at.UTC().Format(time.RFC3339), c.Incident.From().Time().Format(time.RFC3339))
	}
	if err := c.may(kind, a, author, now, d); err != nil {
		return Event{}, err
	}
	i := clone(c.Incident)
	i.Handled = i.Handled || kind != Noted
	switch kind {
	case Rated:
		if a.Priority == contract.NoPriority {
			a.Priority, _ = c.terms().Support.Rate(a.Impact, a.Urgency)
		}
		i.Priority = a.Priority
	case Restored, Repaired:
		i.Status, i.Restored, i.Held = Operational, at, false
	case ReopenedBy:
		i.Status, i.Held, i.Restored, i.ClosedAt = Open, true, time.Time{}, time.Time{}
	case Settled:
		i.Status = Closed
		if i.ClosedAt.IsZero() {
			i.ClosedAt = now
		}
	}
	return Event{Kind: kind, At: at, Act: &a, Incident: i}, nil
}

// steps are what a person can record of an incident, in the order of a handling.
var steps = []EventKind{Reported, PickedUp, Told, InWriting, Rated, Suspended, Resumed, Visit, WorkAround, Restored, Repaired, ReopenedBy, Settled, Noted}

// Allowed lists the kinds of events that a person can record now, in the order of a
// handling. Whether what is said with them suffices is another question.
func (c Case) Allowed() []EventKind {
	d := DeskOf(c.Incident, c.History)
	var out []EventKind
	for _, k := range steps {
		if c.stands(k, d) == nil {
			out = append(out, k)
		}
	}
	return out
}

// may reports whether an act is allowed, with all that is said with it.
func (c Case) may(kind EventKind, a Act, author string, now time.Time, d Desk) error {
	if err := c.stands(kind, d); err != nil {
		return err
	}
	s := c.terms().Support
	switch kind {
	case Reported:
		return reporter(a)
	case PickedUp:
		if d.PickedUp != nil && d.PickedUp.Author == author {
			return refuse("%s picked it up at %s already", author, stamp(d.PickedUp.At))
		}
	case Rated:
		return c.rating(a, s)
	case Suspended:
		return suspension(a, s, now, d)
	case Resumed:
		if a.Cause != "" && !slices.ContainsFunc(d.Suspended, func(e Event) bool { return e.Act.Cause == a.Cause }) {
			return refuse("it is not suspended for %q; it is for %s", a.Cause, causes(d.Suspended))
		}
	case Visit:
		if !a.Visit.After(now) {
			return refuse("say when the visit will be, in the future")
		}
	case WorkAround, ReopenedBy, Noted:
		if a.Reason == "" {
			return refuse("say in words what happened")
		}
	case Settled:
		switch {
		case a.Cause == "":
			return refuse("say what the cause was")
		case !slices.Contains(Parties(), a.To):
			return refuse("attributed to %q: allowed are %s", a.To, words(Parties()))
		case a.To != PartyProvider && len(a.Evidence) == 0:
			return refuse("a cause that is attributed to %s needs evidence: a text, or a file by its hash", a.To)
		}
	}
	return nil
}

// stands reports whether a kind of event is allowed where the incident stands.
func (c Case) stands(kind EventKind, d Desk) error {
	i, s := c.Incident, c.terms().Support
	if !slices.Contains(steps, kind) {
		return refuse("%q is no step of a person", kind)
	}
	if kind == Noted {
		return nil
	}
	if i.Status == Withdrawn {
		return refuse("it was withdrawn: late measurements showed that it never was; only a note can be added")
	}
	over := i.Status == Operational || i.Status == Closed
	switch kind {
	case ReopenedBy:
		if !over {
			return refuse("it is open already")
		}
		return nil
	case Settled:
		switch {
		case !over:
			return refuse("it is open: it can be closed once the service works again, by the measurements or by `vouch incident resolve`")
		case d.Settled != nil:
			return refuse("it was closed at %s already; reopen it, or add a note", stamp(d.Settled.At))
		}
		return nil
	case Told:
		switch {
		case d.Told != nil:
			return refuse("the customer was told at %s already; what else he is told is a note", stamp(d.Told.At))
		case d.Settled != nil:
			return refuse("it was closed at %s; add a note", stamp(d.Settled.At))
		}
		return nil
	case Reported, PickedUp, InWriting, Rated:
		if i.Status == Closed {
			return refuse("it is closed; reopen it, or add a note")
		}
		return c.written(kind)
	case Resumed:
		if len(d.Suspended) == 0 {
			return refuse("its clock is not suspended")
		}
		return nil
	}
	switch {
	case over && !(kind == Repaired && i.Status == Operational && d.WorkAround != nil):
		return refuse("the service works again since %s; reopen it where it does not", c.since())
	case kind == Suspended && len(s.Suspends) == 0:
		return refuse("the contract knows no ground to suspend a clock")
	case kind == Visit && !s.Visit:
		return refuse("the contract extends no time for a visit on site; add a note")
	case kind == Visit && d.Visit != nil:
		return refuse("a visit was agreed at %s already: the contract extends once; add a note", stamp(d.Visit.At))
	case kind == WorkAround && s.WorkAround == contract.NoPriority:
		return refuse("the contract knows no work-around: resolve it once the service works again")
	case kind == WorkAround && d.WorkAround != nil:
		return refuse("there is a work-around since %s; resolve it once the cause is gone", stamp(d.WorkAround.At))
	case kind == Restored && d.WorkAround != nil:
		return refuse("there is a work-around since %s: what is left is the repair", stamp(d.WorkAround.At))
	case kind == Repaired && d.WorkAround == nil:
		return refuse("there is no work-around: there is nothing left to repair")
	case kind == Restored || kind == Repaired:
		if down := i.down(); len(down) > 0 {
			return refuse("the measurements still find %s down: it is operational once they do not, or record a work-around", someOf(down))
		}
	}
	return nil
}

// written reports whether there is a report by a person that can be confirmed.
func (c Case) written(kind EventKind) error {
	by := func(e Event) bool { return e.Kind == Reported || e.Kind == Opened && !e.Incident.Began.IsZero() }
	if kind == InWriting && !slices.ContainsFunc(c.History, by) {
		return refuse("nobody reported it: the monitoring opened it")
	}
	return nil
}

func (c Case) since() string {
	if to, ok := c.Incident.To(); ok {
		return to.Time().Format(time.RFC3339)
	}
	return "now"
}

func (c Case) rating(a Act, s contract.Support) error {
	p := a.Priority
	if a.Impact != "" || a.Urgency != "" {
		rated, ok := s.Rate(a.Impact, a.Urgency)
		switch {
		case !ok:
			return refuse("the contract gives impact %q with urgency %q no priority; it knows %s", a.Impact, a.Urgency, ratings(s))
		case p != contract.NoPriority && p != rated:
			return refuse("impact %q with urgency %q is %s by the contract, not %s", a.Impact, a.Urgency, rated, p)
		}
		p = rated
	}
	switch {
	case p == contract.NoPriority:
		return refuse("say the priority, or the impact and the urgency in the contract's words: %s", ratings(s))
	case p == c.Incident.Priority:
		return refuse("its priority is %s already", p)
	case a.Reason == "":
		return refuse("a priority is changed with a reason only: the customer reads it")
	}
	return nil
}

func suspension(a Act, s contract.Support, now time.Time, d Desk) error {
	known := slices.ContainsFunc(s.Suspends, func(r contract.SuspendRule) bool { return r.Cause == a.Cause })
	switch {
	case !known:
		var all []string
		for _, r := range s.Suspends {
			all = append(all, r.Cause)
		}
		return refuse("the contract suspends no clock for %q; it knows %s", a.Cause, strings.Join(all, ", "))
	case slices.ContainsFunc(d.Suspended, func(e Event) bool { return e.Act.Cause == a.Cause }):
		return refuse("it is suspended for %s already", a.Cause)
	case a.Ref == "":
		return refuse("a suspension needs the reference of who must act, such as the supplier's ticket")
	case !a.Check.After(now):
		return refuse("say when it is looked at again, in the future")
	}
	return nil
}

// reporter checks who reported and how.
func reporter(a Act) error {
	switch {
	case a.Channel == "":
		return refuse("say how it was reported, such as telephone, mail or portal")
	case a.Role == "":
		return refuse("say the role of who reported it, such as reception or it manager; never a name")
	}
	return nil
}

// down lists the devices that measurements find down.
func (i Incident) down() (out []string) {
	for _, p := range i.Parts {
		if !p.Gone && p.To == 0 {
			out = append(out, string(p.Device))
		}
	}
	return out
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func causes(events []Event) string {
	var out []string
	for _, e := range events {
		out = append(out, e.Act.Cause)
	}
	return strings.Join(out, ", ")
}

func ratings(s contract.Support) string {
	if len(s.Matrix) == 0 {
		return "no pairs, only P1 to P4"
	}
	var out []string
	for _, r := range s.Matrix {
		out = append(out, fmt.Sprintf("%q with %q (%s)", r.Impact, r.Urgency, r.Priority))
	}
	return strings.Join(out, ", ")
}

func words[T ~string](list []T) string {
	out := make([]string, len(list))
	for i, x := range list {
		out[i] = string(x)
	}
	return strings.Join(out, ", ")
}

// someOf names the first few of a list.
func someOf(list []string) string {
	const most = 5
	if len(list) <= most {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), len(list)-most)
}
