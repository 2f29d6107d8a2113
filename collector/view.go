// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/web"
	"github.com/vouch-sla/vouch/contract"
)

// view answers the pages. It shows what is known and computes nothing of its own: the
// present comes from the judge, every figure from figures.
type view struct{ *Collector }

// asOf begins every view. The zone is that of the contract of cu, or of the first
// customer for what concerns several.
func (v view) asOf(cu vouch.CustomerID) web.AsOf {
	if cu == "" && len(v.base.Load().Customers) > 0 {
		cu = v.base.Load().Customers[0].ID
	}
	now := v.now().UTC()
	out := web.AsOf{Now: now, Zone: web.Zone{Location: v.terms(cu).Zone.Location()}}
	v.judge.mu.Lock()
	defer v.judge.mu.Unlock()
	for _, w := range v.judge.words {
		if !w.received.IsZero() && (out.HeartbeatAt == nil || w.received.After(*out.HeartbeatAt)) {
			at := w.received
			out.HeartbeatAt = &at
		}
	}
	through := v.figures.until(cu).Time()
	out.FiguresThrough = &through
	return out
}

func (v view) terms(cu vouch.CustomerID) contract.Terms {
	return contract.TermsAt(v.book.contracts(cu), contract.Floor(v.now()))
}

// contractName is a contract as people call it: its name and version.
func (v view) contractName(cu vouch.CustomerID) string {
	ver, ok := contract.VersionAt(v.book.contracts(cu), contract.Floor(v.now()))
	if !ok {
		return "no contract in force"
	}
	return fmt.Sprintf("%s v%d", v.base.Load().Contracts[cu].ID, ver.Number)
}

// shown turns a state into what the pages call it.
func shown(s contract.State, e contract.Effect) web.State {
	switch {
	case s == contract.NotMeasured:
		return web.StateOutside
	case s == contract.Up && e != contract.NoEffect:
		return web.StateDegraded
	case s == contract.Up:
		return web.StateUp
	case s == contract.Down:
		return web.StateDown
	}
	return web.StateUnknown
}

func (s shownState) web() web.State {
	if s.maintenance && s.state != contract.NotMeasured {
		return web.StateMaintenance
	}
	return shown(s.state, s.degraded)
}

func at(s contract.Second) *time.Time {
	t := s.Time()
	return &t
}

func spanOf(s contract.Span) web.Span { return web.Span{From: s.From.Time(), To: s.To.Time()} }

func spansOf(in []contract.Span) (out web.List[web.Span]) {
	for _, s := range in {
		out = append(out, spanOf(s))
	}
	return out
}

// secs turns a number of seconds into what the pages print.
func secs(n int64) web.Seconds { return web.Seconds(time.Duration(n) * time.Second) }

// figuresOf turns an account's figures into what the pages print.
func figuresOf(f contract.Figures) web.Figures {
	return web.Figures{
		Agreed: secs(f.Agreed), Excluded: secs(f.Excluded), Up: secs(f.Up), Down: secs(f.Down), Unknown: secs(f.Unknown), Eligible: secs(f.Eligible),
		Availability: web.Pct(f.Availability.String()), Coverage: web.Pct(f.Coverage.String()),
		IfUnknownDown: web.Pct(f.IfUnknownDown.String()), IfUnknownUp: web.Pct(f.IfUnknownUp.String()),
	}
}

// verdictLane turns a verdict into the segments of a lane.
func verdictLane(segs []contract.Segment) web.Lane {
	l := web.Lane{Votes: true}
	for _, s := range segs {
		state := shown(s.State, s.Degraded)
		if len(s.Excluded) > 0 {
			state = web.StateMaintenance
		}
		l.Segments = push(l.Segments, web.Segment{State: state, Reason: string(s.Reason), From: s.From.Time(), To: s.To.Time()})
	}
	return l
}

// locationLanes turns the witnesses of a verdict into a lane each, voters first.
func locationLanes(segs []contract.Segment) web.List[web.Lane] {
	var out web.List[web.Lane]
	index := map[vouch.LocationID]int{}
	for _, s := range segs {
		for _, w := range s.Witnesses {
			i, ok := index[w.Location]
			if !ok {
				i = len(out)
				index[w.Location] = i
				out = append(out, web.Lane{Location: w.Location, Custody: w.Custody, Votes: w.Votes})
			}
			out[i].Segments = push(out[i].Segments, web.Segment{
				State: shown(w.State, w.Degraded), Reason: string(w.Reason), From: s.From.Time(), To: s.To.Time(),
			})
		}
	}
	slices.SortStableFunc(out, func(a, b web.Lane) int {
		switch {
		case a.Votes == b.Votes:
			return 0
		case a.Votes:
			return -1
		}
		return 1
	})
	return out
}

