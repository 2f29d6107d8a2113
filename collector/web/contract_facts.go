// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"fmt"
	"time"
)

// contractLine is the contract in the right column.
type contractLine struct {
	ContractFacts
	Name, Quorum, Today string
	Off, Open           []bar
	Marks               []mark
	Now                 string
	NowLabel            bool // there is room for the word
	Ticks               []tick
}

func (f ContractFacts) words() string { return fmt.Sprintf("%s v%d", f.Name, f.Version) }

func (d Device) contract(c clock) contractLine {
	f := d.Contract
	out := contractLine{ContractFacts: f, Name: fmt.Sprintf("%s, version %d", f.Name, f.Version), Quorum: d.Verdict.quorum(f.Voters)}
	day := f.Day.span()
	if !day.from.Before(day.to) {
		return out
	}
	out.Off = day.outside(f.Today)
	for _, w := range f.Today {
		b := day.bar(w.From, w.To, 0)
		out.Open = append(out.Open, b)
		out.Ticks = append(out.Ticks, edge(c, day, w.From), edge(c, day, w.To))
	}
	out.Marks = day.strip(c, "", d.VerdictLane.Segments, nil).Marks
	now := day.pos(d.Now)
	out.Now, out.NowLabel = pc(now), now > 6 && now < 94
	for _, w := range f.Today {
		for _, t := range []time.Time{w.From, w.To} {
			if gap := now - day.pos(t); -16 < gap && gap < 16 {
				out.NowLabel = false
			}
		}
	}
	out.Today = f.today(c)
	return out
}

// edge is the label at the edge of a window.
func edge(c clock, day span, t time.Time) tick {
	x := day.pos(t)
	k := tick{X: pc(x), Label: t.In(c.loc).Format("15:04"), Anchor: "middle"}
	switch {
	case x > 94:
		k.Anchor = "end"
		if !t.Before(day.to) {
			k.Label = "24:00"
		}
	case x < 6:
		k.Anchor = "start"
	}
	return k
}

// today says whether the service window is open now, and for how long.
func (f ContractFacts) today(c clock) string {
	for _, w := range f.Today {
		switch {
		case c.now.Before(w.From):
			return "Window today, opens in " + spoken(w.From.Sub(c.now))
		case c.now.Before(w.To):
			return "Window today, open for " + spoken(w.To.Sub(c.now)) + " more"
		}
	}
	if len(f.Today) == 0 {
		return "No service hours today"
	}
	return "Window today, closed"
}
