// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/contract"
)

// figures computes verdicts and accounts from the outcome table: from batches alone,
// never from heartbeats. Every figure on every page and in every statement comes
// through it, and all of it from [contract.Assess].
//
// A verdict is computed day by day of UTC, each from the samples of that day and of a
// while before it (see book.lookback), whoever asks and for whatever period, so that two figures over
// the same time cannot differ. Days that are over are remembered.
type figures struct {
	base *base
	book *book
	data store.Derived
	now  func() time.Time

	wanted chan figuresWanted // months that a page asked for and that nobody has computed yet

	keep sync.Mutex // held while a day is stored, and while samples of days that are over are derived

	mu   sync.Mutex
	days map[dayKey]day
	late map[deviceKey]lately
	gen  map[deviceKey]int // raised when days of a device are forgotten, so that none computed before comes back
}

type dayKey struct {
	deviceKey
	day int64 // Unix seconds / 86,400
}

func (k dayKey) compare(o dayKey) int {
	return cmp.Or(cmp.Compare(k.customer, o.customer), cmp.Compare(k.device, o.device), cmp.Compare(k.day, o.day))
}

// secondsADay is the length of a UTC day. Days of a contract are cut elsewhere, by
// its zone; these only divide the work.
const secondsADay contract.Second = 86_400

// maxDays bounds what is remembered: a year of 300 devices, or a month of 3,500.
const maxDays = 110_000

func newFigures(b *base, k *book, data store.Derived, now func() time.Time) *figures {
	return &figures{base: b, book: k, data: data, now: now, wanted: make(chan figuresWanted, 1024), days: map[dayKey]day{}, late: map[deviceKey]lately{}, gen: map[deviceKey]int{}}
}

// forget drops days that samples came for, and keeps whoever computes them right now
// from remembering what they had found before.
func (f *figures) forget(days []dayKey) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, k := range days {
		f.gen[k.deviceKey]++
		delete(f.late, k.deviceKey)
		delete(f.days, k)
	}
}

// reset forgets everything, after a rebuild.
func (f *figures) reset() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.days)
	clear(f.late)
	for k := range f.gen {
		f.gen[k]++
	}
}

// verdict returns the verdict of a device over span, exclusions marked.
func (f *figures) verdict(ctx context.Context, p place, span contract.Span) ([]contract.Segment, []contract.Decision, error) {
	versions := f.book.contracts(p.customer)
	var all []contract.Segment
	for d := int64(span.From / secondsADay); contract.Second(d)*secondsADay < span.To; d++ {
		segs, err := f.day(ctx, p, d, versions, span.To)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, segs...)
	}
	decisions := f.book.decide(p, contract.Floor(f.now()))
	return contract.Exclude(contract.Slice(all, span), decisions), decisions, nil
}

// settledAfter is how long after the end of a day its verdict is remembered: samples
// that come later make it forgotten again (see figures.deriving).
const settledAfter contract.Second = 2 * 3600

func (f *figures) day(ctx context.Context, p place, n int64, versions []contract.Version, until contract.Second) ([]contract.Segment, error) {
	key := dayKey{deviceKey{p.customer, p.ID}, n}
	span := contract.Span{From: contract.Second(n) * secondsADay, To: contract.Second(n+1) * secondsADay}
	over := contract.Floor(f.now()) >= span.To+settledAfter
	f.mu.Lock()
	have, ok := f.days[key]
	gen := f.gen[key.deviceKey]
	f.mu.Unlock()
	if !ok && over {
		have, ok = f.storedDay(ctx, key)
	}
	if ok && have.under(p, versions) {
		f.remember(key, have, gen)
		return have.Verdict, nil
	}
	if !over {
		span.To = min(span.To, until)
	}
	agents, err := f.agents(ctx, p, span)
	if err != nil {
		return nil, err
	}
	d := day{contract.Judge(contract.Matter{Span: span, Versions: versions, Leases: []contract.Span{p.lease()}, Agents: agents}), len(versions), p.lease()}
	if over && f.remember(key, d, gen) {
		if err := f.keepDay(ctx, key, d, gen); err != nil {
			return nil, err
		}
	}
	return d.Verdict, nil
}

// remember keeps a day in memory, unless late data came for the device since gen.
func (f *figures) remember(key dayKey, d day, gen int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.gen[key.deviceKey] != gen {
		return false
	}
	if len(f.days) >= maxDays {
		clear(f.days)
	}
	f.days[key] = d
	return true
}

