// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/journal"
)

// maxBody bounds the lines of one batch, so that the note with its header and
// signature stays below 1 MB.
const maxBody = 900_000

// chainKey names one chain of this agent's key.
type chainKey struct {
	Customer vouch.CustomerID
	Stream   vouch.Stream
}

// head is where a chain stands on this side: its last sealed item, and what a gap
// over the whole epoch would have to say. The zero head is a chain before its first
// item.
type head struct {
	Epoch   uint64        `json:"epoch"`
	Seq     uint64        `json:"seq"`
	Hash    evidence.Hash `json:"hash"`
	Begins  string        `json:"begins"` // why the epoch began
	From    time.Time     `json:"from"`   // of the first item of the epoch
	Through time.Time     `json:"through"`
	Rows    uint64        `json:"rows"` // rows up to this number and before Through are sealed
}

// sealedNote is an item that the collector has not acknowledged.
type sealedNote struct {
	link    evidence.Link
	begins  string // why its epoch began; empty but for the first of one
	raw     []byte // its text; nil where it is packed, or lies on disk alone
	packed  []byte // its text as a zstd frame, as it is sent and lies on disk
	size    int    // of the text
	rows    uint64 // rows up to this number and before link.Through are sealed in it or before
	durable bool   // the head that names it is on disk: it may leave
	stored  bool   // it lies on disk itself
	at      journal.Pos
}

// held returns how many bytes of memory its text takes.
func (n *sealedNote) held() int { return len(n.raw) + len(n.packed) }

// letGo forgets the text, which lies on disk.
func (n *sealedNote) letGo() { n.raw, n.packed = nil, nil }

// keptNote is a note that was acknowledged and still lies on disk, for a collector
// that is restored from an older back-up.
type keptNote struct {
	epoch, seq uint64
	at         journal.Pos
}

// author is who signs, and what every note of this run says.
type author struct {
	signer   note.Signer
	verifier note.Verifier
	agent    vouch.AgentID
	boot     string
	nonce    func() (evidence.Nonce, error)
	clock    func(era uint64) evidence.Clock
	now      func() time.Time
	rows     func() uint64                                            // the number of the latest row
	load     func(s vouch.Stream, at journal.Pos) (sealedNote, error) // from disk, without its text
	text     func(s vouch.Stream, n sealedNote) ([]byte, error)       // of a note, from disk where it is there alone
}

// cursor is a place in a chain.
type cursor struct {
	Epoch uint64 `json:"epoch"`
	Seq   uint64 `json:"seq"`
}

func (c cursor) before(epoch, seq uint64) bool {
	return c.Epoch < epoch || c.Epoch == epoch && c.Seq < seq
}

// chain is one chain: what is not sealed yet, where it stands, and what is sealed
// and not acknowledged. Its owner guards it.
type chain struct {
	chainKey
	location vouch.LocationID

	pend    pending
	era     uint64          // of the stamps in pend; 0 before the first
	clock   *evidence.Clock // of pend, where it is not that of the era
	waiting []fresh         // samples of later eras
	dropped uint64          // samples dropped since the last batch
	lost    uint64          // samples that could not be sealed, in this run
	from    time.Time       // where the next batch begins; zero before the first sample

	known    bool      // the collector's side of the chain has been compared with ours
	reads    int       // of a note that failed
	refusals int       // by the collector, since it accepted anything
	quiet    time.Time // after refusals: left alone until then

	head   head
	saved  head   // as it is on disk
	floor  uint64 // the next epoch must be above it
	begins string // why the next batch begins an epoch; empty when it continues one
	queue  []sealedNote
	queued int        // bytes in queue, as far as they are in memory
	kept   []keptNote // acknowledged, the oldest first
	acked  cursor     // the last note that was acknowledged
	why    string     // why items before the queue are lost; empty when nobody knows
	met    bool       // compared with the collector's side in this run

	spoken   bool      // something was sealed in this run
	phase    uint64    // where in each interval it is sealed
	due      time.Time // when it is sealed next, events apart
	last     time.Time // when it was sealed last
	urgent   time.Time // stamp of a sample that should not wait; zero for none
	hotUntil time.Time // until then it is sealed every hotEvery
	hotEvery time.Duration
}

