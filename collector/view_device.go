// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/incident"
	"github.com/vouch-sla/vouch/collector/web"
	"github.com/vouch-sla/vouch/contract"
)

// maxBins bounds how many bins a graph has: more than the pixels that it is drawn on
// say nothing.
const maxBins = 240

// Device implements [web.Reader].
func (v view) Device(ctx context.Context, who web.Viewer, cu vouch.CustomerID, id vouch.DeviceID, from, to time.Time) (web.Device, error) {
	var out web.Device
	p, ok := v.base.Load().devices[deviceKey{cu, id}]
	if !ok || !who.May(cu) {
		return out, fmt.Errorf("device %s: %w", id, web.ErrNotFound)
	}
	site, _ := v.base.Load().siteOf(cu, p.site)
	terms := v.terms(cu)
	span := contract.Span{From: contract.Floor(from), To: contract.Floor(to)}
	out = web.Device{
		AsOf: v.asOf(cu), From: from, To: to, Customer: cu, CustomerName: v.base.Load().customers[cu].Name,
		Site: p.site, SiteName: site.Name, ID: id, Class: p.Class,
		Window: spansOf(terms.Calendar().Spans(span)), Contract: v.contractFacts(cu, terms), Facts: v.facts(p),
	}
	segs, err := v.recentVerdict(ctx, p, span)
	if err != nil {
		return out, err
	}
	out.VerdictLane, out.Lanes = verdictLane(segs), locationLanes(segs)
	v.presentOf(p, terms, &out)
	for _, i := range v.book.known(cu) {
		if i.Status == incident.Open && slices.Contains(i.Devices(), id) {
			x := v.incident(i)
			out.Incident = &x
		}
	}
	for _, m := range v.book.works(cu) {
		if slices.Contains(v.base.Load().scopeOf(cu, m.Site, m.Device), id) {
			out.Works = append(out.Works, v.work(m))
		}
	}
	acc, err := v.month(ctx, p, out.Now)
	if err != nil {
		return out, err
	}
	out.Month = web.Month{From: acc.Period.From.Time(), To: acc.Period.To.Time(), Figures: figuresOf(acc.Figures)}
	if out.Rounds, err = v.rounds(ctx, p, terms, span); err != nil {
		return out, err
	}
	if out.Voice, err = v.voice(ctx, p); err != nil {
		return out, err
	}
	out.Traps = v.traps(deviceKey{cu, id})
	v.toldBy(p, &out)
	return out, nil
}

// presentOf fills in the live verdict and what it rests on.
func (v view) presentOf(p place, terms contract.Terms, out *web.Device) {
	v.judge.mu.Lock()
	defer v.judge.mu.Unlock()
	d := v.judge.watched[deviceKey{p.customer, p.ID}]
	out.Verdict = web.Verdict{
		State: d.state.web(), Reason: string(d.state.reason), Since: at(d.since),
		Rule: string(terms.Quorum.Rule), Quorum: terms.Quorum.Q, Witnesses: v.seen(d),
	}
}

func (v view) contractFacts(cu vouch.CustomerID, t contract.Terms) web.ContractFacts {
	ver, _ := contract.VersionAt(v.book.contracts(cu), contract.Floor(v.now()))
	day, spans := today(t, v.now())
	out := web.ContractFacts{
		Name: string(v.base.Load().Contracts[cu].ID), Version: ver.Number, ServiceHours: hoursWords(t), Voters: len(t.Voting()),
		Confirm: web.Seconds(t.Confirm), Clear: web.Seconds(t.Clear), Today: spansOf(spans), Day: spanOf(day),
	}
	for _, th := range t.Thresholds {
		out.Thresholds = append(out.Thresholds, thresholdWords(th))
	}
	return out
}

func thresholdWords(th contract.Threshold) string {
	over := ""
	if th.Window > 0 {
		over = " over " + th.Window.String()
	}
	switch {
	case th.Metric == contract.MetricLoss && th.Of > 0:
		return fmt.Sprintf("%s: fewer than %d of the last %d requests lost", th.Kind, th.Lost, th.Of)
	case th.Metric == contract.MetricLoss:
		return fmt.Sprintf("%s: fewer than %d requests lost%s", th.Kind, th.Lost, over)
	case th.Metric == contract.MetricJitter:
		return fmt.Sprintf("%s: delay variation up to %s%s", th.Kind, th.Limit, over)
	}
	return fmt.Sprintf("%s: round trip up to %s%s", th.Kind, th.Limit, over)
}

