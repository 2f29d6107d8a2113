// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence/book"
	"github.com/vouch-sla/vouch/statement"
)

// recompute reads the items day by day, judges every day from them, and holds the
// statement that comes of it against the one that was issued.
func (v *verifier) recompute() bool {
	days := v.days()
	c := v.newComputation(v.issue.Period(), contract.Floor(v.issue.AsOf))
	excerpt := v.files[FileExcerpt] != nil
	v.complete = !excerpt
	if excerpt {
		period, err := v.excerptPeriod()
		if err != nil {
			v.rep.wrong(TopicFile, FileExcerpt, "%v", err)
			return false
		}
		c = v.newComputation(period, contract.Floor(v.issue.AsOf))
		for _, d := range c.devices {
			c.spans[d] = period
		}
	}
	for i, day := range days {
		v.opts.Progress("days", int64(i))
		c.day, c.leaf = day, -1
		if err := v.readDay(dirItems+dayName(day)+suffixNotes, c.take); err != nil {
			v.rep.wrong(TopicFile, dirItems+dayName(day)+suffixNotes, "%v", err)
			return false
		}
		c.judge(contract.Floor(day.AddDate(0, 0, 1)))
	}
	c.judge(book.Endless)
	v.checkChains()
	c.listAbsent()
	if excerpt {
		v.rep.open(TopicStatement, FileStatement, "the figures of the whole period: this bundle carries the samples of %s to %s, and of the rest the leaves alone", instant(c.period.From), instant(c.period.To))
		v.same(FileStatement, nil, v.issue.Statement)
		v.compareExcerpt(c)
		return true
	}
	return v.compare(c)
}

// days returns the days of which items are carried, in order.
func (v *verifier) days() []time.Time {
	var out []time.Time
	for name := range v.files {
		if d, ok := dayOf(name, dirItems); ok {
			out = append(out, d)
		}
	}
	slices.SortFunc(out, time.Time.Compare)
	return out
}

// computation is the way from samples to the verdicts of a period.
type computation struct {
	v       *verifier
	period  contract.Span
	now     contract.Second
	spans   map[vouch.DeviceID]contract.Span
	devices []vouch.DeviceID

	found map[vouch.DeviceID]map[vouch.AgentID]*book.Heard
	selfs map[vouch.AgentID]*book.Heard

	day  time.Time // whose file is read
	leaf int64     // of the item that was read last from it

	judged   contract.Second // all days that end by then are
	verdicts map[vouch.DeviceID][]contract.Segment
	heardOf  map[book.Assigned]contract.Milli // the newest sample of each
	reached  map[vouch.AgentID]int64          // how far each agent spoke, before the period's end
	lateness lateness
}

func (v *verifier) newComputation(period contract.Span, now contract.Second) *computation {
	c := &computation{
		v: v, period: period, now: now, spans: map[vouch.DeviceID]contract.Span{}, found: map[vouch.DeviceID]map[vouch.AgentID]*book.Heard{},
		selfs: map[vouch.AgentID]*book.Heard{}, verdicts: map[vouch.DeviceID][]contract.Segment{}, heardOf: map[book.Assigned]contract.Milli{},
		reached: map[vouch.AgentID]int64{},
	}
	for _, s := range v.book.Customer(v.name).Sites {
		for _, d := range s.Devices {
			c.devices = append(c.devices, d.ID)
			c.spans[d.ID] = v.book.VerdictSpan(d.ID, period, now)
		}
	}
	return c
}