// add takes the encoded lines of a sample in.
func (c *chain) add(r row) {
	if c.from.IsZero() || (!c.spoken && r.at.Before(c.from)) {
		c.from = r.at
	}
	c.pend.add(r)
}

// steppedBack reports whether a sample with the stamp at lies in a range of time for
// which this chain has already spoken.
func (c *chain) steppedBack(at time.Time) bool { return c.spoken && at.Before(c.from) }

// stepBack seals everything that was stamped before the clock was set back to at.
// The next batch then begins an epoch, because its time overlaps the last.
func (c *chain) stepBack(a author, at time.Time) error {
	if n := len(c.pend.rows); n > 0 {
		if err := c.seal(a, c.pend.rows[n-1].at.Add(time.Millisecond)); err != nil {
			return err
		}
	}
	c.from = at
	return nil
}

// seal makes batches of all that is pending before through and queues them.
func (c *chain) seal(a author, through time.Time) error {
	for {
		rows, lost, end := c.pend.take(through, maxBody)
		if len(lost) > 0 {
			c.lose(len(lost))
			continue
		}
		if len(rows) == 0 && (c.dropped == 0 || !end.After(c.from)) {
			return nil
		}
		size := 0
		for _, r := range rows {
			size += len(r.lines)
		}
		lines := make([]byte, 0, size)
		for _, r := range rows {
			lines = append(lines, r.lines...)
		}
		if err := c.sealLines(a, c.clockOf(a), lines, c.from, end, c.dropped); err != nil {
			c.lose(len(rows))
			return err
		}
		c.dropped, c.from = 0, end
		if len(c.pend.rows) == 0 {
			c.clock = nil
		}
	}
}

// lose takes note of n samples that cannot be sealed.
func (c *chain) lose(n int) {
	c.dropped += uint64(n)
	c.lost += uint64(n)
}

// sealLines makes one batch and queues it.
func (c *chain) sealLines(a author, clock evidence.Clock, lines []byte, from, through time.Time, dropped uint64) error {
	nonce, err := a.nonce()
	if err != nil {
		return err
	}
	if c.begins == "" && from.Before(c.head.Through) {
		c.begins = evidence.BeginsClockStepped
	}
	next := c.next(a.now(), from)
	b, err := evidence.SealBatch(evidence.BatchHeader{
		Identity: evidence.Identity{Agent: a.agent, Location: c.location, Customer: c.Customer},
		Stream:   c.Stream,
		Epoch:    next.Epoch,
		Seq:      next.Seq,
		Prev:     next.Hash,
		Begins:   c.begins,
		Nonce:    nonce,
		Boot:     a.boot,
		From:     from,
		Through:  through,
		Sealed:   stamp(a.now()),
		Clock:    clock,
		Dropped:  dropped,
	}, lines, a.signer)
	if err != nil {
		return err
	}
	next.Hash, next.Through, next.Rows = b.Hash, through, a.rows()
	c.head, c.begins, c.spoken = next, "", true
	l := b.Link()
	l.Identity = evidence.Identity{Agent: a.agent, Location: c.location, Customer: c.Customer} // not a part of the text
	l.Stream = c.Stream
	c.push(sealedNote{link: l, begins: strings.Clone(b.Begins), raw: b.Raw, size: len(b.Raw), rows: next.Rows})
	return nil
}

// next is the head with the number of the next item and the hash that it names as
// its predecessor.
func (c *chain) next(now, from time.Time) head {
	h := c.head
	if c.begins == "" {
		h.Seq++
		return h
	}
	epoch := max(uint64(max(0, now.UnixMilli())), h.Epoch+1, c.floor+1)
	return head{Epoch: epoch, Seq: 1, Begins: c.begins, From: from}
}

func (c *chain) push(n sealedNote) {
	c.queue = append(c.queue, n)
	c.queued += n.held()
}

// drop removes the first n notes of the queue, which the collector has. Those that
// lie on disk are kept there.
func (c *chain) drop(n int) {
	for i := range c.queue[:n] {
		s := &c.queue[i]
		c.queued -= s.held()
		c.acked = cursor{s.link.Epoch, s.link.Seq}
		if s.stored {
			c.kept = append(c.kept, keptNote{s.link.Epoch, s.link.Seq, s.at})
		}
	}
	clear(c.queue[:n])
	c.queue = c.queue[n:]
}