// push appends a segment, joined to the last one where nothing changes.
func push(in web.List[web.Segment], s web.Segment) web.List[web.Segment] {
	if n := len(in); n > 0 && in[n-1].To.Equal(s.From) && in[n-1].State == s.State && in[n-1].Reason == s.Reason {
		in[n-1].To = s.To
		return in
	}
	return append(in, s)
}

// windowWords says in words when service is agreed today, and whether it is now.
func windowWords(t contract.Terms, now time.Time) string {
	day, spans := today(t, now)
	if len(spans) == 0 {
		return "no service hours today"
	}
	var parts []string
	open := "closed"
	for _, s := range spans {
		parts = append(parts, clock(t, s.From)+"-"+endClock(t, s.To, day))
		if s.Contains(contract.Floor(now)) {
			open = "open"
		}
	}
	return "window " + strings.Join(parts, " and ") + ", " + open
}

func clock(t contract.Terms, s contract.Second) string {
	return s.Time().In(t.Zone.Location()).Format("15:04")
}

func endClock(t contract.Terms, s contract.Second, day contract.Span) string {
	if s == day.To {
		return "24:00"
	}
	return clock(t, s)
}

// today returns the local day of an instant and the service time in it.
func today(t contract.Terms, now time.Time) (contract.Span, []contract.Span) {
	y, m, d := now.In(t.Zone.Location()).Date()
	next := time.Date(y, m, d+1, 0, 0, 0, 0, time.UTC)
	day := contract.Span{
		From: t.Zone.Midnight(contract.Date{Year: y, Month: m, Day: d}),
		To:   t.Zone.Midnight(contract.Date{Year: next.Year(), Month: next.Month(), Day: next.Day()}),
	}
	return day, t.Calendar().Spans(day)
}

// monthOf returns the calendar month of an instant in the contract's zone.
func monthOf(t contract.Terms, now time.Time) contract.Span {
	y, m, _ := now.In(t.Zone.Location()).Date()
	return t.Zone.Month(y, m)
}

// hoursWords says in words when service is agreed in a week.
func hoursWords(t contract.Terms) string {
	var parts []string
	for _, w := range t.Windows {
		parts = append(parts, fmt.Sprintf("%s %s to %s", daysWords(w.Days), w.From, w.To))
	}
	return strings.Join(parts, "; ") + ", " + t.Zone.Name()
}

func daysWords(d contract.Weekdays) string {
	list := d.List()
	if len(list) == 7 {
		return "every day"
	}
	names := make([]string, len(list))
	for i, x := range list {
		names[i] = x.String()[:3]
	}
	// Days that follow each other are told by the first and the last.
	if n := len(list); n > 2 && (list[n-1]-list[0]+7)%7 == time.Weekday(n-1) {
		return names[0] + " to " + names[n-1]
	}
	return strings.Join(names, ", ")
}

// work is an announcement as the pages show it.
func (v view) work(m admin.Maintenance) web.Work {
	terms, now := v.terms(m.Customer), v.now()
	ids := v.base.Load().scopeOf(m.Customer, m.Site, m.Device)
	w := web.Work{
		ID: m.ID, Customer: m.Customer, CustomerName: v.base.Load().customers[m.Customer].Name, Scope: v.scopeWords(m, len(ids)),
		Devices: ids, From: m.From, To: m.To, Reason: m.Reason, AnnouncedAt: m.AnnouncedAt, State: web.WorkPlanned,
	}
	span := contract.Span{From: contract.Ceil(m.From), To: contract.Ceil(m.To)}
	switch {
	case !m.CancelledAt.IsZero():
		c := m.CancelledAt
		w.State, w.CancelledAt = web.WorkCancelled, &c
	case !now.Before(m.To):
		w.State = web.WorkEnded
	case !now.Before(m.From):
		w.State = web.WorkRunning
	}
	if len(ids) > 0 {
		p := v.base.Load().devices[deviceKey{m.Customer, ids[0]}]
		for _, d := range v.book.decide(p, contract.Floor(now)) {
			if d.ID == m.ID {
				w.Counts, w.Flag = len(d.Counts) > 0, string(d.Why)
				if w.Flag == "" && len(d.Notes) > 0 {
					w.Flag = string(d.Notes[0])
				}
			}
		}
	}
	w.InWindow = secs(contract.Total(contract.Intersect([]contract.Span{span}, terms.Calendar().Spans(span))))
	_, window := today(terms, m.From)
	w.Window = spansOf(window)
	return w
}

func (v view) scopeWords(m admin.Maintenance, n int) string {
	switch {
	case m.Device != "":
		return string(m.Device)
	case m.Site != "":
		site, _ := v.base.Load().siteOf(m.Customer, m.Site)
		return fmt.Sprintf("site %s, %d devices", site.Name, n)
	}
	return fmt.Sprintf("all %d devices", n)
}
