// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package statement

import (
	"cmp"
	"slices"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
)

// Input is what a statement is made of.
type Input struct {
	Customer vouch.Customer
	Provider string // name of the provider
	Versions []contract.Version
	Period   contract.Span
	Now      contract.Second
	Devices  []Device
	Known    []Known // incidents that have a number

	// Of an issued statement only; State is empty for a draft.
	Number   string
	Revision int
	State    State
	Issue    *Issue
	Replaces *Previous // for versions after the first

	Checkpoint *Checkpoint
	Manifest   string // SHA-256 of the evidence manifest, in hexadecimal
}

// Device is what is known of one device.
type Device struct {
	ID vouch.DeviceID
	// Verdict tiles the period as far as it has passed, with exclusions marked. It may
	// begin earlier, so that incidents are found from their beginning.
	Verdict   []contract.Segment
	Decisions []contract.Decision
	Start     contract.Fold // state of rule 8 where Verdict begins
}

// Known is an incident that was given a number.
type Known struct {
	ID      string
	Devices []vouch.DeviceID
	From    contract.Second
	To      contract.Second // meaningless while Open
	Open    bool
}

// Build makes a statement. Devices of the customer that the input does not list were
// never judged and are unknown throughout.
func Build(in Input) Statement {
	b := newBuilder(in)
	s := Statement{
		Schema: Schema, Number: in.Number, Revision: in.Revision, State: cmp.Or(in.State, StateDraft),
		Customer: in.Customer.ID, CustomerName: cmp.Or(in.Customer.Name, string(in.Customer.ID)), Provider: in.Provider,
		From: b.time(in.Period.From), To: b.time(in.Period.To), AsOf: b.time(in.Now),
		Checkpoint: in.Checkpoint, Manifest: in.Manifest,
		Contract: in.Customer.Contract, Timezone: b.zone.Name(), Versions: b.versions(),
		Services: []Subject{}, Devices: []Subject{},
	}
	s.Offsets, s.Hours = b.offsets(), b.hours()
	if b.until != 0 {
		until := b.time(max(b.until, in.Period.From))
		s.CountedUntil, s.Pending = &until, contract.Span{From: max(b.until, in.Period.From), To: in.Period.To}.Len()
	}
	for _, site := range in.Customer.Sites {
		for _, d := range site.Devices {
			s.Devices = append(s.Devices, Subject{ID: string(d.ID), Name: string(d.ID), Site: site.ID, Body: b.device(site.ID, d.ID)})
		}
	}
	for _, sv := range in.Customer.Services {
		s.Services = append(s.Services, Subject{ID: string(sv.ID), Name: cmp.Or(sv.Name, string(sv.ID)), Body: b.tree(sv.Tree, sv.ID)})
	}
	s.Body = b.tree(contract.Whole(in.Customer), "")
	s.Incidents = b.incidents()
	s.Exclusions = b.exclusions()
	if in.Issue != nil {
		s.Issued = &Issued{b.time(in.Issue.At), in.Issue.Author, in.Issue.Record, in.Issue.Reason}
	}
	if in.Replaces != nil {
		s.Replaces = in.Replaces.by(s)
	}
	return s
}

// builder holds what every part of a statement needs.
type builder struct {
	in      Input
	zone    contract.Zone
	until   contract.Second // where unfinished figures end; 0 for a finished period
	span    contract.Span   // of all verdicts together and the period
	devices map[vouch.DeviceID]Device
	noted   []noted
}

// noted is a device's account, kept for what is told of all devices together.
type noted struct {
	site    vouch.SiteID
	device  vouch.DeviceID
	account contract.Account
}

func newBuilder(in Input) *builder {
	b := &builder{in: in, span: in.Period, devices: map[vouch.DeviceID]Device{}}
	last := in.Period.From
	if in.Period.To > in.Period.From {
		last = in.Period.To - 1
	}
	terms := contract.TermsAt(in.Versions, last)
	b.zone = terms.Zone
	if until := in.Now - contract.Second(seconds(terms.Lag)); until < in.Period.To {
		b.until = until
	}
	for _, d := range in.Devices {
		b.devices[d.ID] = d
		if n := len(d.Verdict); n > 0 {
			b.span.From = min(b.span.From, d.Verdict[0].From)
			b.span.To = max(b.span.To, d.Verdict[n-1].To)
		}
	}
	return b
}

func (b *builder) time(s contract.Second) Instant { return Instant(b.zone.Format(s)) }

// optional returns the time of an instant of which zero means never.
func (b *builder) optional(s contract.Second) *Instant {
	if s == 0 {
		return nil
	}
	t := b.time(s)
	return &t
}

// counted is the period as far as its figures go.
func (b *builder) counted() contract.Span {
	p := b.in.Period
	if b.until != 0 {
		p.To = min(p.To, max(b.until, p.From))
	}
	return p
}

// offsets returns the zone's, up to the last instant that the statement speaks of.
func (b *builder) offsets() []Offset {
	last := max(b.in.Period.To, b.in.Now)
	if b.in.Issue != nil {
		last = max(last, b.in.Issue.At)
	}
	return offsets(b.zone, b.in.Period.From, last)
}

