// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"math"
	"slices"

	"github.com/vouch-sla/vouch"
)

// Class is what a stretch of time is for the account. Every second of a period has
// exactly one.
type Class uint8

const (
	ClassUnknown     Class = iota // service time of which nothing is established
	ClassUp                       // service time, available
	ClassDown                     // service time, not available
	ClassExcluded                 // service time that leaves the count
	ClassOutside                  // outside the service windows
	ClassNotMeasured              // outside the lease, or no contract in force
)

// String returns the class in words.
func (c Class) String() string {
	switch c {
	case ClassUp:
		return "up"
	case ClassDown:
		return "down"
	case ClassExcluded:
		return "excluded"
	case ClassOutside:
		return "outside window"
	case ClassNotMeasured:
		return "not measured"
	}
	return "unknown"
}

// MarshalText implements [encoding.TextMarshaler].
func (c Class) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// Part is a stretch of time with its verdict and what it is for the account.
type Part struct {
	Segment
	Class Class
}

// Figures are the totals of a period in whole seconds, and the percentages made of
// them. Agreed = Excluded + Up + Down + Unknown, always.
type Figures struct {
	Agreed   int64 // service time inside the period and the lease
	Excluded int64
	Up       int64
	Down     int64
	Unknown  int64
	Eligible int64 // Agreed - Excluded

	Availability  Percent // Up / (Up + Down)
	IfUnknownDown Percent // Up / Eligible
	IfUnknownUp   Percent // (Up + Unknown) / Eligible
	Coverage      Percent // (Up + Down) / Eligible

	Headline   Percent // one of the first three, by the contract's policy for unknown time
	Assessable bool    // the headline can be held against a target: Coverage reaches the agreed minimum, or the missing seconds are down
	Missing    int64   // of Unknown: counted as down in the headline, because Coverage is below the minimum

	DegradedTime  int64 // of Up: an agreed threshold was breached that does not count as down
	OutsideWindow int64
	NotMeasured   int64

	Announced            int64 // of service time: under announced maintenance, whether it counted or not
	ExcludedMaintenance  int64 // of Excluded: by maintenance
	DownUnderMaintenance int64 // of ExcludedMaintenance: the verdict was down

	ShortInterruptions int   // downs that belong to no incident
	ShortSeconds       int64 // and their counted seconds
}

// Claim is what became of an exclusion within a period.
type Claim struct {
	Decision
	Seconds int64 // of service time inside the period that it takes out; several may take the same
	Touched int64 // of service time inside the period that it was claimed for
	Down    int64 // of Touched: the verdict was down
}

// Basis is what an account is made of.
type Basis struct {
	Period   Span
	Versions []Version
	// Verdict tiles at least the period; [Exclude] has been applied to it. It may
	// begin before the period, so that incidents are found on the continuous
	// timeline, and end after it. What it leaves out of the period is unknown.
	Verdict   []Segment
	Decisions []Decision // those that concern the subject
	// Until is where the figures of an unfinished period end: now less the terms'
	// Lag. Zero for a finished one. Time after it is pending and never counted.
	Until Second
	// Start is the state of rule 8 at the first instant of Verdict.
	Start Fold
}

// Account is the availability of one subject over a period, explained.
type Account struct {
	Period Span // as far as it is counted
	Figures
	Parts     []Part     // tile Period; their lengths by class are the totals
	Incidents []Incident // that overlap Period, in order
	Claims    []Claim    // exclusions that touch Period
	End       Fold       // the state of rule 8 after Verdict
}

