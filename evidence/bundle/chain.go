// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
)

// readManifest holds the manifest against the leaves and the records: it follows from
// them, and the statement names its hash.
func (v *verifier) readManifest() bool {
	raw, err := v.text(FileManifest)
	if err != nil {
		v.rep.wrong(TopicFile, FileManifest, "%v", err)
		return false
	}
	v.manifest = Manifest{Origin: v.rep.Origin, Size: v.issue.Size, Root: v.rootAt[v.issue.Size], Period: v.issue.Period()}
	v.manifest.Reach = Reach(v.book, v.manifest.Period, contract.Floor(v.issue.AsOf))
	sum := sha256.New()
	for i, rec := range v.records {
		if v.indexes[i] < v.issue.Size {
			v.manifest.Records++
			sum.Write(rec.Hash[:])
		}
	}
	v.manifest.RecordHash = evidence.Hash(sum.Sum(nil))
	for line := range strings.Lines(string(raw)) {
		if c, ok := parseChain(line); ok {
			v.manifest.Chains = append(v.manifest.Chains, v.nameChain(c))
		}
	}
	sortChains(v.manifest.Chains)
	if want := v.manifest.Text(); string(want) != string(raw) {
		v.rep.wrong(TopicComplete, FileManifest, "%s", firstDifference(string(want), string(raw)))
		return false
	}
	if v.manifest.Sum() != v.issue.Manifest {
		v.rep.wrong(TopicComplete, FileManifest, "its SHA-256 is %s; record %s names %.64q", v.manifest.Sum(), v.issue.Record, v.issue.Manifest)
		return false
	}
	if v.first > 0 && !Early(v.leaves.first, v.manifest.Reach) {
		v.rep.wrong(TopicComplete, FileLeaves, "leaf %d, the first that is carried, was received at %s: leaves before it may speak of %s on, and are left out", v.first, utc(v.leaves.first), instant(v.manifest.Reach.From))
	}
	return true
}

// parseChain reads which chain, and from where to where, a line of the manifest is about.
// What it says beyond that is computed, and compared as text.
func parseChain(line string) (c ChainRange, ok bool) {
	word := strings.Fields(line)
	if len(word) != 8 || word[0] != "chain:" {
		return c, false
	}
	key, err := strconv.ParseUint(word[2], 16, 32)
	number := func(s string) uint64 {
		n, e := strconv.ParseUint(s, 10, 64)
		err = cmp.Or(err, e)
		return n
	}
	c = ChainRange{Agent: vouch.AgentID(word[1]), Key: uint32(key), Epoch: number(word[3]), First: number(word[4]), Last: number(word[5])}
	return c, err == nil
}

// nameChain computes the rest of a line of the manifest from the leaves.
func (v *verifier) nameChain(c ChainRange) ChainRange {
	out := ChainRange{Agent: c.Agent, Key: c.Key, Epoch: c.Epoch}
	sum := sha256.New()
	if seen := v.chains[chainID{c.Agent, c.Key, c.Epoch}]; seen != nil {
		for _, n := range seen.leaves {
			if l := &v.leaves.items[n]; l.seq >= c.First && l.seq <= c.Last {
				out.add(l.seq)
				sum.Write(l.note[:])
			}
		}
	}
	out.Hash = evidence.Hash(sum.Sum(nil))
	return out
}

// firstDifference says where two texts part.
func firstDifference(want, got string) string {
	for n := 1; ; n++ {
		w, wrest, wmore := strings.Cut(want, "\n")
		g, grest, gmore := strings.Cut(got, "\n")
		if w != g || wmore != gmore {
			return fmt.Sprintf("line %d is %.160q; it should be %.160q", n, g, w)
		}
		if !wmore {
			return "it differs"
		}
		want, got = wrest, grest
	}
}

// chainLink is what a chain is checked by.
type chainLink struct {
	leaf          int32  // index among the leaves
	last          uint64 // number
	prev, head    evidence.Hash
	from, through int64 // Unix milliseconds
	dropped       uint64
	begins        string // of the first of an epoch
	baseless      bool   // rejected, with nothing wrong to be seen in it
}

