// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
	"github.com/vouch-sla/vouch/statement"
)

// recompute reads the items day by day, judges every day from them, and holds the
// statement that comes of it against the one that was issued.
func (v *verifier) recompute() bool {
	period, now, excerpt := v.issue.Period(), contract.Floor(v.issue.AsOf), v.files[FileExcerpt] != nil
	v.complete = !excerpt
	if excerpt {
		var err error
		if period, err = v.excerptPeriod(); err != nil {
			v.rep.wrong(TopicFile, FileExcerpt, "%v", err)
			return false
		}
	}
	if at := v.opts.Explain; !at.IsZero() {
		v.rep.Explain = &Explanation{At: at.UTC(), Devices: []DeviceExplanation{}}
	}
	c, reach := v.newComputation(period, now), v.manifest.Reach
	if excerpt {
		reach = v.book.Back(period)
		for _, d := range c.devices {
			c.spans[d] = period
		}
	}
	if err := c.bounded(); err != nil {
		v.rep.wrong(TopicStatement, "", "%v", err)
		return false
	}
	for i, day := range v.days(dirItems) {
		v.opts.Progress("days", int64(i))
		name := dirItems + dayName(day) + suffixDay
		if err := v.readDay(name, v.openItem, (&inDay{v: v, name: name, day: day, last: -1, take: c.take}).next); err != nil {
			v.rep.wrong(TopicFile, name, "%v", err)
			return false
		}
		c.judge(contract.Floor(day.AddDate(0, 0, 1)))
	}
	c.judge(book.Endless)
	v.checkChains(reach)
	c.listAbsent()
	c.listSilence()
	c.selfs.report(v.rep)
	if excerpt {
		v.compareExcerpt(c)
		return true
	}
	return v.compare(c)
}

// inDay looks at the items of one file: they stand where they belong, since a day is
// judged once its file was read.
type inDay struct {
	v    *verifier
	name string
	day  time.Time
	last int64
	take func(*item)
}

func (d *inDay) next(i *item) bool {
	rep := d.v.rep
	if i.unread != nil {
		rep.wrong(TopicChain, i.where, "%v", i.unread)
		return true
	}
	leaf := &d.v.leaves.items[i.leaf]
	switch {
	case leaf.seen:
		rep.wrong(TopicChain, i.where, "%s %d of agent %s is carried twice", kindOf(i.link), i.link.First, i.link.Agent)
		return true
	case leaf.index >= d.v.issue.Size:
		rep.wrong(TopicComplete, i.where, "%s %d of agent %s, leaf %d, came in after the statement was computed", kindOf(i.link), i.link.First, i.link.Agent, leaf.index)
		return true
	case dayName(i.link.From) != dayName(d.day):
		rep.wrong(TopicFile, i.where, "%s %d of agent %s begins at %s: it stands in the file of another day", kindOf(i.link), i.link.First, i.link.Agent, utc(i.link.From))
	case leaf.index < d.last:
		rep.wrong(TopicFile, i.where, "leaf %d stands after leaf %d: the order is not that of the ledger", leaf.index, d.last)
	}
	if i.wrong != nil {
		rep.wrong(TopicChain, i.where, "%s %d of agent %s counts, and must not: %v", kindOf(i.link), i.link.First, i.link.Agent, i.wrong)
	}
	leaf.seen, d.last = true, leaf.index
	d.v.rep.Counts.Bytes += int64(i.bytes)
	d.take(i)
	return true
}

// readTelemetry looks at the telemetry that is carried: that agents signed it, and that
// it stands in the ledger. Nothing rests on it.
func (v *verifier) readTelemetry() bool {
	read := int64(0)
	open := func(raw []byte, where string, _ *evidence.Reader) *item {
		out, _, _ := v.openNote(raw, where, vouch.Telemetry)
		return out
	}
	for _, day := range v.days(dirTelemetry) {
		name := dirTelemetry + dayName(day) + suffixDay
		err := v.readDay(name, open, (&inDay{v: v, name: name, day: day, last: -1, take: func(*item) { read++ }}).next)
		if err != nil {
			v.rep.wrong(TopicFile, name, "%v", err)
			return false
		}
	}
	if v.telemetry {
		v.rep.proven(TopicChain, dirTelemetry, "%d batches of telemetry are signed by their agents and stand in the ledger; no figure rests on them", read)
	}
	return true
}

