// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"cmp"
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence/book"
)

// figures computes verdicts and accounts from the outcome table: from batches alone,
// never from heartbeats. Every figure on every page and in every statement comes
// through it, and all of it from [contract.Assess].
//
// A verdict is computed day by day of UTC, each from the samples of that day and of a
// while before it (see book.lookback), whoever asks and for whatever period, so that two figures over
// the same time cannot differ. Days that are over are remembered.
type figures struct {
	base *atomic.Pointer[base]
	book *books
	data store.Derived
	now  func() time.Time

	past   chan struct{}      // rung when something of days that are over changed; it holds one ring at most
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

const secondsADay = book.SecondsADay

// maxDays bounds what is remembered: a year of 300 devices, or a month of 3,500.
const maxDays = 110_000

func newFigures(b *atomic.Pointer[base], k *books, data store.Derived, now func() time.Time) *figures {
	return &figures{base: b, book: k, data: data, now: now, past: make(chan struct{}, 1), wanted: make(chan figuresWanted, 1024), days: map[dayKey]day{}, late: map[deviceKey]lately{}, gen: map[deviceKey]int{}}
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
	if len(days) > 0 {
		f.changed()
	}
}

// changed says that something of the past changed.
func (f *figures) changed() {
	select {
	case f.past <- struct{}{}:
	default:
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

// verdict returns the verdict of a device over a span, as of now.
func (f *figures) verdict(ctx context.Context, p place, span contract.Span, now contract.Second) ([]contract.Segment, error) {
	inForce, leases := f.inForce(p.customer), f.book.leases(p)
	var all []contract.Segment
	for d := range book.Days(span, now) {
		segs, err := f.day(ctx, p, d, inForce, leases)
		if err != nil {
			return nil, err
		}
		all = append(all, segs...)
	}
	return contract.Slice(all, span), nil
}

func (f *figures) day(ctx context.Context, p place, d book.Day, inForce []contract.Second, leases []contract.Span) ([]contract.Segment, error) {
	key := dayKey{deviceKey{p.customer, p.ID}, d.N}
	f.mu.Lock()
	have, ok := f.days[key]
	gen := f.gen[key.deviceKey]
	f.mu.Unlock()
	if !ok && d.Over {
		have, ok = f.storedDay(ctx, key)
	}
	if ok && have.under(inForce, leases) {
		f.remember(key, have, gen)
		return have.Verdict, nil
	}
	verdict, err := f.judge(ctx, p, d.Span)
	if err != nil {
		return nil, err
	}
	now := day{verdict, inForce, leases}
	if d.Over && f.remember(key, now, gen) {
		if err := f.keepDay(ctx, key, now, gen); err != nil {
			return nil, err
		}
	}
	return verdict, nil
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

// judge computes the verdict of a device over a span.
func (f *figures) judge(ctx context.Context, p place, span contract.Span) ([]contract.Segment, error) {
	back := of(f.book, p.customer, func(l *book.Book) contract.Span { return l.Back(span) })
	found, err := f.found(ctx, p.customer, string(p.ID), back)
	if err != nil {
		return nil, err
	}
	selves, err := f.found(ctx, p.customer, selfSubject, back)
	if err != nil {
		return nil, err
	}
	return of(f.book, p.customer, func(l *book.Book) []contract.Segment { return l.Judge(p.ID, span, found, selves) }), nil
}

func (f *figures) found(ctx context.Context, c vouch.CustomerID, subject string, span contract.Span) (map[vouch.AgentID]*book.Heard, error) {
	out := map[vouch.AgentID]*book.Heard{}
	err := eachChunk(ctx, f.data, c, subject, span, func(agent vouch.AgentID, x found) {
		if out[agent] == nil {
			out[agent] = &book.Heard{}
		}
		out[agent].Add(x.Source, x.Kind, x.Gateway, sampleOf(x))
	})
	return out, err
}

// until returns where the figures of an unfinished period end: now less the lag.
func (f *figures) until(c vouch.CustomerID) contract.Second {
	now := contract.Floor(f.now())
	return of(f.book, c, func(l *book.Book) contract.Second { return l.Until(now) })
}

// account returns the account of a device over a period.
func (f *figures) account(ctx context.Context, p place, period contract.Span) (contract.Account, error) {
	now := contract.Floor(f.now())
	span := of(f.book, p.customer, func(l *book.Book) contract.Span { return l.VerdictSpan(p.ID, period, now) })
	verdict, err := f.verdict(ctx, p, span, now)
	if err != nil {
		return contract.Account{}, err
	}
	decisions := f.book.decide(p, now)
	return contract.Assess(contract.Basis{
		Period: period, Versions: f.book.contracts(p.customer), Verdict: contract.Exclude(verdict, decisions), Decisions: decisions, Until: f.until(p.customer),
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
	works := f.book.turns(p.customer)
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
	if !ok || now.Sub(have.at) > f.fresh(p.customer) || have.works != f.book.turns(p.customer) {
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
