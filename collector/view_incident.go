// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/incident"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/collector/web"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
)

var incidentStates = map[incident.Status]web.IncidentState{
	incident.Open: web.IncidentOpen, incident.Operational: web.IncidentOperational, incident.Closed: web.IncidentClosed, incident.Withdrawn: web.IncidentWithdrawn,
}

// incident is an incident as the pages show it, without its events.
func (v view) incident(i incident.Incident) web.Incident {
	i = v.current(i)
	out := web.Incident{
		ID: string(i.ID), Customer: i.Customer, CustomerName: v.base.Load().customers[i.Customer].Name, State: incidentStates[i.Status],
		OpenedAt: i.OpenedAt, From: i.From().Time(), CountedDown: secs(i.Counted()), SingleWitness: i.Single(), EvidencePending: i.Pending(),
	}
	if to, ended := i.To(); ended && i.Status != incident.Open {
		out.To = at(to)
	}
	out.Priority = i.Priority.String()
	site, _ := v.base.Load().siteOf(i.Customer, i.Site)
	v.judge.mu.Lock()
	defer v.judge.mu.Unlock()
	for n, p := range i.Parts {
		if p.Gone {
			continue
		}
		dev := web.IncidentDevice{
			ID: p.Device, SiteName: site.Name, State: web.StateDown, From: p.From.Time(), CountedDown: secs(p.Counted),
		}
		if p.To != 0 {
			dev.To = at(p.To)
		}
		if d := v.judge.watched[deviceKey{i.Customer, p.Device}]; d != nil {
			dev.Class, dev.Now = d.Class, d.state.web()
			if n == 0 || len(out.Witnesses) == 0 {
				out.Witnesses = v.witnessesOf(i, d)
			}
		}
		out.Devices = append(out.Devices, dev)
	}
	return out
}

// witnessesOf says of every location what it sees now, or, of an incident that is over,
// whether it was among those that found the device down.
func (v view) witnessesOf(i incident.Incident, d *watched) web.List[web.Seen] {
	out := v.seen(d)
	if i.Status == incident.Open {
		return out
	}
	down := i.Witnesses()
	for n := range out {
		out[n].State, out[n].Reason, out[n].Since = web.StateUp, "", nil
		if slices.Contains(down, out[n].Location) {
			out[n].State = web.StateDown
		}
	}
	return out
}

func devicesWords(i incident.Incident) string {
	ids := i.Devices()
	words := make([]string, len(ids))
	for n, id := range ids {
		words[n] = string(id)
	}
	return strings.Join(words, ", ")
}

// visible returns the incidents that the viewer may see: open ones first, then by the
// time they were opened, newest first.
func (v view) visible(who web.Viewer) []incident.Incident {
	var all []incident.Incident
	for _, cu := range v.base.Load().Customers {
		if who.May(cu.ID) {
			all = append(all, v.book.known(cu.ID)...)
		}
	}
	slices.SortStableFunc(all, func(a, b incident.Incident) int {
		if ao, bo := a.Status == incident.Open, b.Status == incident.Open; ao != bo {
			return map[bool]int{true: -1, false: 1}[ao]
		}
		return cmp.Or(b.OpenedAt.Compare(a.OpenedAt), cmp.Compare(a.Customer, b.Customer), cmp.Compare(b.ID, a.ID))
	})
	return all
}

// Incidents implements [web.Reader].
func (v view) Incidents(_ context.Context, who web.Viewer, q web.IncidentQuery) (web.Incidents, error) {
	out := web.Incidents{AsOf: v.asOf(who.Customer)}
	skipping := q.Before != ""
	for _, i := range v.visible(who) {
		if i.Status == incident.Open {
			out.Open++
		}
		mark := string(i.Customer) + "." + string(i.ID)
		switch {
		case skipping:
			skipping = mark != q.Before
		case q.State != "" && incidentStates[i.Status] != q.State:
		case len(out.Items) < q.Limit:
			out.Items = append(out.Items, v.listed(i))
		case out.Next == "":
			last := out.Items[len(out.Items)-1]
			out.Next = string(last.Customer) + "." + last.ID
		}
	}
	return out, nil
}

// around is how much time before and after an incident its page shows.
const around = 10 * time.Minute

