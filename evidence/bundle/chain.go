// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

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
	if v.first > 0 && !Early(v.received, v.manifest.Reach) {
		v.rep.wrong(TopicComplete, FileLeaves, "leaf %d, the first that is carried, was received at %s: leaves before it may speak of %s on, and are left out",
			v.first, utcMilli(v.received.UnixMilli()), instant(v.manifest.Reach.From))
		return false
	}
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
	if string(v.manifest.Text()) != string(raw) {
		v.rep.wrong(TopicComplete, FileManifest, "%s", firstDifference(string(v.manifest.Text()), string(raw)))
		return false
	}
	if v.manifest.Sum() != v.issue.Manifest {
		v.rep.wrong(TopicComplete, FileManifest, "its SHA-256 is %s; record %s names %s", v.manifest.Sum(), v.issue.Record, v.issue.Manifest)
		return false
	}
	return true
}

// parseChain reads which chain, and from where to where, a line of the manifest is about.
func parseChain(line string) (c ChainRange, ok bool) {
	word := strings.Fields(line)
	if len(word) != 8 || word[0] != "chain:" {
		return c, false
	}
	var hash string
	_, err := fmt.Sscanf(strings.Join(word[1:7], " ")+" "+word[7], "%s %x %d %d %d %d %s", &c.Agent, &c.Key, &c.Epoch, &c.First, &c.Last, &c.Items, &hash)
	return c, err == nil
}

// nameChain computes the rest of a line of the manifest from the leaves.
func (v *verifier) nameChain(c ChainRange) ChainRange {
	out := ChainRange{Agent: c.Agent, Key: c.Key, Epoch: c.Epoch}
	sum := sha256.New()
	if seen := v.chains[chainID{c.Agent, c.Key, c.Epoch}]; seen != nil {
		for _, l := range seen.leaves {
			if l.Seq >= c.First && l.Seq <= c.Last {
				out.add(l.Seq)
				sum.Write(l.Note[:])
			}
		}
	}
	out.Hash = evidence.Hash(sum.Sum(nil))
	return out
}

// firstDifference says where two texts part.
func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(w), len(g)) {
		at := func(l []string) string {
			if i < len(l) {
				return l[i]
			}
			return "(the end)"
		}
		if at(w) != at(g) {
			return fmt.Sprintf("line %d is %.200q; leaves and records make it %.200q", i+1, at(g), at(w))
		}
	}
	return "it differs"
}

// checkChains looks whether what is carried of each chain follows, is what the manifest
// names, and whether the chain has more of the time in reach.
func (v *verifier) checkChains() {
	named := map[chainID]ChainRange{}
	for _, c := range v.manifest.Chains {
		named[chainID{c.Agent, c.Key, c.Epoch}] = c
	}
	ids := slices.SortedFunc(maps.Keys(v.chains), func(a, b chainID) int {
		return cmp.Or(cmp.Compare(a.agent, b.agent), cmp.Compare(a.key, b.key), cmp.Compare(a.epoch, b.epoch))
	})
	var items int
	for _, id := range ids {
		c := v.chains[id]
		where := fmt.Sprintf("agent %s, epoch %d", id.agent, id.epoch)
		r, ok := named[id]
		if !ok {
			v.rep.wrong(TopicComplete, where, "%d items of it are in the ledger, and the manifest names none", len(c.leaves))
			continue
		}
		items += len(c.links)
		slices.SortFunc(c.links, func(a, b chainLink) int { return cmp.Compare(a.first, b.first) })
		v.checkLinks(where, c)
		if v.complete {
			v.checkEdges(where, c, r)
		}
	}
	if len(v.rep.Disproved) == 0 {
		v.rep.proven(TopicChain, "", "%d batches and gaps are signed by their agents, each naming the one before", items)
		if v.complete {
			v.rep.proven(TopicComplete, "", "of every chain, all that speaks of %s to %s is carried", instant(v.manifest.Reach.From), instant(v.manifest.Reach.To))
		}
	}
}

// checkLinks checks what docs/evidence-format.md section 6 says of neighbours.
func (v *verifier) checkLinks(where string, c *chainSeen) {
	for i, l := range c.links {
		at := fmt.Sprintf("%s, number %d", where, l.first)
		if l.gap {
			v.rep.open(TopicComplete, at, "numbers %d to %d were lost by the agent, who signed for that: nothing is known of %s to %s from it", l.first, l.last, utcMilli(l.from), utcMilli(l.through))
		}
		if l.dropped > 0 {
			v.rep.open(TopicComplete, at, "the agent dropped %d samples before it could seal them", l.dropped)
		}
		if i == 0 {
			if l.first == 1 && !l.prev.IsZero() {
				v.rep.wrong(TopicChain, at, "it is the first of its epoch and names one before it")
			}
			if l.baseless {
				v.rep.open(TopicChain, at, "why it was rejected: nothing is to be seen wrong with it")
			}
			continue
		}
		p := c.links[i-1]
		speaksTwice := l.from < p.through
		switch {
		case l.first != p.last+1:
			if v.complete {
				v.rep.wrong(TopicComplete, at, "number %d is before it: what lies between is left out", p.last)
			}
			continue
		case l.prev != p.head:
			v.rep.wrong(TopicChain, at, "it does not name number %d as the one before it", p.first)
		case l.rejected && l.baseless && !speaksTwice:
			v.rep.wrong(TopicChain, at, "it was rejected, and nothing is wrong with it: its samples should count")
		case !l.rejected && speaksTwice:
			v.rep.wrong(TopicChain, at, "it counts, and speaks of time that the one before it spoke for")
		case l.from > p.through:
			v.rep.open(TopicComplete, at, "nobody spoke for %s to %s", utcMilli(p.through), utcMilli(l.from))
		}
	}
}

// checkEdges looks whether the chain has more, before or after what is carried, that
// speaks of the time in reach.
func (v *verifier) checkEdges(where string, c *chainSeen, r ChainRange) {
	if len(c.links) == 0 {
		v.rep.wrong(TopicComplete, where, "none of its %d items is carried", r.Items)
		return
	}
	first, last := c.links[0], c.links[len(c.links)-1]
	carried := map[uint64]bool{}
	for _, l := range c.links {
		carried[l.first] = true
	}
	for _, l := range c.leaves {
		switch {
		case carried[l.Seq]:
		case l.Seq >= first.first && l.Seq <= last.first:
			v.rep.wrong(TopicComplete, where, "number %d, leaf %d, is left out", l.Seq, l.index)
			return
		case l.Seq < first.first && first.from > v.manifest.Reach.From.Time().UnixMilli():
			v.rep.wrong(TopicComplete, where, "number %d, leaf %d, is left out, and may speak of the period", l.Seq, l.index)
			return
		case l.Seq > last.first && last.through < v.manifest.Reach.To.Time().UnixMilli():
			v.rep.wrong(TopicComplete, where, "number %d, leaf %d, is left out, and may speak of the period", l.Seq, l.index)
			return
		}
	}
	if r.First != first.first || r.Last != last.first {
		v.rep.wrong(TopicComplete, where, "the manifest names numbers %d to %d, carried are %d to %d", r.First, r.Last, first.first, last.first)
	}
}

func utcMilli(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z") }