// hours returns the service time of the period.
func (b *builder) hours() []Stretch {
	var spans []contract.Span
	for _, p := range contract.Explain(b.in.Versions, nil, b.counted()) {
		if p.Class != contract.ClassOutside && p.Class != contract.ClassNotMeasured {
			spans = append(spans, p.Span)
		}
	}
	return b.stretches(spans)
}

// stretches writes spans, those that touch as one.
func (b *builder) stretches(spans []contract.Span) []Stretch {
	out := []Stretch{}
	for _, s := range contract.Union(spans) {
		out = append(out, Stretch{b.time(s.From), b.time(s.To)})
	}
	return out
}

// device returns what is said of a device, and notes its account.
func (b *builder) device(site vouch.SiteID, id vouch.DeviceID) Body {
	d := b.devices[id]
	a := contract.Assess(contract.Basis{Period: b.in.Period, Versions: b.in.Versions,
		Verdict: d.Verdict, Decisions: d.Decisions, Until: b.until, Start: d.Start})
	b.noted = append(b.noted, noted{site, id, a})
	return b.body(a, []vouch.DeviceID{id}, contract.Target{})
}

// tree returns what is said of a service, or of the customer as a whole when the
// service is empty.
func (b *builder) tree(tree vouch.Node, service vouch.ServiceID) Body {
	ids := contract.TreeDevices(tree)
	verdicts := map[vouch.DeviceID][]contract.Segment{}
	var decisions []contract.Decision
	for _, id := range ids {
		verdicts[id] = b.devices[id].Verdict
		for _, d := range b.devices[id].Decisions {
			if !slices.ContainsFunc(decisions, func(x contract.Decision) bool { return x.ID == d.ID }) {
				decisions = append(decisions, d)
			}
		}
	}
	basis := contract.Basis{Period: b.in.Period, Versions: b.in.Versions, Decisions: decisions, Until: b.until}
	if len(ids) > 0 {
		basis.Verdict = contract.Combine(tree, verdicts, b.span)
	}
	last := max(b.in.Period.To-1, b.in.Period.From)
	terms := contract.TermsAt(b.in.Versions, last)
	return b.body(contract.Assess(basis), ids, terms.TargetOf(service))
}

func (b *builder) body(a contract.Account, ids []vouch.DeviceID, target contract.Target) Body {
	f := a.Figures
	out := Body{
		Figures: Figures{
			Agreed: f.Agreed, Excluded: f.Excluded, Up: f.Up, Down: f.Down, Unknown: f.Unknown, Eligible: f.Eligible,
			Availability: f.Availability, IfUnknownDown: f.IfUnknownDown, IfUnknownUp: f.IfUnknownUp, Coverage: f.Coverage,
			Degraded: f.DegradedTime, OutsideWindow: f.OutsideWindow, NotMeasured: f.NotMeasured,
			Announced: f.Announced, ExcludedMaintenance: f.ExcludedMaintenance, DownUnderMaintenance: f.DownUnderMaintenance,
		},
		Headline: f.Headline, Short: Short{f.ShortInterruptions, f.ShortSeconds},
		Incidents: []Incident{}, Outages: []Outage{}, Unknowns: []Unknown{},
	}
	out.Result, out.OnlyIfNotDown = result(f, target)
	if target.Set() {
		t := target.String()
		out.Target = &t
	}
	for _, i := range a.Incidents {
		out.Incidents = append(out.Incidents, b.incident(i, ids))
	}
	out.Outages, out.Unknowns, out.Taken, out.NotLeased = b.outages(a, ids), b.unknowns(a), b.taken(a), b.notLeased(a)
	return out
}

// result compares the headline figure with the target. It is met only where it can be
// assessed; and where unknown time taken for down would change that, this is said.
func result(f contract.Figures, target contract.Target) (Result, bool) {
	switch {
	case !target.Set():
		return ResultNoTarget, false
	case !f.Assessable || !f.Headline.Valid():
		return ResultUnclear, false
	case !f.Headline.Meets(target):
		return ResultNotMet, false
	}
	return ResultMet, !f.IfUnknownDown.Meets(target)
}

// versions returns the contract versions in force in the period.
func (b *builder) versions() []Version {
	out := []Version{}
	for at := b.in.Period.From; at < b.in.Period.To; {
		next := b.in.Period.To
		for _, v := range b.in.Versions {
			if v.InForce > at {
				next = min(next, v.InForce)
			}
		}
		if v, ok := contract.VersionAt(b.in.Versions, at); ok {
			out = append(out, b.version(v, contract.Span{From: at, To: next}))
		}
		at = next
	}
	return out
}

func (b *builder) version(v contract.Version, span contract.Span) Version {
	t := v.Terms
	out := Version{
		Number: v.Number, From: b.time(span.From), Timezone: t.Zone.Name(), Windows: append([]contract.Window{}, t.Windows...), Holidays: []contract.Date{},
		Quorum: t.Quorum, Voters: voters(t),
		Confirm: int64(t.Confirm.Seconds()), Clear: int64(t.Clear.Seconds()), Resolution: seconds(t.Resolution()),
		MinCoverage: t.MinCoverage, FewWitnesses: len(t.Voting()) < 3,
	}
	out.QuorumWords = quorumWords(out.Quorum, out.Voters, English)
	for _, h := range t.Holidays {
		if m := t.Zone.Midnight(h); m >= span.From && m < span.To {
			out.Holidays = append(out.Holidays, h)
		}
	}
	return out
}