// Incident implements [web.Reader].
func (v view) Incident(ctx context.Context, who web.Viewer, cu vouch.CustomerID, id string) (web.IncidentDetail, error) {
	var out web.IncidentDetail
	if !who.May(cu) {
		return out, web.ErrNotFound
	}
	known := v.book.known(cu)
	n := slices.IndexFunc(known, func(i incident.Incident) bool { return string(i.ID) == id })
	if n < 0 {
		return out, fmt.Errorf("incident %s: %w", id, web.ErrNotFound)
	}
	i := known[n]
	terms := v.terms(cu)
	f := v.file(i)
	out = web.IncidentDetail{
		AsOf: v.asOf(cu), Incident: v.incident(i), Contract: fmt.Sprintf("%s v%d", v.base.Load().Contracts[cu].ID, i.Contract),
		Opened: fmt.Sprintf("%d s of down time reached; the start is set back to the first down instant", int(terms.Confirm.Seconds())),
	}
	span := contract.Span{From: i.From() - seconds(around), To: contract.Floor(v.now())}
	if to, ended := i.To(); ended {
		span.To = min(span.To, to+seconds(around))
	}
	out.Span, out.Window = spanOf(span), spansOf(terms.Calendar().Spans(span))
	for _, d := range i.Devices() {
		segs, err := v.recentVerdict(ctx, v.base.Load().devices[deviceKey{cu, d}], span)
		if err != nil {
			return out, err
		}
		out.Lanes = append(out.Lanes, web.IncidentLanes{Device: d, Verdict: verdictLane(segs), Lanes: locationLanes(segs)})
		out.Services = append(out.Services, v.servicesOf(cu, d)...)
	}
	v.clocks(f, who, &out)
	slices.Sort(out.Services)
	out.Services = slices.Compact(out.Services)
	if err := v.incidentEvents(ctx, cu, i.ID, &out); err != nil {
		return out, err
	}
	return out, v.deliveries(ctx, cu, i.ID, &out)
}

func (v view) servicesOf(cu vouch.CustomerID, d vouch.DeviceID) (names []string) {
	for _, s := range v.base.Load().customers[cu].Services {
		if slices.Contains(contract.TreeDevices(s.Tree), d) {
			names = append(names, s.Name)
		}
	}
	return names
}

// incidentEvents lists what happened to an incident, newest first.
func (v view) incidentEvents(_ context.Context, cu vouch.CustomerID, id incident.ID, out *web.IncidentDetail) error {
	history := v.book.history(cu, id)
	for _, e := range slices.Backward(history) {
		text := eventWords(e)
		out.Events = append(out.Events, web.Event{At: e.At, Kind: string(e.Kind), Text: text, Author: e.Author, Recorded: e.Recorded})
	}
	return nil
}

// eventWords tells an event in a sentence.
func eventWords(e incident.Event) string {
	i := e.Incident
	if s := actWords(e); s != "" {
		return s
	}
	switch e.Kind {
	case incident.Opened:
		s := fmt.Sprintf("Opened: %s down, seen by %s.", devicesWords(i), joined(i.Witnesses()))
		if i.Single() {
			s += " It rests on one failing witness."
		}
		if i.Pending() {
			s += " Evidence pending: heartbeats say so, the batches have not come yet."
		}
		if i.FoundLate {
			s += " Found late: it was over when its measurements came."
		}
		return s
	case incident.Confirmed:
		return "The batches bear out what the heartbeats said."
	case incident.ClosedEv:
		return fmt.Sprintf("Closed: %s up again; %d s counted as down.", devicesWords(i), i.Counted())
	case incident.Grew:
		return "Another device of the site is down since the same time: " + devicesWords(i) + "."
	case incident.Withdrew:
		return "Withdrawn: late measurements show that the breach never was."
	}
	return strings.ToUpper(string(e.Kind)[:1]) + string(e.Kind)[1:] + "."
}

func joined[T ~string](ids []T) string {
	parts := make([]string, len(ids))
	for i, id := range ids {
		parts[i] = string(id)
	}
	if len(parts) == 0 {
		return "nobody"
	}
	return strings.Join(parts, ", ")
}

// maxDeliveries bounds how far back messages of a customer are searched for those of
// one incident.
const maxDeliveries = 500

func (v view) deliveries(ctx context.Context, cu vouch.CustomerID, id incident.ID, out *web.IncidentDetail) error {
	intents, err := v.store.History(ctx, cu, maxDeliveries)
	if err != nil {
		return err
	}
	for _, in := range intents {
		if !strings.HasPrefix(in.Key, string(cu)+"/"+string(id)+"/") {
			continue
		}
		out.Deliveries = append(out.Deliveries, delivery(in))
	}
	return nil
}

func delivery(in store.Intent) web.Delivery {
	d := web.Delivery{Target: in.Channel, Event: recordOf(in.Key), State: "waiting", Attempts: in.Attempts, Detail: in.LastErr}
	switch {
	case !in.Done.IsZero():
		at := in.Done
		d.State, d.At = "delivered", &at
	case in.Failed:
		d.State = "failed"
	}
	return d
}

// recordOf returns the record that an intent's key names.
func recordOf(key string) string {
	parts := strings.Split(key, "/")
	if len(parts) < 4 {
		return key
	}
	return strings.TrimPrefix(parts[2], string(evidence.KindIncidentEvent)+"-")
}

// Maintenance implements [web.Reader].
func (v view) Maintenance(_ context.Context, who web.Viewer) (web.Maintenance, error) {
	out := web.Maintenance{AsOf: v.asOf(who.Customer)}
	for _, cu := range v.base.Load().Customers {
		if !who.May(cu.ID) {
			continue
		}
		for _, m := range v.book.works(cu.ID) {
			out.Works = append(out.Works, v.work(m))
		}
	}
	slices.SortStableFunc(out.Works, func(a, b web.Work) int { return a.From.Compare(b.From) })
	return out, nil
}