// Assess computes an account. It is the one function that computes availability:
// every figure anywhere comes from it.
func Assess(b Basis) Account {
	if b.Until != 0 {
		b.Period.To = min(b.Period.To, max(b.Until, b.Period.From))
	}
	a := Account{Period: b.Period, End: b.Start.clone()}
	// Counted seconds and short interruptions are those of this period alone.
	a.End.Short, a.End.ShortSeconds, a.End.Counted, a.End.Runs = 0, 0, 0, 0
	if a.End.Current != nil {
		a.End.Current.CountedDown = 0
	}
	terms := termsOf(b.Versions)
	for _, p := range Explain(b.Versions, b.Verdict, b.Period) {
		t, moved := a.End.Add(p, terms(p.From))
		if moved && !t.Opened && t.Incident.Overlaps(b.Period) {
			a.Incidents = append(a.Incidents, t.Incident)
		}
		if b.Period.Contains(p.From) {
			a.Parts = append(a.Parts, p)
		}
	}
	if i := a.End.Current; i != nil && i.Overlaps(b.Period) {
		a.Incidents = append(a.Incidents, i.clone())
	}
	a.total()
	a.claim(b.Decisions)
	a.conclude(terms(max(b.Period.To-1, b.Period.From)))
	return a
}

// Explain classifies a verdict for a period: it cuts the segments at the edges of the
// service windows and of the period, and returns parts that tile the verdict's span
// and the period together. Parts outside the period count as outside the window.
func Explain(versions []Version, verdict []Segment, period Span) []Part {
	all := period
	if len(verdict) > 0 {
		all = Span{min(period.From, verdict[0].From), max(period.To, verdict[len(verdict)-1].To)}
	}
	var windows []Span
	for _, r := range inForce(versions, period) {
		windows = append(windows, r.version.Terms.Calendar().Spans(r.Span)...)
	}
	out := make([]Part, 0, len(verdict)+2*len(windows)+2)
	w := 0
	for _, s := range fill(versions, verdict, all) {
		for from := s.From; from < s.To; {
			for w < len(windows) && windows[w].To <= from {
				w++
			}
			piece, inside := s, false
			piece.From = from
			if w < len(windows) {
				if inside = windows[w].Contains(from); inside {
					piece.To = min(s.To, windows[w].To)
				} else {
					piece.To = min(s.To, windows[w].From)
				}
			}
			for _, edge := range []Second{period.From, period.To} {
				if piece.From < edge && edge < piece.To {
					piece.To = edge
				}
			}
			part := Part{piece, classify(&piece, inside)}
			if part.From == period.From || part.From == period.To {
				out = append(out, part) // an edge of the period always cuts
			} else {
				out = pushPart(out, part)
			}
			from = piece.To
		}
	}
	return out
}

// pushPart appends p, joining it to the last part where nothing tells them apart.
func pushPart(parts []Part, p Part) []Part {
	if n := len(parts); n > 0 && parts[n-1].Class == p.Class && parts[n-1].To == p.From && parts[n-1].same(&p.Segment) {
		parts[n-1].To = p.To
		return parts
	}
	return append(parts, p)
}

func classify(s *Segment, inside bool) Class {
	switch {
	case s.State == NotMeasured:
		return ClassNotMeasured
	case !inside:
		return ClassOutside
	case len(s.Excluded) > 0:
		return ClassExcluded
	case s.State == Up:
		return ClassUp
	case s.State == Down:
		return ClassDown
	}
	return ClassUnknown
}

// fill returns the verdict with every hole of the span filled: unknown where a version
// is in force, else not measured.
func fill(versions []Version, verdict []Segment, span Span) []Segment {
	out := make([]Segment, 0, len(verdict)+2)
	gap := func(s Span) {
		at := s.From
		for _, r := range inForce(versions, s) {
			out = push(out, Segment{Span: Span{at, r.From}, State: NotMeasured})
			out = push(out, Segment{Span: r.Span, Reason: vouch.ReasonNoSample, Version: r.version.Number})
			at = r.To
		}
		out = push(out, Segment{Span: Span{at, s.To}, State: NotMeasured})
	}
	at := span.From
	for _, s := range verdict {
		gap(Span{at, s.From})
		if !s.Empty() {
			out = append(out, s)
		}
		at = s.To
	}
	gap(Span{at, span.To})
	return out
}