func (v view) facts(p place) web.Facts {
	out := web.Facts{Services: v.servicesOf(p.customer, p.ID)}
	for _, a := range p.Addresses {
		out.Addresses = append(out.Addresses, web.Address{Addr: a.Addr.String(), Role: a.Role})
	}
	for _, c := range p.Checks {
		out.Checks = append(out.Checks, fmt.Sprintf("%s every %s", c.Name, c.Interval))
	}
	out.Serial = onRecord(vouch.UnitAt(p.Units, v.now()))
	key := deviceKey{p.customer, p.ID}
	out.Says = v.tele.toldOf(key).text
	if seen := v.book.unitSeen(key); seen.Another {
		out.Another = &seen.At
	}
	if !p.LeaseFrom.IsZero() {
		out.LeaseFrom = &p.LeaseFrom
	}
	if !p.LeaseUntil.IsZero() {
		out.LeaseUntil = &p.LeaseUntil
	}
	return out
}

// rounds are the round trips and the loss of every location, in bins: of the check
// that the contract judges by, the first of its kinds that there is.
func (v view) rounds(ctx context.Context, p place, t contract.Terms, span contract.Span) (web.List[web.Rounds], error) {
	byLocation := map[vouch.LocationID][]found{}
	err := eachChunk(ctx, v.store, p.customer, string(p.ID), span, func(agent vouch.AgentID, f found) {
		a, ok := v.base.Load().agents[agent]
		if ok && span.Contains(contract.Milli(f.Start).Floor()) {
			byLocation[a.Location] = append(byLocation[a.Location], f)
		}
	})
	if err != nil {
		return nil, err
	}
	width := max((span.To-span.From)/maxBins, 1)
	var out web.List[web.Rounds]
	for _, l := range v.base.Load().Locations {
		if fs := byLocation[l.ID]; len(fs) > 0 {
			out = append(out, roundsOf(l.ID, pick(fs, t.ReachableBy), span.From, width))
		}
	}
	return out, nil
}

// pick keeps the samples of the check that the contract judges by; ICMP where it
// judges by all.
func pick(fs []found, kinds []vouch.Kind) []found {
	if len(kinds) == 0 {
		kinds = vouch.Kinds()
	}
	for _, k := range kinds {
		if out := slices.DeleteFunc(slices.Clone(fs), func(f found) bool { return f.Kind != k }); len(out) > 0 {
			return out
		}
	}
	return nil
}

func roundsOf(l vouch.LocationID, fs []found, from, width contract.Second) web.Rounds {
	out := web.Rounds{Location: l, Width: secs(int64(width))}
	bins := map[contract.Second][]found{}
	var all []time.Duration
	var highest time.Duration
	for _, f := range fs {
		out.Check = vouch.CheckName(f.Source)
		n := (contract.Milli(f.Start).Floor() - from) / width
		bins[n] = append(bins[n], f)
		if f.Lost < f.Sent {
			all = append(all, f.RTT.Avg)
			highest = max(highest, f.RTT.Max)
		}
	}
	if len(all) > 0 {
		m, h := web.Micros(median(all)), web.Micros(highest)
		out.Median, out.Highest = &m, &h
	}
	for n, in := range bins {
		out.Bins = append(out.Bins, binOf((from+n*width).Time(), in))
	}
	slices.SortFunc(out.Bins, func(a, b web.Bin) int { return a.At.Compare(b.At) })
	return out
}

func binOf(at time.Time, fs []found) web.Bin {
	b := web.Bin{At: at}
	var mid []time.Duration
	low, high := time.Duration(0), time.Duration(0)
	for _, f := range fs {
		if f.Outcome == vouch.Unknown {
			continue // nobody could ask: neither sent nor lost
		}
		b.Sent += f.Sent
		b.Lost += f.Lost
		if f.Lost < f.Sent {
			mid = append(mid, f.RTT.Avg)
			high = max(high, f.RTT.Max)
			if low == 0 || f.RTT.Min < low {
				low = f.RTT.Min
			}
		}
	}
	if len(mid) > 0 {
		b.RTT = &web.RTT{Min: web.Micros(low), Median: web.Micros(median(mid)), Max: web.Micros(high)}
	}
	return b
}

// median returns the middle of some durations, the upper of two. It sorts them.
func median(ds []time.Duration) time.Duration {
	slices.Sort(ds)
	return ds[len(ds)/2]
}

// onRecord says which unit the installed base has, as people read it off the box.
func onRecord(u vouch.Unit) string {
	if len(u.Serials) == 0 && u.EngineID != "" {
		return "engine " + u.EngineID
	}
	return strings.Join(u.Serials, ", ")
}
