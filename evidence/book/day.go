// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package book

import (
	"iter"
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
)

// A verdict is computed day by day of UTC, each from the samples of that day and of
// [Book.Lookback] before it, whoever asks and for whatever period, so that two figures
// over the same time cannot differ. Days of a contract are cut elsewhere, by its zone;
// these only divide the work.

// SecondsADay is the length of a UTC day.
const SecondsADay contract.Second = 86_400

// SettledAfter is how long after its end a day is judged as a whole. Until then it is
// judged as far as is asked.
const SettledAfter contract.Second = 2 * 3600

// Day is a piece of work.
type Day struct {
	N    int64         // Unix seconds / 86,400
	Span contract.Span // the whole day, or of one that is not over as much as was asked for
	Over bool
}

// Days returns the days that the verdict over a span is put together from, as of now.
func Days(span contract.Span, now contract.Second) iter.Seq[Day] {
	return func(yield func(Day) bool) {
		for n := int64(span.From / SecondsADay); contract.Second(n)*SecondsADay < span.To; n++ {
			d := Day{N: n, Span: contract.Span{From: contract.Second(n) * SecondsADay, To: contract.Second(n+1) * SecondsADay}}
			if d.Over = now >= d.Span.To+SettledAfter; !d.Over {
				d.Span.To = min(d.Span.To, span.To)
			}
			if !yield(d) {
				return
			}
		}
	}
}

// Back returns the span of the samples that bear on a span.
func (b *Book) Back(span contract.Span) contract.Span {
	return contract.Span{From: span.From - b.Lookback(), To: span.To}
}

// Judge returns the verdict of a device over the span of a day from what agents found
// of it and of themselves.
func (b *Book) Judge(d vouch.DeviceID, span contract.Span, found, selves map[vouch.AgentID]*Heard) []contract.Segment {
	back := b.Back(span)
	ids := b.Measuring(d, span)
	checks := map[vouch.AgentID][]contract.Check{}
	for id, h := range found {
		if checks[id] = h.Checks(back); len(checks[id]) > 0 && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	var agents []contract.Agent
	for _, id := range ids {
		if at, custody, ok := b.Speaker(id); ok {
			b.admit(at, d, checks[id])
			agents = append(agents, contract.Agent{ID: id, Location: at, Custody: custody, Checks: checks[id], References: selves[id].References(back)})
		}
	}
	return contract.Judge(contract.Matter{Span: span, Versions: b.Contracts(), Leases: b.Leases(d), Agents: agents})
}

// before is how far before a period its incidents are looked for: one that began
// earlier and still lasts is found by its beginning in the ledger.
const before contract.Second = 2 * SecondsADay

// StartOf returns from when on the verdict of a device must be known so that the
// incidents of a period are found from their beginning.
func (b *Book) StartOf(d vouch.DeviceID, period contract.Span) contract.Second {
	from := period.From - before
	for _, i := range b.incidents {
		for _, p := range i.Parts {
			if p.Device == d && p.From < from && (p.To == 0 || p.To > from) {
				from = p.From - before
			}
		}
	}
	return max(from, min(b.MeasuredSince(d, period.From), period.From))
}

// Until returns where the figures of an unfinished period end: now less the lag.
func (b *Book) Until(now contract.Second) contract.Second {
	return now - seconds(contract.TermsAt(b.versions, now).Lag)
}

// VerdictSpan returns the span over which the verdict of a device is needed for a
// statement over a period as of now. It may be empty.
func (b *Book) VerdictSpan(d vouch.DeviceID, period contract.Span, now contract.Second) contract.Span {
	return contract.Span{From: b.StartOf(d, period), To: min(period.To, max(b.Until(now), period.From))}
}

func seconds(d time.Duration) contract.Second { return contract.Second(d / time.Second) }