// agents returns what all agents found about a device over span and lookback before.
func (f *figures) agents(ctx context.Context, p place, span contract.Span) ([]contract.Agent, error) {
	back := contract.Span{From: span.From - f.book.lookback(p.customer), To: span.To}
	found, err := f.found(ctx, p.customer, string(p.ID), back)
	if err != nil {
		return nil, err
	}
	selves, err := f.found(ctx, p.customer, selfSubject, back)
	if err != nil {
		return nil, err
	}
	ids := f.book.measuring(p, span)
	for id := range found {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	var out []contract.Agent
	for _, id := range ids {
		if at, custody, ok := f.book.speaker(p.customer, id); ok {
			out = append(out, contract.Agent{ID: id, Location: at, Custody: custody, Checks: found[id].checks(), References: selves[id].references()})
		}
	}
	return out, nil
}

func (f *figures) found(ctx context.Context, c vouch.CustomerID, subject string, span contract.Span) (map[vouch.AgentID]heard, error) {
	out := map[vouch.AgentID]heard{}
	err := eachChunk(ctx, f.data, c, subject, span, func(agent vouch.AgentID, x found) {
		if at := contract.Milli(x.Start).Floor(); at < span.From || at >= span.To {
			return
		}
		if out[agent] == nil {
			out[agent] = heard{}
		}
		out[agent].track(x).add(x, false)
	})
	return out, err
}

// until returns where the figures of an unfinished period end: now less the lag.
func (f *figures) until(c vouch.CustomerID) contract.Second {
	now := f.now()
	terms := contract.TermsAt(f.book.contracts(c), contract.Floor(now))
	return contract.Floor(now.Add(-terms.Lag))
}

// before is how far before a period its incidents are looked for: one that began
// earlier and still lasts is found by its beginning in the ledger.
const before contract.Second = 2 * secondsADay

// account returns the account of a device over a period.
func (f *figures) account(ctx context.Context, p place, period contract.Span) (contract.Account, error) {
	until := f.until(p.customer)
	from := f.startOf(p, period)
	verdict, decisions, err := f.verdict(ctx, p, contract.Span{From: from, To: min(period.To, max(until, period.From))})
	if err != nil {
		return contract.Account{}, err
	}
	return contract.Assess(contract.Basis{
		Period: period, Versions: f.book.contracts(p.customer), Verdict: verdict, Decisions: decisions, Until: until,
	}), nil
}

// lately is an account of the running month, kept for a short time because every open
// fleet page asks for that of every device.
type lately struct {
	period contract.Span
	at     time.Time
	works  int // announcements and cancellations known when it was computed
	acc    contract.Account
}

// lately returns the account of a device over an unfinished period, at most a third of
// the lag old: its end lies that far back anyway.
func (f *figures) lately(ctx context.Context, p place, period contract.Span) (contract.Account, error) {
	key, now := deviceKey{p.customer, p.ID}, f.now()
	keep := f.fresh(p.customer)
	works := f.book.announcements(p.customer)
	f.mu.Lock()
	have, ok := f.late[key]
	f.mu.Unlock()
	if ok && have.period == period && have.works == works && now.Sub(have.at) < keep {
		return have.acc, nil
	}
	acc, err := f.account(ctx, p, period)
	if err != nil {
		return acc, err
	}
	f.mu.Lock()
	f.late[key] = lately{period, now, works, acc}
	f.mu.Unlock()
	return acc, nil
}

// fresh is how old an account of an unfinished period may be.
func (f *figures) fresh(c vouch.CustomerID) time.Duration {
	return min(contract.TermsAt(f.book.contracts(c), contract.Floor(f.now())).Lag/3, 30*time.Second)
}

// figuresWanted is an account that a page would like to show.
type figuresWanted struct {
	place  place
	period contract.Span
}

// soon returns the account of a device over an unfinished period if it is known, however
// old, and has it computed in the background where it is not or no longer fresh: a page
// with hundreds of devices does not wait for the month of each.
func (f *figures) soon(p place, period contract.Span) (contract.Account, bool) {
	key, now := deviceKey{p.customer, p.ID}, f.now()
	f.mu.Lock()
	have, ok := f.late[key]
	f.mu.Unlock()
	ok = ok && have.period == period
	if !ok || now.Sub(have.at) > f.fresh(p.customer) || have.works != f.book.announcements(p.customer) {
		select {
		case f.wanted <- figuresWanted{p, period}:
		default: // many are: the page asks again
		}
	}
	return have.acc, ok
}

// run computes what pages wanted until ctx ends. What fails is wanted again.
func (f *figures) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case w := <-f.wanted:
			_, _ = f.lately(ctx, w.place, w.period) // the page that asks itself says what is wrong
		}
	}
}

// startOf returns from when on the timeline of a device must be known so that the
// incidents of a period are found from their beginning.
func (f *figures) startOf(p place, period contract.Span) contract.Second {
	from := period.From - before
	for _, i := range f.book.known(p.customer) {
		for _, part := range i.Parts {
			if part.Device == p.ID && !part.Gone && part.From < from && (part.To == 0 || part.To > from) {
				from = part.From - before
			}
		}
	}
	return max(from, min(f.book.measuredSince(p, period.From), period.From))
}
