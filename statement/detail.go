// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package statement

import (
	"cmp"
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
)

func seconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }

// outages returns the uninterrupted stretches of down time in the account, those that
// do not count included.
func (b *builder) outages(a contract.Account, ids []vouch.DeviceID) []Outage {
	out := []Outage{}
	for _, p := range a.Parts {
		if p.State != contract.Down {
			continue
		}
		if n := len(out); n == 0 || out[n-1].span.To != p.From {
			out = append(out, Outage{span: contract.Span{From: p.From}, SeenBy: []vouch.LocationID{}})
		}
		o := &out[len(out)-1]
		o.span.To = p.To
		o.Lasted += p.Len()
		switch p.Class {
		case contract.ClassDown:
			o.Counted += p.Len()
		case contract.ClassExcluded:
			o.Excluded += p.Len()
		}
		for _, w := range b.heard(p) {
			if w.Votes && (w.State == contract.Down || w.State == contract.Up && w.Degraded == contract.EffectDown) {
				o.SeenBy = insert(o.SeenBy, w.Location)
			}
		}
		for _, d := range p.Causes {
			o.Devices = insert(o.Devices, d)
		}
	}
	for i := range out {
		o := &out[i]
		o.From, o.To = b.time(o.span.From), b.time(o.span.To)
		o.Incident = b.numberOf(o.span, ids)
	}
	return out
}

// unknowns returns the stretches of service time of which nothing is established, cut
// where the reason changes.
func (b *builder) unknowns(a contract.Account) []Unknown {
	out := []Unknown{}
	for _, p := range a.Parts {
		if p.Class != contract.ClassUnknown {
			continue
		}
		if n := len(out); n == 0 || out[n-1].span.To != p.From || out[n-1].Reason != p.Reason {
			out = append(out, Unknown{span: contract.Span{From: p.From}, Reason: p.Reason, Blind: []vouch.LocationID{}})
		}
		u := &out[len(out)-1]
		u.span.To = p.To
		u.Seconds += p.Len()
		for _, w := range b.heard(p) {
			if w.Votes && w.State == contract.Unknown {
				u.Blind = insert(u.Blind, w.Location)
			}
		}
		for _, d := range p.Causes {
			u.Devices = insert(u.Devices, d)
		}
	}
	for i := range out {
		out[i].From, out[i].To = b.time(out[i].span.From), b.time(out[i].span.To)
	}
	return out
}

// taken returns the stretches that exclusions take out, cut where others do.
func (b *builder) taken(a contract.Account) []Taken {
	out := []Taken{}
	for _, p := range a.Parts {
		if p.Class != contract.ClassExcluded {
			continue
		}
		if n := len(out); n == 0 || out[n-1].span.To != p.From || !slices.Equal(out[n-1].Exclusions, p.Excluded) {
			out = append(out, Taken{span: contract.Span{From: p.From}, Exclusions: p.Excluded})
		}
		t := &out[len(out)-1]
		t.span.To = p.To
		t.Seconds += p.Len()
	}
	for i := range out {
		out[i].From, out[i].To = b.time(out[i].span.From), b.time(out[i].span.To)
	}
	return out
}

// notLeased returns the time in which there was nothing to measure.
func (b *builder) notLeased(a contract.Account) []Stretch {
	var spans []contract.Span
	for _, p := range a.Parts {
		if p.Class == contract.ClassNotMeasured {
			spans = append(spans, p.Span)
		}
	}
	return b.stretches(spans)
}

// heard returns what the witnesses said in a part: of a tree, those of the devices
// that it comes from.
func (b *builder) heard(p contract.Part) []contract.Witness {
	if len(p.Causes) == 0 {
		return p.Witnesses
	}
	var out []contract.Witness
	for _, id := range p.Causes {
		segs := b.devices[id].Verdict
		i, _ := slices.BinarySearchFunc(segs, p.From, func(s contract.Segment, t contract.Second) int {
			if s.To <= t {
				return -1
			}
			return 1
		})
		for ; i < len(segs) && segs[i].From < p.To; i++ {
			out = append(out, segs[i].Witnesses...)
		}
	}
	return out
}

// incident renders one incident of a subject.
func (b *builder) incident(i contract.Incident, ids []vouch.DeviceID) Incident {
	out := Incident{
		From: b.time(i.From), CountedDown: i.CountedDown, Devices: []IncidentDevice{}, Witnesses: slices.Clone(i.Witnesses), Single: i.Single(),
		span: contract.Span{From: i.From, To: i.To}, open: i.Open,
	}
	if i.Open {
		out.span.To = b.span.To
	} else {
		to := b.time(i.To)
		out.To = &to
	}
	if out.Witnesses == nil {
		out.Witnesses = []vouch.LocationID{}
	}
	for _, d := range i.Devices { // of a tree, whose witnesses are those of its devices
		for _, w := range b.heard(contract.Part{Segment: contract.Segment{Span: out.span, Causes: []vouch.DeviceID{d}}}) {
			if w.Votes && w.State == contract.Down {
				out.Witnesses = insert(out.Witnesses, w.Location)
			}
		}
	}
	concerned := i.Devices
	if len(ids) == 1 {
		concerned = ids
	}
	for _, d := range concerned {
		out.Devices = append(out.Devices, IncidentDevice{d, out.From, out.To, i.CountedDown})
	}
	out.ID = b.numberOf(out.span, concerned)
	return out
}

