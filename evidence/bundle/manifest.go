// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"math"
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
)

// Manifest names all that a statement rests on: the ledger at a checkpoint, its
// records, and of each chain of availability the items of the time that bears on the
// period. A statement prints the SHA-256 of its text. It follows from the leaves and the
// records alone.
type Manifest struct {
	Origin     string
	Size       int64
	Root       evidence.Hash
	Period     contract.Span
	Reach      contract.Span // the time whose samples bear on the period
	Records    int64
	RecordHash evidence.Hash // SHA-256 over the hashes of the records' notes, in the order of the ledger
	Chains     []ChainRange  // by agent, key and epoch
}

// ChainRange is what the manifest names of one epoch of one chain.
type ChainRange struct {
	Agent       vouch.AgentID
	Key         uint32
	Epoch       uint64
	First, Last uint64        // numbers of the first and the last item; of a gap its first
	Items       int64         // leaves
	Hash        evidence.Hash // SHA-256 over the hashes of their notes, in the order of the numbers
}

const manifestFormat = "vouch/manifest v1"

// Text returns the manifest as it is hashed.
func (m Manifest) Text() []byte {
	b := fmt.Appendf(nil, "%s\norigin: %s\nsize: %d\nroot: %s\nfrom: %s\nto: %s\nreach: %s %s\nrecords: %d %s\n", manifestFormat,
		m.Origin, m.Size, m.Root, instant(m.Period.From), instant(m.Period.To), instant(m.Reach.From), instant(m.Reach.To), m.Records, m.RecordHash)
	for _, c := range m.Chains {
		b = fmt.Appendf(b, "chain: %s %08x %d %d %d %d %s\n", c.Agent, c.Key, c.Epoch, c.First, c.Last, c.Items, c.Hash)
	}
	return b
}

// Sum returns the SHA-256 of the text, in hexadecimal.
func (m Manifest) Sum() string {
	sum := sha256.Sum256(m.Text())
	return hex.EncodeToString(sum[:])
}

func instant(s contract.Second) string { return s.Time().UTC().Format(time.RFC3339) }

// Reach returns the time whose samples bear on a statement: from the beginning of the
// earliest day that a verdict is computed over, less what is looked back, to the end of
// the last such day.
func Reach(b *book.Book, period contract.Span, now contract.Second) contract.Span {
	out := contract.Span{}
	for _, s := range b.Customer("").Sites {
		for _, d := range s.Devices {
			for day := range book.Days(b.VerdictSpan(d.ID, period, now), now) {
				back := b.Back(day.Span)
				if out.Empty() {
					out = back
				}
				out.From, out.To = min(out.From, back.From), max(out.To, back.To)
			}
		}
	}
	if out.Empty() {
		out = contract.Span{From: period.From, To: period.From}
	}
	return out
}

// margin is how long before a time the leaves are looked at: a batch comes in after it
// was sealed, unless the agent's clock is ahead, and then its samples count for nothing.
const margin contract.Second = 3600

// Early reports whether a leaf that was received at that time, and so every leaf before
// it, can say nothing of the time in reach. A bundle carries the leaves from such a one
// on, or all.
func Early(received time.Time, reach contract.Span) bool {
	return contract.Floor(received) < reach.From-margin
}

// Item is a leaf of the availability stream as the manifest sees it.
type Item struct {
	Agent   vouch.AgentID
	Key     uint32
	Epoch   uint64
	First   uint64 // number; of a gap its first
	Hash    evidence.Hash
	From    time.Time
	Through time.Time
	// Rejected says that it yields no outcome. Its time may be anything, so that nothing
	// follows from it for the time of others.
	Rejected bool
}

type chainID struct {
	agent vouch.AgentID
	key   uint32
	epoch uint64
}

func (i Item) chain() chainID { return chainID{i.Agent, i.Key, i.Epoch} }

// Selection finds which items a manifest names: of each epoch of a chain those from the
// last that ends before the time in reach to the first that begins after it, of those that
// are not rejected. The two at the edges prove that none was left out. Items are shown to it twice, in the order of
// the ledger: first all to [Selection.See], then all to [Selection.Name].
type Selection struct {
	reach  contract.Span
	ranges map[chainID]*selected
}

type selected struct {
	ChainRange
	before, after uint64 // the last number that ends before, the first that begins after; 0 and the highest for none
	sum           hash.Hash
}

// NewSelection begins with nothing.
func NewSelection(reach contract.Span) *Selection {
	return &Selection{reach, map[chainID]*selected{}}
}

// See takes in an item.
func (s *Selection) See(i Item) {
	r := s.ranges[i.chain()]
	if r == nil {
		r = &selected{ChainRange: ChainRange{Agent: i.Agent, Key: i.Key, Epoch: i.Epoch}, after: math.MaxUint64, sum: sha256.New()}
		s.ranges[i.chain()] = r
	}
	switch {
	case i.Rejected:
	case i.Through.Before(s.reach.From.Time()):
		r.before = max(r.before, i.First)
	case !i.From.Before(s.reach.To.Time()):
		r.after = min(r.after, i.First)
	}
}

// Wants reports whether an item is one that the manifest names, after all were seen.
func (s *Selection) Wants(i Item) bool {
	r := s.ranges[i.chain()]
	return r != nil && i.First >= min(r.before, r.after) && i.First <= max(r.before, r.after)
}

// Name enters an item that is wanted; the items of a chain come in the order of their
// numbers, as they stand in the ledger.
func (s *Selection) Name(i Item) {
	if s.Wants(i) {
		r := s.ranges[i.chain()]
		r.add(i.First)
		r.sum.Write(i.Hash[:])
	}
}

func (c *ChainRange) add(first uint64) {
	if c.Items == 0 {
		c.First = first
	}
	c.Last = first
	c.Items++
}

// Chains returns what was named.
func (s *Selection) Chains() []ChainRange {
	out := make([]ChainRange, 0, len(s.ranges))
	for _, r := range s.ranges {
		if r.Items > 0 {
			r.Hash = evidence.Hash(r.sum.Sum(nil))
			out = append(out, r.ChainRange)
		}
	}
	sortChains(out)
	return out
}

func sortChains(c []ChainRange) {
	slices.SortFunc(c, func(a, b ChainRange) int {
		return cmp.Or(cmp.Compare(a.Agent, b.Agent), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Epoch, b.Epoch))
	})
}
