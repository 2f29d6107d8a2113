// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch"
)

// Item is what a chain consists of: a [Batch] or a [Gap].
type Item interface{ Link() Link }

// Link is an item as its chain sees it.
type Link struct {
	Identity
	KeyHash uint32
	Stream  vouch.Stream
	Epoch   uint64
	First   uint64 // the first number that the item takes: its key in the store
	Seq     uint64 // the last number that it takes; equals First for a batch
	Prev    Hash   // of the note before First; zero for none
	Head    Hash   // what the next item names as its Prev: the batch's own hash, a gap's Last
	Hash    Hash   // of the note itself
	Gap     bool
	From    time.Time
	Through time.Time
}

// OpenNote opens a batch or a gap, whichever raw is.
func OpenNote(raw []byte, verifiers note.Verifiers) (Item, error) {
	switch kind, _, _ := Peek(raw); kind {
	case "batch":
		return OpenBatch(raw, verifiers)
	case "gap":
		return OpenGap(raw, verifiers)
	}
	head := raw[:min(len(raw), 40)]
	line, _, _ := strings.Cut(string(head), "\n")
	return nil, fmt.Errorf("note that begins %q is neither a batch nor a gap, or does not name its agent, location and customer", line)
}

// Chain is where the items of one (customer, agent key, stream) stand: the latest
// epoch and its last number. The zero value is the chain before its first item.
type Chain struct {
	Epoch   uint64
	Seq     uint64
	Hash    Hash      // what the next item must name as its Prev
	Through time.Time // how far the agent has vouched
}

// What [Chain.Next] and [Repeat] find, for the collector, which answers each of
// them differently.
var (
	// ErrEnded: the item belongs to an epoch before the latest, which ended when
	// the latest began.
	ErrEnded = errors.New("epoch has ended")
	// ErrAhead: items before this one are missing. The agent sends from the
	// expected number on, or a gap.
	ErrAhead = errors.New("items before it are missing")
	// ErrBreak: the number is the expected one but the item before it is another
	// than the one that is stored. The agent begins a new epoch.
	ErrBreak = errors.New("chain is broken")
	// ErrBehind: the number is taken. [Repeat] says what that means.
	ErrBehind = errors.New("number is already taken")
	// ErrOverlap: some items that a gap says are lost are stored. The agent seals a
	// gap from the expected number on, if anything is lost at all. It is no fork.
	ErrOverlap = errors.New("gap covers items that are stored")

	// ErrDuplicate: the very item is stored. It is acknowledged again.
	ErrDuplicate = errors.New("item is already stored")
	// ErrCovered: an accepted gap said that this item is lost. It is no fork.
	ErrCovered = errors.New("item was given up by a gap")
	// ErrFork: one number, two different batches, both signed: equivocation. It is
	// refused, alarmed and kept.
	ErrFork = errors.New("another batch with the same number is stored")
)

// Next returns the chain with one more item, or why the item does not follow.
func (c Chain) Next(l Link) (Chain, error) {
	after := Chain{Epoch: l.Epoch, Seq: l.Seq, Hash: l.Head, Through: l.Through}
	switch {
	case l.Epoch < c.Epoch:
		return c, fmt.Errorf("%w: epoch %d, when %d began", ErrEnded, l.Epoch, c.Epoch)
	case l.Epoch > c.Epoch && l.First == 1:
		return after, nil
	case l.Epoch > c.Epoch:
		return c, fmt.Errorf("%w: new epoch %d starts with number %d, expected 1", ErrAhead, l.Epoch, l.First)
	case l.First > c.Seq+1:
		return c, fmt.Errorf("%w: number %d, expected %d of epoch %d", ErrAhead, l.First, c.Seq+1, c.Epoch)
	case l.Gap && l.First <= c.Seq && l.Seq > c.Seq:
		return c, fmt.Errorf("%w: gap from %d, stored up to %d of epoch %d", ErrOverlap, l.First, c.Seq, c.Epoch)
	case l.First <= c.Seq:
		return c, fmt.Errorf("%w: number %d, expected %d of epoch %d", ErrBehind, l.First, c.Seq+1, c.Epoch)
	case l.Prev != c.Hash:
		return c, fmt.Errorf("%w: number %d of epoch %d follows %s, stored is %s", ErrBreak, l.First, l.Epoch, l.Prev, c.Hash)
	}
	return after, nil
}

// Follows reports why the time of an item does not follow on the chain before it:
// within an epoch no instant is spoken for twice. The answer is the reason of a
// rejected leaf. A hole is allowed here and listed by who verifies.
func (c Chain) Follows(l Link) error {
	if l.Epoch == c.Epoch && l.From.Before(c.Through) {
		return fmt.Errorf("begins at %s, but the item before it reached %s", AppendTime(nil, l.From), AppendTime(nil, c.Through))
	}
	return nil
}

// Repeat says what an item is for which [Chain.Next] returned [ErrBehind]: stored is
// the hash of the note that is stored under its key (its First), or zero where a gap
// covers that number; storedGap tells whether that note is a gap. Only two different
// batches are a fork.
func Repeat(l Link, stored Hash, storedGap bool) error {
	switch {
	case l.Hash == stored:
		return ErrDuplicate
	case stored.IsZero() || storedGap:
		return fmt.Errorf("%w: number %d of epoch %d", ErrCovered, l.First, l.Epoch)
	case l.Gap:
		return fmt.Errorf("%w: all of numbers %d to %d of epoch %d", ErrOverlap, l.First, l.Seq, l.Epoch)
	}
	return fmt.Errorf("%w: number %d of epoch %d is %s and %s", ErrFork, l.First, l.Epoch, stored, l.Hash)
}
