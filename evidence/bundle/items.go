// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"errors"
	"fmt"
	"io"
	"runtime"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
)

// item is a batch or a gap as it was read from the bundle.
type item struct {
	link    evidence.Link
	info    *leafInfo
	samples []found
	dropped uint64
	// baseless says that it was rejected, and that nothing is to be seen wrong with it but
	// perhaps its place in the chain.
	baseless bool
	values   int
	bad      []Finding // what is wrong with it
	unread   error     // it cannot be used at all
}

// found is one sample, with whom it is of.
type found struct {
	device  vouch.DeviceID // empty for a reference
	name    string
	kind    vouch.Kind
	gateway bool
	sample  contract.Sample
}

// readDay reads the items of a file in their order, several at once: most of the time
// goes into signatures and lines.
func (v *verifier) readDay(name string, yield func(*item) bool) error {
	f, err := v.open(name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	type task struct {
		raw  []byte
		n    int
		done chan *item
	}
	const ahead = 64
	work, order := make(chan task, ahead), make(chan task, ahead)
	stop := make(chan struct{})
	defer close(stop)
	var failed error
	go func() {
		defer close(order)
		defer close(work)
		r := newNotes(f)
		for {
			raw, err := r.next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				failed = err // seen by the reader of order after it is closed
				return
			}
			t := task{raw, r.n - 1, make(chan *item, 1)}
			for _, c := range []chan task{work, order} {
				select {
				case c <- t:
				case <-stop:
					return
				}
			}
		}
	}()
	for range max(runtime.GOMAXPROCS(0), 1) {
		go func() {
			for t := range work {
				t.done <- v.openItem(t.raw, fmt.Sprintf("%s, note %d", name, t.n))
			}
		}()
	}
	for t := range order {
		if !yield(<-t.done) {
			return nil
		}
	}
	return failed
}

// openItem verifies one item and reads what it says. It only looks things up: several
// run at once.
func (v *verifier) openItem(raw []byte, where string) *item {
	out := &item{}
	it, err := evidence.OpenNote(raw, v.agents)
	if err != nil {
		out.unread = fmt.Errorf("%s: %w", where, err)
		return out
	}
	out.link = it.Link()
	l := out.link
	out.info = v.known[l.Hash]
	wrong := func(t Topic, format string, args ...any) {
		out.bad = append(out.bad, Finding{t, where, fmt.Sprintf(format, args...)})
	}
	switch i := out.info; {
	case i == nil:
		out.unread = fmt.Errorf("%s: %s %d of agent %s is not among the leaves of the ledger", where, kindOf(l), l.First, l.Agent)
		return out
	case l.Customer != v.name, i.Agent != l.Agent, i.KeyHash != l.KeyHash, i.Stream != l.Stream, i.Epoch != l.Epoch, i.Seq != l.First,
		i.Kind == evidence.LeafGap && !l.Gap, i.Kind == evidence.LeafBatch && l.Gap:
		out.unread = fmt.Errorf("%s: it is not what leaf %d says: %s %d of agent %s", where, i.index, i.Kind, i.Seq, i.Agent)
		return out
	}
	b, isBatch := it.(evidence.Batch)
	if !isBatch {
		return out
	}
	out.dropped = b.Dropped
	err = v.usable(l, b)
	if out.info.Kind == evidence.LeafRejected {
		out.baseless = err == nil
		return out
	}
	if err != nil {
		wrong(TopicChain, "it counts, and must not: %v", err)
		return out
	}
	for line, err := range evidence.DecodeLines(b.Stream, b.Lines) {
		if err != nil {
			wrong(TopicChain, "%v", err)
			return out
		}
		s := line.Sample
		f := found{s.Device, string(s.Check), s.Kind, s.Gateway, book.SampleOf(s, book.Doubtful(s, b.Clock, out.info.Received))}
		if s.Device == "" {
			f.name = s.Reference
		}
		out.samples = append(out.samples, f)
		out.values += valuesOf(s)
	}
	return out
}

func kindOf(l evidence.Link) string {
	if l.Gap {
		return "gap"
	}
	return "batch"
}

// valuesOf counts the values of a sample: its fields.
func valuesOf(s vouch.Sample) int {
	n := 6 + len(s.Values) // outcome, duration, interval, timeout, sent, lost
	if s.Outcome != vouch.Up {
		n++
	}
	if s.RTT != (vouch.RTT{}) {
		n += 4
	}
	return n
}

// usable returns why a batch yields no outcome: what the collector should have rejected
// it for, but for time that was spoken for before, which its chain shows.
func (v *verifier) usable(l evidence.Link, b evidence.Batch) error {
	if at, _, ok := v.book.Speaker(l.Agent); ok && at != l.Location {
		return fmt.Errorf("it names location %s, the agent stands at %s", l.Location, at)
	}
	if err := evidence.CheckLines(b); err != nil {
		return err
	}
	for line, err := range evidence.DecodeLines(b.Stream, b.Lines) {
		if err != nil {
			return err
		}
		if !v.book.MayMeasure(line.Sample) {
			return fmt.Errorf("check %s%s of device %s is not assigned to the agent", line.Sample.Check, line.Sample.Reference, line.Sample.Device)
		}
	}
	return nil
}

// chainSeen is what is known of one epoch of one chain.
type chainSeen struct {
	leaves []*leafInfo // of the availability stream before the statement's checkpoint, by number
	links  []chainLink // of the items that are carried
}

// chainLink is what a chain is checked by.
type chainLink struct {
	first, last   uint64
	prev, head    evidence.Hash
	from, through int64 // Unix milliseconds
	gap, rejected bool
	baseless      bool // rejected, with nothing wrong to be seen in it
	dropped       uint64
	leaf          int64
}

// agentKeys learns the agents' keys from the records, and holds them against what was
// pinned.
func (v *verifier) agentKeys() bool {
	var verifiers []note.Verifier
	pinned, open := 0, 0
	seen := map[string]bool{}
	for _, k := range v.book.Keys() {
		if seen[k.Key] {
			continue
		}
		seen[k.Key] = true
		key, err := evidence.NewVerifier(k.Key)
		if err != nil {
			v.rep.wrong(TopicSigner, FileRecords, "the key of agent %s: %v", k.Agent, err)
			continue
		}
		verifiers = append(verifiers, key)
		switch this, any := v.pins.has(k.Key); {
		case this:
			pinned++
		case any:
			v.rep.wrong(TopicSigner, FileRecords, "agent %s speaks with the key %s, which is not the one that you named", k.Agent, k.Key)
		default:
			open++
		}
	}
	if pinned > 0 {
		v.rep.proven(TopicSigner, FileRecords, "%d agents' keys are those that you named", pinned)
	}
	if open > 0 {
		v.rep.open(TopicSigner, FileRecords, "that the keys of %d agents are theirs: the provider says so; name them with --key", open)
	}
	v.agents = note.VerifierList(verifiers...)
	return true
}
