// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"slices"
	"time"

	"github.com/vouch-sla/vouch/evidence"
)

// gapRestart is the reason of the gap over what was sealed, and lay in memory alone
// when the agent ended: its disk did not take it.
const gapRestart = "restart"

// reconcile makes the chain follow on what the collector has of it, there; a zero
// there says that it has nothing. What the collector already has leaves the queue, and
// what it had and lost is sent again, as far as it is kept here; what was sealed and is
// in neither place becomes a gap for the reason; where the two sides contradict each
// other a new epoch begins and says why. It reports whether anything new has to be sent.
func (c *chain) reconcile(a author, there evidence.Chain, reason string, stow func()) (changed bool, err error) {
	c.known = true
	if n, ok := c.stored(there); ok {
		c.drop(n)
		return false, nil
	}
	changed = c.again(a, there, reason)
	base, from := c.base()
	switch {
	case base.Epoch == 0 && c.begins == "": // no head of our own
		c.begins = evidence.BeginsFirstStart
		if there.Epoch > 0 {
			c.begins = evidence.BeginsHeadLost
			c.floor = max(c.floor, there.Epoch)
		}
		return changed, nil
	case base.Epoch == 0: // the next batch begins an epoch anyway
		c.floor = max(c.floor, there.Epoch)
		return changed, nil
	case there.Epoch > base.Epoch, there.Epoch == base.Epoch && there.Seq > base.Seq:
		// Our state is an older one. What it holds up to there was sent from the newer.
		done := time.Time{}
		if !c.met {
			done = there.Through
		}
		return true, c.restart(a, evidence.BeginsHeadLost, reason, there, done, stow)
	case !c.met && c.acked.before(there.Epoch, there.Seq) && base.Seq == 0 && c.queue[0].link.From.Before(there.Through):
		// An older state as well, that has begun an epoch before it knew.
		return true, c.restart(a, c.queue[0].begins, reason, there, there.Through, stow)
	case there.Epoch == base.Epoch && there.Seq == base.Seq && there.Hash != base.Hash:
		return true, c.restart(a, evidence.BeginsChainRefused, reason, there, time.Time{}, stow)
	case there.Epoch == base.Epoch && there.Seq == base.Seq, base.Seq == 0:
		// In step, or nothing but the queue is missing.
	default:
		if err := c.sealGap(a, base, from, there, reason); err != nil {
			return false, err
		}
		changed = true
	}
	return changed, nil
}

// stored returns how many notes of the queue the collector has when the last that it
// has is one of them, or the one just before them.
func (c *chain) stored(there evidence.Chain) (n int, ok bool) {
	for i, s := range c.queue {
		if s.link.Epoch == there.Epoch && s.link.Seq == there.Seq && s.link.Head == there.Hash {
			return i + 1, true
		}
	}
	return 0, false
}

// again puts what was acknowledged after there, and is kept, before the queue. It
// reports whether there was anything.
func (c *chain) again(a author, there evidence.Chain, reason string) bool {
	at := cursor{there.Epoch, there.Seq}
	first := slices.IndexFunc(c.kept, func(k keptNote) bool { return at.before(k.epoch, k.seq) })
	if first < 0 {
		return false
	}
	var list []sealedNote
	for _, k := range c.kept[first:] {
		if n, err := a.load(c.Stream, k.at); err == nil { // or else fill makes a gap of it
			list = append(list, n)
		}
	}
	if len(list) == 0 {
		return false
	}
	c.kept = c.kept[:first]
	c.acked = at
	c.queue = append(list, c.queue...)
	c.fill(a, reason)
	return true
}

