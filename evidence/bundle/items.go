// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
	"github.com/vouch-sla/vouch/evidence/columns"
)

// item is a batch or a gap as it was read from the bundle.
type item struct {
	where   string
	leaf    int32 // index among the leaves
	link    evidence.Link
	begins  string
	dropped uint64
	samples []found
	bytes   int
	values  int
	// baseless says that it was rejected, and that nothing is to be seen wrong with it but
	// perhaps its place in the chain.
	baseless bool
	wrong    error // why it must not count, where it does
	unread   error // why it cannot be used at all
}

// found is one sample, with whom it is of.
type found struct {
	device  vouch.DeviceID // empty for a reference
	name    string
	kind    vouch.Kind
	gateway bool
	sample  contract.Sample
}

// opener opens a note. Several run at once, each with a reader of its own.
type opener func(raw []byte, where string, r *evidence.Reader) *item

// maxUnread bounds how many notes of one file are read in vain.
const maxUnread = 20

// readDay reads the items of a file in their order, several at once: most of the time
// goes into signatures and lines. It ends early where take returns false.
func (v *verifier) readDay(name string, open opener, take func(*item) bool) error {
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
	const ahead = 16 // a note may be a megabyte
	work, order, stop := make(chan task, ahead), make(chan task, ahead), make(chan struct{})
	var running sync.WaitGroup
	defer running.Wait()
	defer close(stop)
	var failed error
	running.Go(func() {
		defer close(order)
		defer close(work)
		r := columns.NewReader(f)
		for n := 0; ; n++ {
			raw, err := r.Next()
			if err != nil {
				if !errors.Is(err, io.EOF) {
					failed = err // seen by the reader of order after it is closed
				}
				return
			}
			t := task{raw, n, make(chan *item, 1)}
			for _, c := range []chan task{work, order} {
				select {
				case c <- t:
				case <-stop:
					return
				}
			}
		}
	})
	for range max(runtime.GOMAXPROCS(0), 1) {
		running.Go(func() {
			var r evidence.Reader
			for t := range work {
				t.done <- open(t.raw, fmt.Sprintf("%s, note %d", name, t.n), &r)
			}
		})
	}
	unread := 0
	for t := range order {
		i := <-t.done
		if i.unread != nil {
			unread++
		}
		if !take(i) || unread > maxUnread {
			return nil
		}
	}
	return failed
}

// openNote verifies the signature of a note and finds its leaf. It only looks things
// up: several run at once.
func (v *verifier) openNote(raw []byte, where string, stream vouch.Stream) (*item, evidence.Item, *leafInfo) {
	out := &item{where: where, bytes: len(raw)}
	it, err := evidence.OpenNote(raw, v.agents)
	if err != nil {
		_, agent, _ := evidence.Peek(raw)
		out.unread = fmt.Errorf("a note of agent %q cannot be opened: %w", agent, err)
		return out, nil, nil
	}
	out.link = it.Link()
	l := out.link
	if l.Stream != stream {
		out.unread = fmt.Errorf("%s %d of agent %s is of the stream %s", kindOf(l), l.First, l.Agent, l.Stream)
		return out, nil, nil
	}
	n, ok := v.leaves.at[l.Hash]
	if !ok {
		out.unread = fmt.Errorf("%s %d of agent %s is not among the leaves of the ledger", kindOf(l), l.First, l.Agent)
		return out, nil, nil
	}
	out.leaf = n
	i := &v.leaves.items[n]
	switch c := i.chain; {
	case l.Customer != v.name, c.agent != l.Agent, c.key != l.KeyHash, c.stream != l.Stream, c.epoch != l.Epoch, i.seq != l.First,
		i.kind == itemGap && !l.Gap, i.kind == itemBatch && l.Gap:
		out.unread = fmt.Errorf("%s %d of agent %s is not what leaf %d says: %v %d of agent %s", kindOf(l), l.First, l.Agent, i.index, i.kind, i.seq, c.agent)
		return out, nil, nil
	}
	return out, it, i
}

// openItem reads what an item of availability says.
func (v *verifier) openItem(raw []byte, where string, r *evidence.Reader) *item {
	out, it, leaf := v.openNote(raw, where, vouch.Availability)
	if out.unread != nil {
		return out
	}
	var err error
	b, isBatch := it.(evidence.Batch)
	if isBatch {
		out.dropped, out.begins = b.Dropped, b.Begins
		err = v.readBatch(out, b, leaf, r)
	} else {
		out.begins = it.(evidence.Gap).Begins
		err = v.standing(out.link, leaf)
	}
	switch {
	case leaf.kind == itemRejected:
		out.baseless, out.samples, out.values = err == nil, nil, 0
	case err != nil:
		out.wrong, out.samples, out.values = err, nil, 0
	}
	return out
}

// standing returns why an item must not count, whatever stands in it.
func (v *verifier) standing(l evidence.Link, leaf *leafInfo) error {
	if at, _, ok := v.book.Speaker(l.Agent); ok && at != l.Location {
		return fmt.Errorf("it names location %s, the agent stands at %s", l.Location, at)
	}
	k := v.keys[keyID{l.Agent, l.KeyHash}]
	switch received := time.UnixMilli(leaf.received); {
	case leaf.index < k.index:
		return fmt.Errorf("the ledger names its key only later, at leaf %d", k.index)
	case !k.revoked.IsZero() && received.After(k.revoked):
		return fmt.Errorf("its key was revoked at %s, before it came in", utc(k.revoked))
	}
	return nil
}

// readBatch reads the samples of a batch, and returns why it yields none: what the
// collector should have rejected it for, but for time that was spoken for before, which
// its chain shows.
func (v *verifier) readBatch(out *item, b evidence.Batch, leaf *leafInfo, r *evidence.Reader) error {
	if err := v.standing(out.link, leaf); err != nil {
		return err
	}
	received := time.UnixMilli(leaf.received)
	out.samples = make([]found, 0, min(b.Count, len(b.Lines)/128+1))
	return r.Each(b, func(s *vouch.Sample) error {
		if !v.book.MayMeasure(*s) {
			if s.Device == "" {
				return fmt.Errorf("reference %s is not assigned to the agent", s.Reference)
			}
			return fmt.Errorf("check %s of device %s is not assigned to the agent", s.Check, s.Device)
		}
		f := found{s.Device, string(s.Check), s.Kind, s.Gateway, book.SampleOf(*s, book.Doubtful(*s, b.Clock, received))}
		if s.Device == "" {
			f.name = s.Reference
		}
		out.samples = append(out.samples, f)
		out.values += valuesOf(s)
		return nil
	})
}

func kindOf(l evidence.Link) string {
	if l.Gap {
		return "gap"
	}
	return "batch"
}

// valuesOf counts the values of a sample: its fields.
func valuesOf(s *vouch.Sample) int {
	n := 6 + len(s.Values) // outcome, duration, interval, timeout, sent, lost
	if s.Outcome != vouch.Up {
		n++
	}
	if s.RTT != (vouch.RTT{}) {
		n += 4
	}
	return n
}
