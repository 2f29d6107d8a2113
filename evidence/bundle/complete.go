// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
)

// listAbsent lists what agents should have measured in the period and never spoke of.
func (c *computation) listAbsent() {
	for _, k := range c.v.book.AssignedIn(c.period) {
		if c.heardOf[k] {
			continue
		}
		what := fmt.Sprintf("check %s of device %s", k.Name, k.Device)
		if k.Device == "" {
			what = "reference " + k.Name
		}
		c.v.rep.open(TopicComplete, "agent "+string(k.Agent), "%s was assigned, and no sample of it in the period is in the ledger", what)
	}
}

// spoken is a stretch of time that an item speaks for.
type spoken struct {
	contract.Span
	chain *chainSeen
	link  chainLink
}

// listSilence lists, for each agent, the time of the period for which it had something
// to measure and said nothing, with the reason as far as there is one; and the time for
// which it spoke twice.
func (c *computation) listSilence() {
	count := contract.Span{From: c.period.From, To: min(c.period.To, max(c.v.book.Until(c.now), c.period.From))}
	said := map[vouch.AgentID][]spoken{}
	for _, chain := range c.v.chainList() {
		for _, l := range chain.links {
			s := spoken{contract.Span{From: contract.Second(l.from / 1000), To: contract.Second((l.through + 999) / 1000)}, chain, l}
			said[chain.agent] = append(said[chain.agent], s)
		}
	}
	told := c.v.book.Told()
	speakers := slices.AppendSeq(slices.Collect(maps.Keys(said)), maps.Keys(told))
	slices.Sort(speakers)
	for _, a := range slices.Compact(speakers) {
		items := said[a]
		slices.SortStableFunc(items, func(x, y spoken) int {
			return cmp.Or(cmp.Compare(x.From, y.From), cmp.Compare(x.link.leaf, y.link.leaf))
		})
		c.silence(a, items, contract.Intersect([]contract.Span{count}, told[a]))
		c.twice(a, items, count)
	}
}

// maxStretches bounds the stretches that are listed of one agent.
const maxStretches = 12

func (c *computation) silence(a vouch.AgentID, items []spoken, told []contract.Span) {
	where := "agent " + string(a)
	var heard []contract.Span
	dropped := uint64(0)
	for _, s := range items {
		if c.v.leaves.items[s.link.leaf].kind == itemBatch {
			heard = append(heard, s.Span)
			if slices.ContainsFunc(told, s.Overlaps) {
				dropped += s.link.dropped
			}
		}
	}
	gaps := contract.Subtract(told, contract.Union(heard))
	for n, g := range gaps {
		if n == maxStretches {
			left := int64(0)
			for _, g := range gaps[n:] {
				left += g.Len()
			}
			c.v.rep.open(TopicComplete, where, "nothing is known from it of %d more stretches, of %d s in all", len(gaps)-n, left)
			break
		}
		c.v.rep.open(TopicComplete, where, "nothing is known from it of %s to %s: %s", instant(g.From), instant(g.To), c.why(items, g))
	}
	if dropped > 0 {
		c.v.rep.open(TopicComplete, where, "it dropped %d samples of the period before it could seal them", dropped)
	}
}

// why says why nothing is known of a stretch.
func (c *computation) why(items []spoken, g contract.Span) string {
	var out []string
	before, after := false, (*spoken)(nil)
	for n, s := range items {
		leaf := c.v.leaves.items[s.link.leaf]
		before = before || s.From < g.From
		if s.From >= g.To && after == nil {
			after = &items[n]
		}
		switch {
		case !s.Overlaps(g):
		case leaf.kind == itemGap:
			out = append(out, fmt.Sprintf("numbers %d to %d were lost, and it signed for that", leaf.seq, s.link.last))
		case leaf.kind == itemRejected:
			out = append(out, fmt.Sprintf("its number %d was rejected: %s", leaf.seq, cmp.Or(c.v.reasons[s.link.leaf], "the ledger says why")))
		}
	}
	switch {
	case len(out) > 0:
	case after == nil && !before:
		out = append(out, "it never spoke")
	case after == nil:
		out = append(out, "it last spoke before that, and what it measured since, if anything, is not in the ledger")
	case !before:
		out = append(out, "it spoke for the first time after that")
	case after.link.begins != "":
		out = append(out, fmt.Sprintf("it began epoch %d afterwards (%s)", after.chain.epoch, after.link.begins))
	default:
		out = append(out, "it did not speak for it")
	}
	return strings.Join(out, "; ")
}

// twice lists the time for which an agent spoke in two items that count.
func (c *computation) twice(a vouch.AgentID, items []spoken, count contract.Span) {
	var last spoken
	n := 0
	for _, s := range items {
		if c.v.leaves.items[s.link.leaf].kind != itemBatch {
			continue
		}
		if both := (contract.Span{From: max(s.From, count.From), To: min(s.To, last.To, count.To)}); s.link.from < last.link.through && !both.Empty() {
			if n++; n <= maxStretches {
				c.v.rep.open(TopicChain, "agent "+string(a), "which word of it holds for %s to %s: it spoke for it in %s and in %s; of two samples of one instant the one that stands later in the ledger was taken",
					instant(both.From), instant(both.To), c.place(last), c.place(s))
			}
		}
		if s.To > last.To {
			last = s
		}
	}
}

func (c *computation) place(s spoken) string {
	return fmt.Sprintf("number %d of epoch %d", c.v.leaves.items[s.link.leaf].seq, s.chain.epoch)
}