// take enters one item.
func (c *computation) take(i *item) bool {
	v := c.v
	if i.unread != nil {
		v.rep.wrong(TopicChain, "", "%v", i.unread)
		return true
	}
	if i.info.seen {
		v.rep.wrong(TopicChain, "", "%s %d of agent %s is carried twice", kindOf(i.link), i.link.First, i.link.Agent)
		return true
	}
	i.info.seen = true
	if dayName(i.link.From) != dayName(c.day) || i.info.index < c.leaf {
		// Days are judged one after the other, and of two words the later counts: what
		// stands elsewhere would be heard too late, or not count.
		v.rep.wrong(TopicFile, dirItems+dayName(c.day)+suffixNotes, "%s %d of agent %s does not stand in the file of its day, %s, in the order of the ledger",
			kindOf(i.link), i.link.First, i.link.Agent, dayName(i.link.From))
		return true
	}
	if c.leaf = i.info.index; c.leaf >= v.issue.Size {
		v.rep.wrong(TopicFile, dirItems+dayName(c.day)+suffixNotes, "%s %d of agent %s came in after the statement was computed", kindOf(i.link), i.link.First, i.link.Agent)
		return true
	}
	v.rep.Disproved = append(v.rep.Disproved, i.bad[:min(len(i.bad), maxFindings)]...)
	l := i.link
	rejected := i.info.Kind == "rejected"
	if seen := v.chains[chainID{l.Agent, l.KeyHash, l.Epoch}]; seen != nil {
		seen.links = append(seen.links, chainLink{
			first: l.First, last: l.Seq, prev: l.Prev, head: l.Head, from: l.From.UnixMilli(), through: l.Through.UnixMilli(),
			gap: l.Gap, rejected: rejected, baseless: i.baseless, dropped: i.dropped, leaf: i.info.index,
		})
	}
	v.rep.Counts.Notes++
	v.rep.Counts.Samples += int64(len(i.samples))
	v.rep.Counts.Values += int64(i.values)
	if l.From.Before(c.period.To.Time()) {
		c.reached[l.Agent] = max(c.reached[l.Agent], l.Through.UnixMilli())
	}
	c.lateness.see(v, i)
	for _, f := range i.samples {
		c.heardOf[book.Assigned{Agent: l.Agent, Device: f.device, Name: f.name}] = f.sample.Start
		c.heard(f.device, l.Agent).Add(f.name, f.kind, f.gateway, f.sample)
	}
	return true
}

func (c *computation) heard(d vouch.DeviceID, a vouch.AgentID) *book.Heard {
	of := c.selfs
	if d != "" {
		if of = c.found[d]; of == nil {
			of = map[vouch.AgentID]*book.Heard{}
			c.found[d] = of
		}
	}
	if of[a] == nil {
		of[a] = &book.Heard{}
	}
	return of[a]
}

// judge judges the days that end by an instant: every item that begins before it was
// read. Then it lets go of the samples that no later day looks back at.
func (c *computation) judge(until contract.Second) {
	done := c.judged
	for _, d := range c.devices {
		for day := range book.Days(c.spans[d], c.now) {
			whole := contract.Second(day.N+1) * book.SecondsADay
			if whole <= c.judged || whole > until {
				continue
			}
			c.verdicts[d] = append(c.verdicts[d], c.v.book.Judge(d, day.Span, c.found[d], c.selfs)...)
			c.explain(d, day.Span)
			done = max(done, whole)
		}
	}
	if until < book.Endless {
		c.judged = max(done, until)
	}
	before := c.v.book.Back(contract.Span{From: until, To: until}).From
	if until == book.Endless {
		return
	}
	for _, of := range append(slices.Collect(maps.Values(c.found)), c.selfs) {
		for _, h := range of {
			h.Forget(before)
		}
	}
}

// input returns what the statement is made of, as whoever issued it had it.
func (c *computation) input() statement.Input {
	for d, span := range c.spans {
		c.verdicts[d] = contract.Slice(c.verdicts[d], span)
	}
	in := c.v.book.Input(c.v.name, c.period, c.now, c.verdicts)
	in.Customer.Name, in.Provider = c.v.issue.Customer, c.v.issue.Provider
	return in
}

