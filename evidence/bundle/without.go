// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence/book"
	"github.com/vouch-sla/vouch/statement"
)

// without is what would be, were no late item in the ledger. It holds what differs.
type without struct {
	heard    map[vouch.DeviceID]map[vouch.AgentID]*book.Heard // in the place of what was heard; no device for an agent's own health
	verdicts map[vouch.DeviceID][]contract.Segment
}

// hear enters a sample: as it was heard, and as it would have been without late items.
func (c *computation) hear(f found, agent vouch.AgentID, late bool) {
	h := c.heard(f.device, agent)
	w := c.lateness.without
	if late && w == nil {
		w = &without{map[vouch.DeviceID]map[vouch.AgentID]*book.Heard{}, map[vouch.DeviceID][]contract.Segment{}}
		for d, segs := range c.verdicts {
			w.verdicts[d] = slices.Clone(segs)
		}
		c.lateness.without = w
	}
	if w != nil {
		other := w.heard[f.device][agent]
		if late && other == nil {
			if w.heard[f.device] == nil {
				w.heard[f.device] = map[vouch.AgentID]*book.Heard{}
			}
			w.heard[f.device][agent] = h.Clone()
		}
		if !late && other != nil {
			other.Add(f.name, f.kind, f.gateway, f.sample)
		}
	}
	h.Add(f.name, f.kind, f.gateway, f.sample)
}

// judgeWithout judges a day of a device once more, as if no late item were there, where
// that may differ from the verdict as it is.
func (c *computation) judgeWithout(d vouch.DeviceID, day contract.Span, with []contract.Segment) {
	w := c.lateness.without
	if w == nil {
		return
	}
	if len(w.heard[d])+len(w.heard[""]) > 0 {
		mixed := func(all, other map[vouch.AgentID]*book.Heard) map[vouch.AgentID]*book.Heard {
			out := maps.Clone(all)
			maps.Copy(out, other)
			return out
		}
		with = c.v.book.Judge(d, day, mixed(c.found[d], w.heard[d]), mixed(c.selves, w.heard[""]))
	}
	w.verdicts[d] = append(w.verdicts[d], with...)
}

// lateShift says by how many seconds the late items moved the figures.
func (c *computation) lateShift() string {
	w := c.lateness.without
	if w == nil {
		return "Without them no second would count otherwise"
	}
	change := statement.Change{}
	if c.v.rep.Computed != nil {
		in := c.input(w.verdicts)
		if err := c.v.issued(&in); err != nil {
			return "What would be without them cannot be told: " + err.Error()
		}
		change = statement.Difference(statement.Build(in), *c.v.rep.Computed)
	} else {
		for _, d := range c.devices {
			s := secondsOf(c.verdicts[d], c.period)
			was := secondsOf(contract.Exclude(w.verdicts[d], c.v.book.Decide(d, c.now)), c.period)
			s.Excluded, s.Up, s.Down, s.Unknown = s.Excluded-was.Excluded, s.Up-was.Up, s.Down-was.Down, s.Unknown-was.Unknown
			if s != (statement.Shift{}) {
				change.Devices = append(change.Devices, statement.DeviceShift{Device: d, Shift: s})
			}
		}
	}
	const most = 10
	var said []string
	for n, d := range change.Devices {
		if n == most {
			said = append(said, fmt.Sprintf("and %d devices more", len(change.Devices)-most))
			break
		}
		var parts []string
		for _, p := range []struct {
			name string
			s    int64
		}{{"up", d.Up}, {"down", d.Down}, {"unknown", d.Unknown}, {"excluded", d.Excluded}} {
			if p.s != 0 {
				parts = append(parts, fmt.Sprintf("%+d s %s", p.s, p.name))
			}
		}
		said = append(said, fmt.Sprintf("%s %s", d.Device, strings.Join(parts, ", ")))
	}
	if len(said) == 0 {
		return "Without them no second would count otherwise"
	}
	return "They changed the figures by: " + strings.Join(said, "; ")
}

// secondsOf counts the seconds of a verdict in each state.
func secondsOf(segs []contract.Segment, period contract.Span) (out statement.Shift) {
	for _, s := range contract.Slice(segs, period) {
		n := int64(s.To - s.From)
		switch {
		case len(s.Excluded) > 0:
			out.Excluded += n
		case s.State == contract.Up:
			out.Up += n
		case s.State == contract.Down:
			out.Down += n
		default:
			out.Unknown += n
		}
	}
	return out
}