// total adds up the parts.
func (a *Account) total() {
	for _, p := range a.Parts {
		n := p.Len()
		switch p.Class {
		case ClassUp:
			a.Up += n
			if p.Degraded != NoEffect {
				a.DegradedTime += n
			}
		case ClassDown:
			a.Down += n
		case ClassUnknown:
			a.Unknown += n
		case ClassExcluded:
			a.Excluded += n
		case ClassOutside:
			a.OutsideWindow += n
		case ClassNotMeasured:
			a.NotMeasured += n
		}
	}
	a.Eligible = a.Up + a.Down + a.Unknown
	a.Agreed = a.Eligible + a.Excluded
	a.ShortInterruptions, a.ShortSeconds = a.End.Shorts()
}

// claim adds up what each exclusion took, and the seconds under maintenance.
func (a *Account) claim(decisions []Decision) {
	kinds := map[string]ExclusionKind{}
	var service, announced []Span
	for _, d := range decisions {
		kinds[d.ID] = d.Kind
		if d.Kind == Maintenance && d.AnnouncedAt != 0 {
			announced = append(announced, d.Span)
		}
		if d.Span.Overlaps(a.Period) {
			a.Claims = append(a.Claims, Claim{Decision: d})
		}
	}
	for _, p := range a.Parts {
		if p.Class == ClassOutside || p.Class == ClassNotMeasured {
			continue
		}
		service = append(service, p.Span)
		if slices.ContainsFunc(p.Excluded, func(id string) bool { return kinds[id] == Maintenance }) {
			a.ExcludedMaintenance += p.Len()
			if p.State == Down {
				a.DownUnderMaintenance += p.Len()
			}
		}
		for i := range a.Claims {
			c := &a.Claims[i]
			touched := c.Span.Clip(p.Span).Len()
			c.Touched += touched
			if p.State == Down {
				c.Down += touched
			}
			if slices.Contains(p.Excluded, c.ID) {
				c.Seconds += p.Len()
			}
		}
	}
	a.Announced = Total(Intersect(announced, service))
}

// Ratios returns the percentages that the seconds make, under whatever contract: Up,
// Down and Unknown, which are not negative and have Eligible as their sum.
func (f Figures) Ratios() (availability, ifUnknownDown, ifUnknownUp, coverage Percent) {
	return ratio(f.Up, f.Up+f.Down), ratio(f.Up, f.Eligible), ratio(f.Up+f.Unknown, f.Eligible), ratio(f.Up+f.Down, f.Eligible)
}

// conclude makes the percentages, under the terms in force at the end of the period.
func (a *Account) conclude(t *Terms) {
	f := &a.Figures
	f.Availability, f.IfUnknownDown, f.IfUnknownUp, f.Coverage = f.Ratios()
	switch t.Unknown {
	case UnknownAsDown:
		f.Headline = f.IfUnknownDown
	case UnknownAsUp:
		f.Headline = f.IfUnknownUp
	default:
		f.Headline = f.Availability
	}
	enough := !t.MinCoverage.Set() || f.Coverage.Meets(t.MinCoverage)
	f.Missing = 0
	if !enough && f.Coverage.Valid() && t.Shortfall == MissingIsDown {
		f.Headline, f.Missing, enough = f.IfUnknownDown, f.Unknown, true
	}
	f.Assessable = f.Coverage.Valid() && enough
}

// termsOf returns a function that finds the terms in force at an instant: the first
// version's before any is.
func termsOf(versions []Version) func(Second) *Terms {
	reigns := inForce(versions, Span{math.MinInt64, math.MaxInt64})
	if len(reigns) == 0 {
		none := DefaultTerms()
		return func(Second) *Terms { return &none }
	}
	return func(at Second) *Terms {
		for i := len(reigns) - 1; i > 0; i-- {
			if reigns[i].From <= at {
				return &reigns[i].version.Terms
			}
		}
		return &reigns[0].version.Terms
	}
}

func (f *Fold) clone() Fold {
	c := *f
	if f.Current != nil {
		i := f.Current.clone()
		c.Current = &i
	}
	c.Witnesses, c.Devices = slices.Clone(f.Witnesses), slices.Clone(f.Devices)
	return c
}