// incidents returns the incidents of the customer: the breaches of its devices, those
// at one site that began together as one (rule 11).
func (b *builder) incidents() []Incident {
	var breaches []contract.Breach
	accounts := map[vouch.DeviceID]contract.Account{}
	for _, n := range b.noted {
		accounts[n.device] = n.account
		for _, i := range n.account.Incidents {
			breaches = append(breaches, contract.Breach{Device: n.device, Site: n.site, Incident: i})
		}
	}
	terms := contract.TermsAt(b.in.Versions, b.in.Period.From)
	out := []Incident{}
	for _, group := range contract.Group(breaches, terms.Confirm) {
		out = append(out, b.together(group, accounts))
	}
	return out
}

// together makes one incident of the breaches of a group. It lasts from the first down
// instant to the last closing; its counted seconds are those in which any of the
// devices was down.
func (b *builder) together(group []contract.Breach, accounts map[vouch.DeviceID]contract.Account) Incident {
	out := Incident{Site: group[0].Site, Devices: []IncidentDevice{}, Witnesses: []vouch.LocationID{}, Single: true,
		span: contract.Span{From: group[0].From, To: group[0].From}}
	var down []contract.Span
	var ids []vouch.DeviceID
	for _, g := range group {
		one := b.incident(g.Incident, []vouch.DeviceID{g.Device})
		out.Devices = append(out.Devices, one.Devices...)
		out.Single = out.Single && one.Single
		out.open = out.open || one.open
		out.span.To = max(out.span.To, one.span.To)
		ids = append(ids, g.Device)
		for _, w := range one.Witnesses {
			out.Witnesses = insert(out.Witnesses, w)
		}
		for _, p := range accounts[g.Device].Parts {
			if p.Class == contract.ClassDown {
				down = append(down, p.Span.Clip(one.span))
			}
		}
	}
	out.From, out.CountedDown = b.time(out.span.From), contract.Total(down)
	if !out.open {
		to := b.time(out.span.To)
		out.To = &to
	}
	out.ID = b.numberOf(out.span, ids)
	return out
}

// numberOf returns the number of the known incident of any of the devices that
// overlaps the span most; of equals the one that began first.
func (b *builder) numberOf(span contract.Span, ids []vouch.DeviceID) string {
	best, length := "", int64(0)
	known := slices.Clone(b.in.Known)
	slices.SortStableFunc(known, func(x, y Known) int {
		return cmp.Or(cmp.Compare(x.From, y.From), cmp.Compare(x.ID, y.ID))
	})
	for _, k := range known {
		if !slices.ContainsFunc(k.Devices, func(d vouch.DeviceID) bool { return slices.Contains(ids, d) }) {
			continue
		}
		to := k.To
		if k.Open {
			to = b.span.To
		}
		if n := span.Clip(contract.Span{From: k.From, To: to}).Len(); n > length {
			best, length = k.ID, n
		}
	}
	return best
}

// exclusions returns every claim that touches the period, by beginning and then ID,
// with the devices that it concerns.
func (b *builder) exclusions() []Exclusion {
	type sums struct{ claimed, excluded, down []contract.Span }
	out := []Exclusion{}
	all := map[string]*sums{}
	for _, n := range b.noted {
		for _, c := range n.account.Claims {
			i := slices.IndexFunc(out, func(e Exclusion) bool { return e.ID == c.ID })
			if i < 0 {
				i = len(out)
				out = append(out, b.exclusion(c))
				all[c.ID] = &sums{}
			}
			out[i].Devices = insert(out[i].Devices, n.device)
			s := all[c.ID]
			for _, p := range n.account.Parts {
				touched := p.Span.Clip(c.Span)
				if touched.Empty() || p.Class == contract.ClassOutside || p.Class == contract.ClassNotMeasured {
					continue
				}
				s.claimed = append(s.claimed, touched)
				if p.State == contract.Down {
					s.down = append(s.down, touched)
				}
				if slices.Contains(p.Excluded, c.ID) {
					s.excluded = append(s.excluded, p.Span)
				}
			}
		}
	}
	for i := range out {
		s := all[out[i].ID]
		out[i].Claimed, out[i].Excluded, out[i].Down = contract.Total(s.claimed), contract.Total(s.excluded), contract.Total(s.down)
	}
	slices.SortStableFunc(out, func(x, y Exclusion) int {
		return cmp.Or(cmp.Compare(x.span.From, y.span.From), cmp.Compare(x.ID, y.ID))
	})
	return out
}

func (b *builder) exclusion(c contract.Claim) Exclusion {
	return Exclusion{
		ID: c.ID, Kind: c.Kind, From: b.time(c.From), To: b.time(c.To), Reason: c.Reason,
		Announced: b.optional(c.AnnouncedAt), Recorded: b.optional(c.RecordedAt), Cancelled: b.optional(c.CancelledAt),
		Accepted: c.Accepted, Devices: []vouch.DeviceID{}, Counted: len(c.Counts) > 0, Why: c.Why, Notes: c.Notes,
		span: c.Span,
	}
}

// insert adds x to a sorted list that does not hold it yet.
func insert[T cmp.Ordered](list []T, x T) []T {
	i, found := slices.BinarySearch(list, x)
	if found {
		return list
	}
	return slices.Insert(list, i, x)
}