// listAbsent lists what agents should have measured in the period and never spoke of,
// and agents that stopped speaking before its end.
func (c *computation) listAbsent() {
	rep := &c.v.rep
	absent := 0
	for _, k := range c.v.book.AssignedIn(c.period) {
		if _, ok := c.heardOf[k]; !ok {
			if absent++; absent <= 20 {
				what := fmt.Sprintf("check %s of device %s", k.Name, k.Device)
				if k.Device == "" {
					what = "reference " + k.Name
				}
				(*rep).open(TopicComplete, "agent "+string(k.Agent), "%s was assigned, and no sample of it is in the ledger", what)
			}
		}
	}
	if absent > 20 {
		(*rep).open(TopicComplete, "", "%d more checks were assigned and never sampled", absent-20)
	}
	end := min(c.period.To, max(c.v.book.Until(c.now), c.period.From)).Time().UnixMilli()
	for _, a := range slices.Sorted(maps.Keys(c.reached)) {
		if at := c.reached[a]; at < end {
			(*rep).open(TopicComplete, "agent "+string(a), "it last spoke for the time before %s; what it measured after that, if anything, is not in the ledger", utcMilli(at))
		}
	}
}

// compare holds the statement that was computed against the one that is carried.
func (v *verifier) compare(c *computation) bool {
	in := c.input()
	if err := v.issued(&in); err != nil {
		v.rep.wrong(TopicStatement, FileRecords, "%v", err)
		return false
	}
	s := statement.Build(in)
	v.rep.Computed, v.rep.Figures = &s, &s.Figures
	ok := v.same(FileStatement, s.JSON(), v.issue.Statement)
	if ok {
		v.rep.proven(TopicStatement, FileStatement, "computed again from %d samples: the same, byte for byte", v.rep.Counts.Samples)
	}
	v.renderings(s.JSON())
	c.lateness.report(c)
	v.termsAndTimes(c)
	return true
}

// same compares a file with what it should be; nil for what cannot be known here.
func (v *verifier) same(name string, want []byte, recorded string) bool {
	got, err := v.text(name)
	switch {
	case err != nil:
		v.rep.wrong(TopicFile, name, "%v", err)
	case want != nil && string(got) != string(want):
		v.rep.wrong(TopicStatement, name, "it is not what the samples make it: %s", firstDifference(string(want), string(got)))
	case recorded != "" && sumHex(got) != recorded:
		v.rep.wrong(TopicStatement, name, "its SHA-256 is %s; record %s names %s", sumHex(got), v.issue.Record, recorded)
	default:
		return true
	}
	return false
}

// renderings holds the forms for people against the statement: each shows what its JSON
// says.
func (v *verifier) renderings(json []byte) {
	s, err := statement.Parse(json)
	if err != nil {
		v.rep.wrong(TopicStatement, FileStatement, "%v", err)
		return
	}
	for _, name := range renderings {
		if v.files[name] != nil {
			v.same(name, Render(s, name), "")
		}
	}
}

// lateness finds samples that nobody outside can say were in the ledger soon after they
// were taken.
type lateness struct {
	items   int
	worst   time.Duration
	example string
}

// lateAfter is how long after its last sample an item may be anchored.
const lateAfter = 25 * time.Hour

func (l *lateness) see(v *verifier, i *item) {
	if len(v.bounds) == 0 {
		return
	}
	at, ok := v.bounds.of(i.info.index)
	if ok && at.Sub(i.link.Through) <= lateAfter {
		return
	}
	l.items++
	took := lateAfter
	if ok {
		took = at.Sub(i.link.Through)
	}
	if took >= l.worst {
		l.worst, l.example = took, fmt.Sprintf("agent %s, epoch %d, number %d", i.link.Agent, i.link.Epoch, i.link.First)
	}
}

func (l *lateness) report(c *computation) {
	switch {
	case len(c.v.bounds) == 0:
	case l.items == 0:
		c.v.rep.proven(TopicTime, "", "every batch was in the ledger within 25 hours after its last sample")
	default:
		c.v.rep.open(TopicTime, l.example, "%d batches and gaps are proven to be in the ledger only more than 25 hours after their last sample, up to %s: whoever holds the keys could have written them afterwards", l.items, l.worst.Round(time.Minute))
	}
}

// findSegment returns the segment of a verdict that holds an instant.
func findSegment(segs []contract.Segment, at contract.Second) (contract.Segment, bool) {
	i, ok := slices.BinarySearchFunc(segs, at, func(s contract.Segment, t contract.Second) int {
		switch {
		case s.To <= t:
			return -1
		case s.From > t:
			return 1
		}
		return 0
	})
	if !ok {
		return contract.Segment{}, false
	}
	return segs[i], true
}