// fill seals gaps over what is missing in the queue, and between it and the head. What is lost before the queue is reconcile's. Where the
// hash of the last lost note is not known, the end of an epoch stays open.
func (c *chain) fill(a author, reason string) {
	var out []sealedNote
	add := func(g evidence.GapHeader) {
		if n, err := c.gap(a, g, reason); err == nil {
			out = append(out, n)
			c.queued += n.held()
		}
	}
	for i, n := range c.queue {
		if i > 0 {
			p, l := c.queue[i-1].link, n.link
			switch {
			case l.Epoch == p.Epoch && l.First > p.Seq+1:
				add(evidence.GapHeader{Epoch: l.Epoch, First: p.Seq + 1, Seq: l.First - 1, Prev: p.Head, Last: l.Prev, From: p.Through, Through: l.From})
			case l.Epoch > p.Epoch && l.First > 1:
				g := evidence.GapHeader{Epoch: l.Epoch, First: 1, Seq: l.First - 1, Begins: evidence.BeginsHeadLost, Last: l.Prev, From: earlier(p.Through, l.From), Through: l.From}
				if l.Epoch == c.head.Epoch {
					g.Begins, g.From = c.head.Begins, c.head.From
				}
				add(g)
			}
		}
		out = append(out, n)
	}
	l, h := c.queue[len(c.queue)-1].link, c.head
	switch {
	case h.Epoch == l.Epoch && h.Seq > l.Seq:
		add(evidence.GapHeader{Epoch: h.Epoch, First: l.Seq + 1, Seq: h.Seq, Prev: l.Head, Last: h.Hash, From: l.Through, Through: h.Through})
	case h.Epoch > l.Epoch:
		add(evidence.GapHeader{Epoch: h.Epoch, First: 1, Seq: h.Seq, Begins: h.Begins, Last: h.Hash, From: h.From, Through: h.Through})
	}
	c.queue = out
}

// base is the item before the queue, and where its epoch's first item began. The
// zero head says that the queue begins an epoch or that nothing was ever sealed.
func (c *chain) base() (base head, from time.Time) {
	if len(c.queue) == 0 {
		return c.head, c.head.From
	}
	l := c.queue[0].link
	base = head{Epoch: l.Epoch, Seq: l.First - 1, Hash: l.Prev, Begins: c.head.Begins, Through: l.From}
	if l.Epoch != c.head.Epoch { // how that epoch began is forgotten by now
		base.Begins = evidence.BeginsHeadLost
		return base, l.From
	}
	return base, c.head.From
}

// sealGap says that the items after there up to base are lost, and puts that before
// the queue.
func (c *chain) sealGap(a author, base head, from time.Time, there evidence.Chain, reason string) error {
	g := evidence.GapHeader{
		Epoch: base.Epoch, First: 1, Seq: base.Seq, Last: base.Hash, Begins: base.Begins,
		From: from, Through: base.Through,
	}
	if base.Epoch != c.head.Epoch && !there.Through.IsZero() { // when it began is forgotten
		g.From = earlier(g.From, there.Through)
	}
	if there.Epoch == base.Epoch && there.Seq > 0 {
		g.First, g.Prev, g.Begins, g.From = there.Seq+1, there.Hash, "", there.Through
	}
	n, err := c.gap(a, g, reason)
	if err != nil {
		return err
	}
	c.queue = append([]sealedNote{n}, c.queue...)
	c.queued += n.held()
	c.why = ""
	return nil
}

// gap seals a gap of which the place in the chain is known.
func (c *chain) gap(a author, g evidence.GapHeader, reason string) (n sealedNote, err error) {
	g.Identity = evidence.Identity{Agent: a.agent, Location: c.location, Customer: c.Customer}
	g.Stream, g.Boot, g.Reason, g.Sealed = c.Stream, a.boot, reason, stamp(a.now())
	if g.From.After(g.Through) { // the clock was set back in between
		g.From = g.Through
	}
	if g.Nonce, err = a.nonce(); err != nil {
		return n, err
	}
	gap, err := evidence.SealGap(g, a.signer)
	if err != nil {
		return n, err
	}
	l := gap.Link()
	l.Identity, l.Stream = g.Identity, g.Stream                                      // not a part of the text
	return sealedNote{link: l, raw: gap.Raw, size: len(gap.Raw), durable: true}, nil // takes no number that is not on disk
}

// replace puts a gap in the place of a note that the disk did not give back.
func (c *chain) replace(a author, i int) error {
	s := c.queue[i]
	n, err := c.gap(a, evidence.GapHeader{
		Epoch: s.link.Epoch, First: s.link.First, Seq: s.link.Seq, Prev: s.link.Prev, Last: s.link.Head,
		Begins: s.begins, From: s.link.From, Through: s.link.Through,
	}, evidence.GapDamaged)
	if err != nil {
		return err
	}
	c.queued += n.held() - s.held()
	c.queue[i] = n
	return nil
}