// days returns the days of which a directory has items, in order.
func (v *verifier) days(dir string) []time.Time {
	var out []time.Time
	for name := range v.files {
		if d, ok := dayOf(name, dir); ok {
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

	found  map[vouch.DeviceID]map[vouch.AgentID]*book.Heard
	selves map[vouch.AgentID]*book.Heard

	judged   contract.Second // all days that end by then are
	verdicts map[vouch.DeviceID][]contract.Segment
	heardOf  map[book.Assigned]bool // in the period
	lateness lateness
	selfs    selfCheck
}

func (v *verifier) newComputation(period contract.Span, now contract.Second) *computation {
	c := &computation{
		v: v, period: period, now: now, spans: map[vouch.DeviceID]contract.Span{}, found: map[vouch.DeviceID]map[vouch.AgentID]*book.Heard{},
		selves: map[vouch.AgentID]*book.Heard{}, verdicts: map[vouch.DeviceID][]contract.Segment{}, heardOf: map[book.Assigned]bool{},
		selfs: newSelfCheck(v),
	}
	for _, s := range v.book.Customer(v.name).Sites {
		for _, d := range s.Devices {
			c.devices = append(c.devices, d.ID)
			c.spans[d.ID] = v.book.VerdictSpan(d.ID, period, now)
		}
	}
	return c
}

// maxDays bounds what is computed, in days of one device.
const maxDays = 2_000_000

// bounded reports why a statement is larger than any.
func (c *computation) bounded() error {
	days := contract.Second(0)
	for d, s := range c.spans {
		if days += max(s.To-s.From, 0)/book.SecondsADay + 1; days > maxDays || s.To-s.From > 20*maxPeriod {
			return fmt.Errorf("a verdict on %d devices, on %s from %s to %s, is more than any statement rests on", len(c.spans), d, instant(s.From), instant(s.To))
		}
	}
	return nil
}

// take enters one item.
func (c *computation) take(i *item) {
	v, l := c.v, i.link
	leaf := &v.leaves.items[i.leaf]
	link := chainLink{
		leaf: i.leaf, last: l.Seq, prev: l.Prev, head: l.Head, from: l.From.UnixMilli(), through: l.Through.UnixMilli(),
		dropped: i.dropped, begins: i.begins, baseless: i.baseless,
	}
	leaf.chain.links = append(leaf.chain.links, link)
	v.rep.Counts.Notes++
	v.rep.Counts.Samples += int64(len(i.samples))
	v.rep.Counts.Values += int64(i.values)
	late := c.lateness.see(v, i)
	for _, f := range i.samples {
		if at := f.sample.Start.Floor(); at >= c.period.From && at < c.period.To {
			c.heardOf[book.Assigned{Agent: l.Agent, Device: f.device, Name: f.name}] = true
		}
		c.hear(f, l.Agent, late)
	}
}

func (c *computation) heard(d vouch.DeviceID, a vouch.AgentID) *book.Heard {
	of := c.selves
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
			found := c.v.book.Judge(d, day.Span, c.found[d], c.selves)
			c.judgeWithout(d, day.Span, found)
			c.verdicts[d] = append(c.verdicts[d], found...)
			c.explain(d, day.Span)
			done = max(done, whole)
		}
	}
	if until < book.Endless {
		c.judged = max(done, until)
	}
	c.selfs.look(c, until)
	if until == book.Endless {
		return
	}
	before := c.v.book.Back(contract.Span{From: until, To: until}).From
	kept := append(slices.Collect(maps.Values(c.found)), c.selves)
	if w := c.lateness.without; w != nil {
		kept = slices.AppendSeq(kept, maps.Values(w.heard))
	}
	for _, of := range kept {
		for _, h := range of {
			h.Forget(before)
		}
	}
}

// input returns what the statement is made of, as whoever issued it had it.
func (c *computation) input(verdicts map[vouch.DeviceID][]contract.Segment) statement.Input {
	for d, span := range c.spans {
		verdicts[d] = contract.Slice(verdicts[d], span)
	}
	in := c.v.book.Input(c.v.name, c.period, c.now, verdicts)
	in.Customer.Name, in.Provider = c.v.issue.Customer, c.v.issue.Provider
	return in
}

// compare holds the statement that was computed against the one that is carried.
func (v *verifier) compare(c *computation) bool {
	in := c.input(c.verdicts)
	if err := v.issued(&in); err != nil {
		v.rep.wrong(TopicStatement, FileRecords, "%v", err)
		return false
	}
	s := statement.Build(in)
	v.rep.Computed, v.rep.Figures = &s, &s.Figures
	json := s.JSON()
	switch {
	case !v.same(FileStatement, json):
	case sumHex(json) != v.issue.Statement:
		v.rep.wrong(TopicStatement, FileStatement, "its SHA-256 is %s; record %s names %.64q", sumHex(json), v.issue.Record, v.issue.Statement)
	default:
		v.rep.proven(TopicStatement, FileStatement, "computed again from %d samples: the same, byte for byte", v.rep.Counts.Samples)
	}
	v.renderings(json)
	c.lateness.report(c)
	v.termsAndTimes(c)
	return true
}

// same compares a file with what it should be.
func (v *verifier) same(name string, want []byte) bool {
	got, err := v.upTo(name, int64(len(want))+1)
	switch {
	case err != nil && len(got) <= len(want):
		v.rep.wrong(TopicFile, name, "%v", err)
	case !bytes.Equal(got, want):
		v.rep.wrong(TopicStatement, name, "it is not what the samples make it: %s", firstDifference(string(want), string(got)))
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
	if v.files[FileEdition] != nil {
		raw, err := v.upTo(FileEdition, 32)
		if own := edition(); err != nil || string(raw) != string(own) {
			v.rep.open(TopicFile, FileEdition, "that HTML, text and CSV show what statement.json says: they are of edition %.20q, and this program renders edition %q; statement.json is what counts", raw, own)
			return
		}
	}
	for _, name := range renderings {
		if v.files[name] != nil {
			v.same(name, Render(s, name))
		}
	}
	if v.files[FileReadme] == nil {
		return
	}
	if raw, err := v.text(FileReadme); err != nil || !bytes.Equal(raw, readme(Evidence{Statement: s})) {
		v.rep.open(TopicFile, FileReadme, "what it says: it is not what this program writes there, and nothing rests on it")
	}
}

// edition is what a bundle says of the wording of its forms for people.
func edition() []byte { return fmt.Appendf(nil, "%d\n", statement.Edition) }

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
