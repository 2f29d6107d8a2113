// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"time"

	"github.com/vouch-sla/vouch/evidence"
)

// gapRestart is the reason of the gap over what was sealed and queued in memory
// when the agent ended.
const gapRestart = "restart"

// reconcile makes the chain follow on what the collector has of it, there; a zero
// there says that it has nothing. What the collector already has leaves the queue;
// what was sealed and is neither there nor in the queue becomes a gap for the reason;
// where the two sides contradict each other a new epoch begins and says why. It
// reports whether anything new has to be sent.
func (c *chain) reconcile(a author, there evidence.Chain, reason string) (changed bool, err error) {
	c.known = true
	if n, ok := c.stored(there); ok {
		c.drop(n)
		return false, nil
	}
	base, from := c.base()
	switch {
	case base.Epoch == 0 && c.begins == "": // no head of our own
		c.begins = evidence.BeginsFirstStart
		if there.Epoch > 0 {
			c.begins = evidence.BeginsHeadLost
			c.floor = max(c.floor, there.Epoch)
		}
		return false, nil
	case base.Epoch == 0: // the next batch begins an epoch anyway
		c.floor = max(c.floor, there.Epoch)
		return false, nil
	case there.Epoch > base.Epoch, there.Epoch == base.Epoch && there.Seq > base.Seq:
		return true, c.restart(a, evidence.BeginsHeadLost, there.Epoch)
	case there.Epoch == base.Epoch && there.Seq == base.Seq && there.Hash != base.Hash:
		return true, c.restart(a, evidence.BeginsChainRefused, there.Epoch)
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
		Identity: evidence.Identity{Agent: a.agent, Location: c.location, Customer: c.Customer},
		Stream:   c.Stream,
		Epoch:    base.Epoch,
		First:    1,
		Seq:      base.Seq,
		Last:     base.Hash,
		Begins:   base.Begins,
		Boot:     a.boot,
		From:     from,
		Through:  base.Through,
		Reason:   reason,
		Sealed:   stamp(a.now()),
	}
	if there.Epoch == base.Epoch && there.Seq > 0 {
		g.First, g.Prev, g.Begins, g.From = there.Seq+1, there.Hash, "", there.Through
	}
	var err error
	if g.Nonce, err = a.nonce(); err != nil {
		return err
	}
	gap, err := evidence.SealGap(g, a.signer)
	if err != nil {
		return err
	}
	s := sealedNote{link: gap.Link(), raw: gap.Raw, durable: true} // takes no number that is not on disk
	c.queue = append([]sealedNote{s}, c.queue...)
	c.queued += len(s.raw)
	return nil
}
