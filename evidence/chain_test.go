// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package evidence_test

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/vouch-sla/vouch/evidence"
)

func link(epoch, first, seq uint64, prev, hash byte) evidence.Link {
	return evidence.Link{
		Identity: identity(), Stream: "availability", Epoch: epoch, First: first, Seq: seq,
		Prev: evidence.Hash{prev}, Head: evidence.Hash{hash}, Hash: evidence.Hash{hash}, From: t0, Through: t0.Add(time.Minute),
	}
}

func gapLink(epoch, first, seq uint64, prev, last, hash byte) evidence.Link {
	l := link(epoch, first, seq, prev, hash)
	l.Gap, l.Head = true, evidence.Hash{last}
	return l
}

func TestChainNextRefuses(t *testing.T) {
	at5 := evidence.Chain{Epoch: 100, Seq: 5, Hash: evidence.Hash{5}, Through: t0}
	for _, c := range []struct {
		name  string
		chain evidence.Chain
		link  evidence.Link
		want  error
	}{
		{"an epoch that ended", at5, link(99, 1, 1, 0, 1), evidence.ErrEnded},
		{"a new epoch from its middle", at5, link(101, 2, 2, 1, 2), evidence.ErrAhead},
		{"a hole", at5, link(100, 7, 7, 6, 7), evidence.ErrAhead},
		{"a hole before a gap", at5, gapLink(100, 7, 9, 6, 9, 70), evidence.ErrAhead},
		{"another predecessor", at5, link(100, 6, 6, 99, 6), evidence.ErrBreak},
		{"a gap after another predecessor", at5, gapLink(100, 6, 9, 99, 9, 60), evidence.ErrBreak},
		{"the head again", at5, link(100, 5, 5, 4, 5), evidence.ErrBehind},
		{"an old number", at5, link(100, 1, 1, 0, 1), evidence.ErrBehind},
		{"a gap over what is stored", at5, gapLink(100, 2, 5, 1, 5, 20), evidence.ErrBehind},
		{"a gap from what is stored to beyond", at5, gapLink(100, 4, 9, 3, 9, 40), evidence.ErrOverlap},
		{"the first item with number 2", evidence.Chain{}, link(100, 2, 2, 1, 2), evidence.ErrAhead},
	} {
		got, err := c.chain.Next(c.link)
		if !errors.Is(err, c.want) || got != c.chain {
			t.Errorf("%s: Next = %+v, %v, want the chain as it was and %v", c.name, got, err, c.want)
		}
	}
}

func TestRepeat(t *testing.T) {
	for _, c := range []struct {
		name      string
		link      evidence.Link
		stored    evidence.Hash
		storedGap bool
		want      error
	}{
		{"the same batch", link(1, 5, 5, 4, 5), evidence.Hash{5}, false, evidence.ErrDuplicate},
		{"the same gap", gapLink(1, 3, 5, 2, 5, 30), evidence.Hash{30}, true, evidence.ErrDuplicate},
		{"a batch where another is", link(1, 5, 5, 4, 55), evidence.Hash{5}, false, evidence.ErrFork},
		{"a batch that a gap begins with", link(1, 3, 3, 2, 3), evidence.Hash{30}, true, evidence.ErrCovered},
		{"a batch within a gap", link(1, 4, 4, 3, 4), evidence.Hash{}, false, evidence.ErrCovered},
		{"a gap where a batch is", gapLink(1, 3, 5, 2, 5, 30), evidence.Hash{3}, false, evidence.ErrOverlap},
		{"another gap", gapLink(1, 3, 5, 2, 5, 31), evidence.Hash{30}, true, evidence.ErrCovered},
	} {
		if err := evidence.Repeat(c.link, c.stored, c.storedGap); !errors.Is(err, c.want) {
			t.Errorf("%s: Repeat = %v, want %v", c.name, err, c.want)
		}
	}
}

func TestFollows(t *testing.T) {
	c := evidence.Chain{Epoch: 1, Seq: 1, Through: t0.Add(time.Minute)}
	for _, s := range []struct {
		name  string
		epoch uint64
		from  time.Duration
		ok    bool
	}{
		{"overlap", 1, time.Minute - time.Millisecond, false},
		{"seamless", 1, time.Minute, true},
		{"hole", 1, time.Hour, true},
		{"overlap with an older epoch", 2, 0, true},
	} {
		l := link(s.epoch, 2, 2, 1, 2)
		l.From = t0.Add(s.from)
		if err := c.Follows(l); (err == nil) != s.ok {
			t.Errorf("%s: Follows = %v, want ok %t", s.name, err, s.ok)
		}
	}
}