// checkChains looks whether what is carried of each chain follows, is what the manifest
// names, and whether the chain has more of the time that it is carried for.
func (v *verifier) checkChains(reach contract.Span) {
	named := map[chainID]ChainRange{}
	for _, c := range v.manifest.Chains {
		named[chainID{c.Agent, c.Key, c.Epoch}] = c
	}
	items := 0
	for _, c := range v.chainList() {
		if len(c.leaves) == 0 {
			continue // it began after the statement was computed
		}
		r, ok := named[c.chainID]
		if !ok {
			v.rep.wrong(TopicComplete, c.String(), "%d items of it are in the ledger, and the manifest names none", len(c.leaves))
			continue
		}
		items += len(c.links)
		slices.SortFunc(c.links, func(a, b chainLink) int { return cmp.Compare(a.leaf, b.leaf) })
		if !v.checkEdges(c, reach) {
			continue
		}
		v.checkLinks(c)
		first, last := v.leaves.items[c.links[0].leaf].seq, v.leaves.items[c.links[len(c.links)-1].leaf].seq
		if v.complete && (r.First != first || r.Last != last) {
			v.rep.wrong(TopicComplete, c.String(), "the manifest names numbers %d to %d, carried are %d to %d", r.First, r.Last, first, last)
		}
	}
	if len(v.rep.Disproved) == 0 {
		v.rep.proven(TopicChain, "", "%d batches and gaps are signed by their agents, each naming the one before", items)
		v.rep.proven(TopicComplete, "", "of every chain in the ledger, all that speaks of %s to %s is carried", instant(reach.From), instant(reach.To))
	}
}

// chainList returns the chains of availability by agent, key and epoch.
func (v *verifier) chainList() []*chainSeen {
	return slices.SortedFunc(maps.Values(v.chains), func(a, b *chainSeen) int {
		return cmp.Or(cmp.Compare(a.agent, b.agent), cmp.Compare(a.key, b.key), cmp.Compare(a.epoch, b.epoch))
	})
}

// checkEdges looks whether every leaf of the chain is carried, but for those before and
// after that cannot speak of the time in reach: within an epoch time only goes on, save
// in items that are rejected.
func (v *verifier) checkEdges(c *chainSeen, reach contract.Span) bool {
	if len(c.links) == 0 {
		v.rep.wrong(TopicComplete, c.String(), "none of its %d items is carried", len(c.leaves))
		return false
	}
	first, last := c.links[0], c.links[len(c.links)-1]
	begin, _ := slices.BinarySearch(c.leaves, first.leaf)
	end, _ := slices.BinarySearch(c.leaves, last.leaf)
	gone := func(n int32, why string) bool {
		l := v.leaves.items[n]
		v.rep.wrong(TopicComplete, c.String(), "number %d, leaf %d, is left out%s", l.seq, l.index, why)
		return false
	}
	for i, n := range c.leaves[begin : end+1] {
		if i >= len(c.links) || c.links[i].leaf != n {
			return gone(n, "")
		}
	}
	const may = ", and may speak of the period"
	counts := func(l chainLink) bool { return v.leaves.items[l.leaf].kind != itemRejected }
	late := !counts(first) || first.from > reach.From.Time().UnixMilli()
	switch number := v.leaves.items[first.leaf].seq; {
	case begin > 0 && late:
		return gone(c.leaves[begin-1], may)
	case begin == 0 && number > 1 && late:
		// An agent that was silent for a while, or one whose items are hidden among the leaves
		// before, which came in too early to speak of the period if they are dated rightly.
		v.rep.open(TopicComplete, c.String(), "that what came before number %d, the first that is carried, speaks of no time after %s", number, instant(reach.From))
	case end+1 < len(c.leaves) && (!counts(last) || last.through < reach.To.Time().UnixMilli()):
		return gone(c.leaves[end+1], may)
	}
	return true
}

// checkLinks checks what docs/evidence-format.md section 6 says of neighbours. The links
// are those of neighbouring leaves, whose numbers rise.
func (v *verifier) checkLinks(c *chainSeen) {
	for i, l := range c.links {
		leaf := v.leaves.items[l.leaf]
		wrong := func(t Topic, format string, args ...any) {
			v.rep.wrong(t, fmt.Sprintf("%v, number %d", c, leaf.seq), format, args...)
		}
		speaksTwice := false
		if i > 0 {
			p := c.links[i-1]
			switch {
			case leaf.seq <= p.last:
				wrong(TopicChain, "number %d is among those that the gap before it says were lost", leaf.seq)
			case leaf.seq != p.last+1:
				wrong(TopicComplete, "number %d is before it: what lies between is left out", p.last)
			case l.prev != p.head:
				wrong(TopicChain, "it does not name number %d as the one before it", p.last)
			}
			speaksTwice = l.from < p.through
		}
		switch rejected := leaf.kind == itemRejected; {
		case rejected && l.baseless && !speaksTwice && v.reassigned(c.agent, leaf.index):
			v.rep.open(TopicChain, fmt.Sprintf("%v, number %d", c, leaf.seq), "why it was rejected: nothing is wrong with it by what the agent was told to measure later")
		case rejected && l.baseless && !speaksTwice:
			wrong(TopicChain, "it was rejected, and nothing is wrong with it: its samples should count")
		case !rejected && speaksTwice:
			wrong(TopicChain, "it counts, and speaks of time that the one before it spoke for")
		}
	}
}

func utcMilli(ms int64) string { return utc(time.UnixMilli(ms)) }
