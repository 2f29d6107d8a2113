// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
	"github.com/vouch-sla/vouch/internal/wire"
)

// intake takes notes of agents in: bound, then verify the signature, then read, then
// one transaction that deduplicates, keeps the chain and appends to the ledger, and
// only then acknowledge. What cannot be used although it is signed and chained
// becomes a rejected leaf, so that an agent cannot stall on it and nobody can say
// later that it was never sent.
type intake struct {
	base   *atomic.Pointer[base]
	keys   *keyring
	book   *books
	ledger store.Ledger
	count  *counters
	wake   func(...vouch.CustomerID) // tells the readers of these ledgers
	now    func() time.Time
	log    *slog.Logger

	recorder *recorder // writes down what went wrong

	mu       sync.Mutex
	reported map[evidence.Hash]bool // notes that a record was written about
	troubles map[agentKey]int       // records about an agent
}

// batches takes in notes in the order given and returns one result for each, in the
// same order. An error means that none was taken in and all may be sent again.
func (in *intake) batches(ctx context.Context, agent vouch.AgentID, notes [][]byte) ([]wire.Result, error) {
	results := make([]wire.Result, len(notes))
	in.keys.speaking.RLock()
	defer in.keys.speaking.RUnlock()
	received := milli(in.now())
	var entries []store.Entry
	var at []int // index in results of each entry
	reached, err := in.chains(ctx, agent)
	if err != nil {
		return nil, err
	}
	for i, raw := range notes {
		e, err := in.open(agent, raw, received, reached)
		if err != nil {
			results[i] = wire.Result{Status: wire.StatusRefused, Reason: err.Error()}
			in.count.refuse(refusalOf(err))
			in.log.Warn("refused a note", "agent", agent, "err", err)
			continue
		}
		entries = append(entries, e)
		at = append(at, i)
	}
	if len(entries) == 0 {
		return results, nil
	}
	appended, err := in.ledger.Append(ctx, entries)
	if err != nil {
		return nil, fmt.Errorf("append %d notes of agent %s: %w", len(entries), agent, err)
	}
	touched := map[vouch.CustomerID]bool{}
	for n, a := range appended {
		results[at[n]] = in.answer(entries[n], a)
		if a.Status == store.Stored {
			touched[entries[n].Customer] = true
		}
	}
	in.report(ctx, entries, appended)
	for c := range touched {
		in.wake(c)
	}
	return results, nil
}

// Sentences for why a note is refused before it reaches the ledger.
var (
	errImpostor = errors.New("the note is another agent's")
	errStranger = errors.New("the agent does not measure for that customer")
)

// chains returns where the chains of an agent stand.
func (in *intake) chains(ctx context.Context, agent vouch.AgentID) (map[store.ChainKey]evidence.Chain, error) {
	heads, err := in.ledger.Chains(ctx, "", in.keys.keyID(agent))
	if err != nil {
		return nil, fmt.Errorf("look up the chains of agent %s: %w", agent, err)
	}
	out := map[store.ChainKey]evidence.Chain{}
	for _, h := range heads {
		out[h.ChainKey] = evidence.Chain{Epoch: h.Epoch, Seq: h.Seq, Hash: h.Hash, Through: h.Through}
	}
	return out, nil
}

// open verifies a note and makes it an entry. An error refuses it: it is not signed
// by this agent, or no chain of ours. reached is brought up to date with the note,
// so that the next one of the request is seen after it; the store decides in its
// transaction whether it really follows.
func (in *intake) open(agent vouch.AgentID, raw []byte, received time.Time, reached map[store.ChainKey]evidence.Chain) (store.Entry, error) {
	item, err := evidence.OpenNote(raw, in.keys)
	if err != nil {
		return store.Entry{}, err
	}
	l := item.Link()
	switch {
	case l.Agent != agent:
		return store.Entry{}, fmt.Errorf("%w: it is signed by %s, the connection is %s's", errImpostor, l.Agent, agent)
	case l.Customer != vouch.Provider && !in.serves(agent, l.Customer):
		return store.Entry{}, fmt.Errorf("%w: %s", errStranger, l.Customer)
	}
	e := store.Entry{
		Customer: l.Customer, Kind: store.KindBatch, Agent: l.Agent, Key: in.keys.keyID(agent), Stream: l.Stream,
		Epoch: l.Epoch, First: l.First, Seq: l.Seq, Prev: l.Prev, Last: l.Head, SHA256: l.Hash,
		Received: received, From: l.From, Through: l.Through, Note: raw,
	}
	if l.Gap {
		e.Kind = store.KindGap
	}
	key := store.ChainKey{Customer: l.Customer, Key: e.Key, Stream: l.Stream}
	why := in.unusable(l, item)
	if after, err := reached[key].Next(l); err == nil {
		if late := reached[key].Follows(l); why == nil && late != nil {
			why = late
		}
		reached[key] = after
	}
	if why != nil {
		e.Kind, e.Reason = store.KindRejected, evidence.LeafReason(why.Error())
		in.log.Error("rejected a signed note", "agent", agent, "customer", l.Customer, "stream", l.Stream, "seq", l.Seq, "reason", e.Reason)
		in.count.refuse("rejected leaf")
	}
	e.Leaf = l.Leaf(received, e.Reason).Append(nil)
	return e, nil
}