// An agent seals items, loses some and says so, begins new epochs, and sends things
// twice and too early. Only what is next is taken, and everything is taken at last.
func TestChainProperty(t *testing.T) {
	p := newParty(t, "ams1-a", 1)
	rapid.Check(t, func(t *rapid.T) {
		story := tell(t, p)
		chain := evidence.Chain{}
		stored := map[[2]uint64]evidence.Link{}
		for sent := 0; sent < len(story); {
			i := sent
			if rapid.Bool().Draw(t, "wrong one") {
				i = rapid.IntRange(0, len(story)-1).Draw(t, "which")
			}
			item, err := evidence.OpenNote(story[i], p.known)
			if err != nil {
				t.Fatal(err)
			}
			l := item.Link()
			if i > sent && l.First == 1 {
				continue // it would end the epoch before: agents send in order
			}
			next, err := chain.Next(l)
			switch {
			case i == sent && err != nil:
				t.Fatalf("item %d is next: %v", i, err)
			case i > sent && !errors.Is(err, evidence.ErrAhead):
				t.Fatalf("item %d before %d: %v, want ErrAhead", i, sent, err)
			case errors.Is(err, evidence.ErrBehind):
				s := stored[[2]uint64{l.Epoch, l.First}]
				if err := evidence.Repeat(l, s.Hash, s.Gap); !errors.Is(err, evidence.ErrDuplicate) {
					t.Fatalf("item %d again: %v, want ErrDuplicate", i, err)
				}
			case i < sent && !errors.Is(err, evidence.ErrEnded):
				t.Fatalf("item %d after %d: %v, want ErrBehind or ErrEnded", i, sent, err)
			}
			if err != nil {
				continue
			}
			if err := chain.Follows(l); err != nil {
				t.Fatalf("item %d: %v", i, err)
			}
			chain, sent = next, sent+1
			stored[[2]uint64{l.Epoch, l.First}] = l
		}
	})
}

// tell returns the notes of one chain in their order.
func tell(t *rapid.T, p party) (story [][]byte) {
	chain := evidence.Chain{Through: t0}
	begins := ""
	for n := range rapid.IntRange(1, 12).Draw(t, "items") {
		if n == 0 || rapid.IntRange(0, 9).Draw(t, "epoch") == 0 {
			chain = evidence.Chain{Epoch: uint64(t0.UnixMilli()) + uint64(n), Through: chain.Through}
			begins = evidence.BeginsHeadLost
		}
		lost := 0
		if rapid.IntRange(0, 3).Draw(t, "gap") == 0 {
			lost = rapid.IntRange(1, 3).Draw(t, "lost")
		}
		g := evidence.GapHeader{
			Identity: identity(), Stream: "availability", Epoch: chain.Epoch, First: chain.Seq + 1, Prev: chain.Hash, Begins: begins,
			Boot: "b", From: chain.Through, Reason: evidence.GapQueueFull, Sealed: t0,
		}
		for range max(lost, 1) {
			h := firstHeader()
			h.Epoch, h.Seq, h.Prev, h.Begins = chain.Epoch, chain.Seq+1, chain.Hash, begins
			h.From, h.Through = chain.Through, chain.Through.Add(time.Minute)
			b, err := evidence.SealBatch(h, nil, p.signer)
			if err != nil {
				t.Fatal(err)
			}
			begins = ""
			// The agent's own view moves on before anything is known to be lost.
			chain = evidence.Chain{Epoch: h.Epoch, Seq: h.Seq, Hash: b.Hash, Through: h.Through}
			if lost == 0 {
				story = append(story, b.Raw)
			}
		}
		if lost > 0 {
			g.Seq, g.Last, g.Through = chain.Seq, chain.Hash, chain.Through
			note, err := evidence.SealGap(g, p.signer)
			if err != nil {
				t.Fatal(err)
			}
			story = append(story, note.Raw)
		}
	}
	return story
}
