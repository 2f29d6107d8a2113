// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/journal"
	"github.com/vouch-sla/vouch/internal/wire"
)

// This file is the side of the spool that faces the collector.

// size returns the bytes that are pending and queued.
func (s *spool) size() (pending, queued int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pending, s.queued
}

// strange reports whether there is a chain of which it is not known where it stands
// at the collector, and which is not to be left alone for now.
func (s *spool) strange() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	for _, c := range s.chains {
		if !c.known && !c.quiet.After(now) {
			return true
		}
	}
	return false
}

// stuck reports whether a chain waits because it was refused.
func (s *spool) stuck() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.chains {
		if c.refusals > 0 {
			return true
		}
	}
	return false
}

// reconcile compares every chain that is not known with what the collector has.
func (s *spool) reconcile(heads []wire.Head) {
	there := make(map[chainKey]evidence.Chain, len(heads))
	for _, h := range heads {
		there[chainKey{h.Customer, h.Stream}] = h.Chain()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	for k, c := range s.chains {
		if c.known || c.quiet.After(now) {
			continue
		}
		reason := s.lossReason(c)
		if c.why == "" && (c.met || c.refusals > 0) {
			reason = evidence.GapLostThere
		}
		var changed bool
		kept := len(c.kept)
		err := s.change(c, func() (err error) {
			epoch, stow := c.head.Epoch, func() { s.stow(c) }
			changed, err = c.reconcile(s.author, there[k], reason, stow)
			if err == nil && !changed && c.refusals == 2 {
				err = c.restart(s.author, evidence.BeginsChainRefused, reason, there[k], time.Time{}, stow)
			}
			if c.head.Epoch != epoch {
				s.void(k, c.head.Epoch) // it was sealed again
			}
			return err
		})
		s.ackedSince(c, kept)
		if err != nil {
			s.log.Error("chain cannot be continued", "customer", string(k.Customer), "stream", string(k.Stream), "err", err)
			c.known, c.quiet = false, now.Add(longWait)
			continue
		}
		switch {
		case c.begins == evidence.BeginsFirstStart:
		case c.begins != "":
			s.log.Warn("chain begins a new epoch", "customer", string(k.Customer), "stream", string(k.Stream), "begins", c.begins)
		case changed:
			s.log.Warn("chain goes on after a gap or under a new epoch", "customer", string(k.Customer), "stream", string(k.Stream), "queued", len(c.queue))
		}
		c.met = true
		c.due = earlier(c.due, now) // what waited for this is sealed now
	}
	poke(s.wake)
}

// outgoing returns notes to send: those whose heads are on disk, in the order of
// their chains, the oldest evidence first. Where the disk has taken no heads for a while,
// those in memory leave as well: a flash that died must not silence the agent. Should it
// then end before the disk works, the next run finds the collector ahead of its heads,
// and begins a new epoch.
func (s *spool) outgoing(most, bytes int) []outNote {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	dead := s.headsDown.Load() && now.Sub(s.headsFailed) >= s.patience
	var chains []*chain
	for _, c := range s.chains {
		if c.known && len(c.queue) > 0 && !c.quiet.After(now) {
			chains = append(chains, c)
		}
	}
	slices.SortFunc(chains, func(a, b *chain) int {
		if a.Stream != b.Stream {
			return strings.Compare(string(a.Stream), string(b.Stream)) // availability first
		}
		return a.queue[0].link.From.Compare(b.queue[0].link.From)
	})
	var notes []outNote
	for _, c := range chains {
		for _, n := range c.queue {
			size := wire.FrameSize(nil) + n.size
			if !n.durable && !dead || len(notes) == most || (len(notes) > 0 && size > bytes) {
				break
			}
			bytes -= size
			notes = append(notes, outNote{c.chainKey, n})
		}
	}
	return notes
}

// texts makes notes ready to be sent: packed, read where they lie on disk alone. It leaves
// out those of which the disk gives nothing back, with what follows them in their chain.
// What is damaged becomes a gap.
func (s *spool) texts(notes []outNote) []outNote {
	held := map[chainKey]bool{}
	out := notes[:0]
	for _, n := range notes {
		if held[n.key] {
			continue
		}
		if n.note.held() == 0 {
			var err error
			if n.note, err = s.disk.read(n.key.Stream, n.note); err != nil {
				held[n.key] = true
				s.unread(n, err)
				continue
			}
		}
		if n.note.packed == nil {
			n.note.packed = s.disk.pack.note(n.note.raw)
		}
		n.note.raw = nil
		out = append(out, n)
	}
	return out
}

// mostReads is how often a note is read before a disk that gives errors has lost it.
const mostReads = 12

// unread deals with a note that the disk does not give back: damage becomes a gap at
// once, an error after some tries.
func (s *spool) unread(n outNote, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.chains[n.key]
	if c == nil {
		return
	}
	i := slices.IndexFunc(c.queue, func(q sealedNote) bool { return q.link.Hash == n.note.link.Hash })
	if i < 0 {
		return // dropped in the meantime
	}
	c.reads++
	lost := errors.Is(err, journal.ErrDamaged) || errors.Is(err, errRecord) || errors.Is(err, fs.ErrNotExist)
	if !lost && c.reads < mostReads {
		c.quiet = time.Now().Add(stuckIdle)
		return
	}
	s.counts.damaged.Add(1)
	s.log.Error("batch in the spool is damaged: it becomes a signed gap", "customer", string(c.Customer), "stream", string(c.Stream), "seq", n.note.link.Seq, "err", err)
	if err := s.change(c, func() error { return c.replace(s.author, i) }); err != nil {
		s.log.Error("gap cannot be sealed", "customer", string(c.Customer), "err", err)
	}
	c.reads = 0
	poke(s.ready)
}

// settle does what the collector's answers ask for: an acknowledged note leaves the
// queue, a refused one makes its chain be compared again.
func (s *spool) settle(notes []outNote, results []wire.Result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	refused := map[chainKey]bool{}
	for i, n := range notes {
		c := s.chains[n.key]
		if c == nil || refused[n.key] || len(c.queue) == 0 || c.queue[0].link.Hash != n.note.link.Hash {
			continue // refused already: the rest of its chain only follows
		}
		r := results[i]
		if !r.Status.Acknowledged() {
			refused[n.key] = true
			s.refuse(c, r)
			continue
		}
		before, kept := c.queued, len(c.kept)
		c.drop(1)
		s.ackedSince(c, kept)
		s.queued += c.queued - before
		c.why, c.reads = "", 0
		s.full.Store(false)
		if c.refusals > 0 {
			s.log.Info("chain is accepted again", "customer", string(c.Customer), "stream", string(c.Stream))
		}
		c.refusals = 0
		s.counts.uploaded.Add(1)
		s.counts.lastAck.Store(time.Now().UnixNano())
		if r.Status == wire.StatusRejected {
			s.counts.rejected.Add(1)
			s.log.Warn("batch was stored as rejected: it yields no outcome", "customer", string(c.Customer), "stream", string(c.Stream), "reason", clip(r.Reason))
		}
	}
	poke(s.wake) // there may be room again
}

// refuse takes note of a refusal. The first makes the chain be compared with the
// collector's, the second in a row, where that shows no difference, begins a new
// epoch; after that the chain is only tried from time to time. The caller holds mu.
func (s *spool) refuse(c *chain, r wire.Result) {
	s.counts.refused.Add(1)
	c.known = false
	c.refusals++
	if c.refusals == 1 {
		s.log.Warn("batch was refused", "customer", string(c.Customer), "stream", string(c.Stream), "reason", clip(r.Reason))
	}
	if !s.assigned[c.Customer] {
		// The agent no longer speaks for this customer, and nobody would take it.
		s.log.Warn("batches of a customer who is not assigned any more are given up", "customer", string(c.Customer), "stream", string(c.Stream), "notes", len(c.queue))
		s.queued -= c.queued
		s.pending -= c.pend.bytes
		c.queue, c.queued, c.pend, c.refusals, c.known = nil, 0, pending{}, 0, true
		s.void(c.chainKey, c.head.Epoch+1)
		return
	}
	if c.refusals > 2 {
		c.quiet = time.Now().Add(min(longWait*5, firstWait<<min(c.refusals, 10)))
	}
}

// clip bounds what is logged of another's text.
func clip(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' ' // it may be shown on a terminal
		}
		return r
	}, strings.ToValidUTF8(s[:min(len(s), 300)], ""))
}