// serves reports whether an agent may speak for a customer: an agent on a customer's
// premises for that one alone.
func (in *intake) serves(agent vouch.AgentID, c vouch.CustomerID) bool {
	l := in.base.Load().locations[in.base.Load().agents[agent].Location]
	_, known := in.base.Load().customers[c]
	return known && (l.Customer == "" || l.Customer == c)
}

// unusable returns why a signed note yields no outcome: the reason of its leaf.
func (in *intake) unusable(l evidence.Link, item evidence.Item) error {
	if at := in.base.Load().agents[l.Agent].Location; l.Location != at {
		return fmt.Errorf("it names location %s, the agent stands at %s", l.Location, at)
	}
	b, ok := item.(evidence.Batch)
	if !ok {
		return nil
	}
	if err := evidence.CheckLines(b); err != nil {
		return err
	}
	if b.Stream != vouch.Availability || b.Customer == vouch.Provider {
		return nil
	}
	for line, err := range evidence.DecodeLines(b.Stream, b.Lines) {
		if err != nil {
			return err
		}
		if s := line.Sample; !in.book.mayMeasure(s) {
			if s.Device == "" {
				return fmt.Errorf("reference %s is not assigned to the agent", s.Reference)
			}
			return fmt.Errorf("check %s of device %s is not assigned to the agent", s.Check, s.Device)
		}
	}
	return nil
}

// answer says to the agent what became of a note.
func (in *intake) answer(e store.Entry, a store.Appended) wire.Result {
	r := wire.Result{ExpectEpoch: a.Expect.Epoch, ExpectSeq: a.Expect.Seq + 1}
	switch a.Status {
	case store.Stored:
		in.count.stored(e)
		r = wire.Result{Status: wire.StatusStored}
		if e.Kind == store.KindRejected {
			r = wire.Result{Status: wire.StatusRejected, Reason: e.Reason}
		}
	case store.Duplicate, store.Covered:
		r = wire.Result{Status: wire.StatusDuplicate}
	case store.Forked:
		r.Status, r.Reason = wire.StatusRefused, evidence.ErrFork.Error()
		in.log.Error("an agent signed two batches with one number: both are kept as evidence",
			"agent", e.Agent, "customer", e.Customer, "stream", e.Stream, "epoch", e.Epoch, "seq", e.Seq)
	case store.Broken:
		r.Status, r.Reason = wire.StatusRefused, evidence.ErrBreak.Error()
		in.log.Error("a batch does not follow the one before it: kept as evidence",
			"agent", e.Agent, "customer", e.Customer, "stream", e.Stream, "epoch", e.Epoch, "seq", e.Seq)
	case store.Ahead:
		r.Status, r.Reason = wire.StatusRefused, evidence.ErrAhead.Error()
	case store.Overlaps:
		r.Status, r.Reason = wire.StatusRefused, evidence.ErrOverlap.Error()
	case store.Ended:
		r.Status, r.Reason = wire.StatusRefused, evidence.ErrEnded.Error()
	default:
		panic(fmt.Sprintf("collector: the store answered with status %d", a.Status))
	}
	if r.Status == wire.StatusRefused {
		in.count.refuse(r.Reason)
	}
	return r
}

// heartbeat opens one heartbeat and returns what it says. Nothing of it is stored.
func (in *intake) heartbeat(agent vouch.AgentID, raw []byte) (evidence.Heartbeat, []vouch.Sample, error) {
	h, err := evidence.OpenHeartbeat(raw, in.keys)
	switch {
	case err != nil:
		return h, nil, err
	case h.Agent != agent:
		return h, nil, fmt.Errorf("%w: it is signed by %s, the connection is %s's", errImpostor, h.Agent, agent)
	case h.Customer != vouch.Provider && !in.serves(agent, h.Customer):
		return h, nil, fmt.Errorf("%w: %s", errStranger, h.Customer)
	}
	if err := evidence.CheckHeartbeat(h); err != nil {
		return h, nil, err
	}
	var samples []vouch.Sample
	for line, err := range evidence.DecodeLines(vouch.Availability, h.Lines) {
		if err != nil {
			return h, nil, err
		}
		if in.book.mayMeasure(line.Sample) {
			samples = append(samples, line.Sample)
		}
	}
	return h, samples, nil
}

// refusalOf names the kind of a refusal for the counters, so that their number stays
// bounded whatever is sent.
func refusalOf(err error) string {
	var unverified *note.UnverifiedNoteError
	switch {
	case errors.Is(err, errImpostor):
		return errImpostor.Error()
	case errors.Is(err, errStranger):
		return errStranger.Error()
	case errors.As(err, &unverified):
		return "unknown or wrong signature"
	}
	return "unreadable note"
}

// doubtful says for each sample whether its stamp can be relied on (rule 0).
func doubtful(samples []vouch.Sample, clock evidence.Clock, received time.Time) []bool {
	out := make([]bool, len(samples))
	for i, s := range samples {
		out[i] = book.Doubtful(s, clock, received)
	}
	return out
}
