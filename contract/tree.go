// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"cmp"
	"slices"

	"github.com/vouch-sla/vouch"
)

// Whole returns the tree of a customer as a whole: all of its services, or all of its
// devices where it has no service.
func Whole(c vouch.Customer) vouch.Node {
	var n vouch.Node
	for _, s := range c.Services {
		n.All = append(n.All, s.Tree)
	}
	if len(n.All) > 0 {
		return n
	}
	for _, site := range c.Sites {
		for _, d := range site.Devices {
			n.All = append(n.All, vouch.Node{Device: d.ID})
		}
	}
	return n
}

// TreeDevices returns the devices that a tree stands on, sorted, each once.
func TreeDevices(n vouch.Node) []vouch.DeviceID {
	out := leaves(n, nil)
	slices.Sort(out)
	return slices.Compact(out)
}

func leaves(n vouch.Node, out []vouch.DeviceID) []vouch.DeviceID {
	if n.Device != "" {
		return append(out, n.Device)
	}
	for _, c := range slices.Concat(n.All, n.Any) {
		out = leaves(c, out)
	}
	return out
}

// Combine evaluates a service tree over span on the verdicts of its devices, which
// [Exclude] has been applied to (rule 5). The segments tile the span.
//
// Of best to worst, a child is up, excluded, unknown or down; `all` is its worst child
// and `any` its best one. So an exclusion that covers every device of a service takes
// its time out whatever the state was, and one that covers a single device takes it
// out only where nothing else keeps the service up or down. A child that is not
// measured does not exist.
func Combine(tree vouch.Node, devices map[vouch.DeviceID][]Segment, span Span) []Segment {
	ids := TreeDevices(tree)
	b := branches{tree: tree, now: make(map[vouch.DeviceID]*Segment, len(ids))}
	next := make([]int, len(ids))
	for i, id := range ids {
		next[i], _ = slices.BinarySearchFunc(devices[id], span.From, func(s Segment, t Second) int {
			if s.To <= t {
				return -1
			}
			return 1
		})
	}
	var out []Segment
	for at := span.From; at < span.To; {
		to := span.To
		for i, id := range ids {
			segs := devices[id]
			for next[i] < len(segs) && segs[next[i]].To <= at {
				next[i]++
			}
			switch {
			case next[i] == len(segs):
				b.now[id] = nil
			case segs[next[i]].From > at:
				b.now[id] = nil
				to = min(to, segs[next[i]].From)
			default:
				b.now[id] = &segs[next[i]]
				to = min(to, segs[next[i]].To)
			}
		}
		seg := b.segment(ids)
		seg.Span = Span{at, to}
		out = push(out, seg)
		at = to
	}
	return out
}

// branches is a tree with what each of its devices holds at one instant.
type branches struct {
	tree vouch.Node
	now  map[vouch.DeviceID]*Segment
}

// rank orders the values of a node from best to worst.
type rank uint8

const (
	rankNone     rank = iota // not measured: the node does not exist
	rankUp                   // best
	rankExcluded             //
	rankUnknown              //
	rankDown                 // worst
)

func (b *branches) segment(ids []vouch.DeviceID) Segment {
	seg := Segment{}
	for _, id := range ids {
		if s := b.now[id]; s != nil {
			seg.Version = max(seg.Version, s.Version)
		}
	}
	r := b.value(b.tree, EffectDown, true)
	if r == rankExcluded {
		seg.Excluded = b.excluded(ids)
		r = b.value(b.tree, EffectDown, false)
	}
	switch r {
	case rankNone:
		seg.State = NotMeasured
	case rankUp:
		seg.State = Up
		for _, e := range []Effect{EffectIncident, EffectFigure} {
			if seg.Degraded == NoEffect && b.value(b.tree, e, len(seg.Excluded) == 0) == rankDown {
				seg.Degraded = e
			}
		}
	case rankUnknown:
		seg.State = Unknown
		seg.Causes = b.which(ids, Unknown)
		seg.Reason = vouch.ReasonNoSample
		if s := b.now[seg.Causes[0]]; s != nil {
			seg.Reason = s.Reason
		}
	case rankDown:
		seg.State = Down
		seg.Causes = b.which(ids, Down)
	}
	return seg
}

// value evaluates a node. Devices degraded by at least the effect are down; exclusions
// are heeded or ignored.
func (b *branches) value(n vouch.Node, least Effect, heed bool) rank {
	if n.Device != "" {
		return rankOf(b.now[n.Device], least, heed)
	}
	out := rankNone
	for _, c := range n.All {
		out = max(out, b.value(c, least, heed))
	}
	for _, c := range n.Any {
		if r := b.value(c, least, heed); out == rankNone || r != rankNone && r < out {
			out = r
		}
	}
	return out
}

func rankOf(s *Segment, least Effect, heed bool) rank {
	switch {
	case s == nil:
		return rankUnknown
	case s.State == NotMeasured:
		return rankNone
	case heed && len(s.Excluded) > 0:
		return rankExcluded
	case s.State == Up && s.Degraded < least:
		return rankUp
	case s.State == Unknown:
		return rankUnknown
	}
	return rankDown
}

// which returns the devices in a state; a device without any verdict is unknown.
func (b *branches) which(ids []vouch.DeviceID, state State) []vouch.DeviceID {
	var out []vouch.DeviceID
	for _, id := range ids {
		if s := b.now[id]; s == nil && state == Unknown || s != nil && s.State == state {
			out = append(out, id)
		}
	}
	return out
}

func (b *branches) excluded(ids []vouch.DeviceID) []string {
	var out []string
	for _, id := range ids {
		if s := b.now[id]; s != nil {
			out = append(out, s.Excluded...)
		}
	}
	slices.SortFunc(out, cmp.Compare[string])
	return slices.Compact(out)
}
