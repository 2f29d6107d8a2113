// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package anchor

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/evidence"
)

// Proof shows, without the collector, that a ledger had so many leaves when somebody
// outside vouched for it. It tells nothing of other ledgers.
type Proof struct {
	Anchored  evidence.Anchored
	Record    []byte                  // the note that says so, a record in the anchor ledger
	Leaf      []byte                  // text of its leaf
	Inclusion evidence.InclusionProof // of that leaf in a checkpoint with all its cosignatures
	Stamped   []byte                  // the same checkpoint as it was time-stamped; nil for no stamp
	Token     []byte                  // TimeStampResp in DER
}

// Proofs returns, by size, the anchors of a ledger at from to through leaves for which
// somebody outside vouched: for each the earliest time stamp that covers it, and the
// earliest cosignature of each witness. Where these stand under different checkpoints,
// an anchor comes more than once. It reads the anchor ledger from the time of the leaf
// from on, in bounded slices; what it returns takes 2 to 20 KB for each anchor.
func (a *Anchors) Proofs(ctx context.Context, customer vouch.CustomerID, from, through int64) ([]Proof, error) {
	begin, end, err := a.span(ctx, customer, from, through)
	if err != nil || begin < 0 {
		return nil, err
	}
	s := search{origin: a.origin(customer), records: note.VerifierList(a.opts.Records), from: from, through: through, end: end, words: map[int64]*word{}, sizes: map[string][]int64{}}
	for next := begin; !s.complete; {
		entries, err := a.ledger.Entries(ctx, vouch.Anchors, next, page)
		if err != nil {
			return nil, fmt.Errorf("read the anchor ledger: %w", err)
		}
		if len(entries) == 0 {
			break
		}
		for _, e := range entries {
			s.take(e)
		}
		next += int64(len(entries))
	}
	var out []Proof
	for _, f := range s.found {
		for _, size := range s.covering(f.index) {
			p, err := a.proof(ctx, f, s.words[size])
			if err != nil {
				return nil, err
			}
			out = append(out, p)
		}
	}
	return out, nil
}

func (a *Anchors) proof(ctx context.Context, f found, w *word) (Proof, error) {
	path, err := a.ledger.Prove(ctx, vouch.Anchors, f.index, w.size)
	if err != nil {
		return Proof{}, fmt.Errorf("prove leaf %d of the anchor ledger: %w", f.index, err)
	}
	p := Proof{Anchored: f.Anchored, Record: f.note, Leaf: f.leaf}
	p.Inclusion = evidence.InclusionProof{Index: f.index, Hashes: path, Checkpoint: []byte(w.checkpoint + strings.Join(w.lines, ""))}
	if w.token != nil {
		p.Stamped, p.Token = []byte(w.checkpoint), w.token
	}
	return p, nil
}

// slack is how far clocks that were set may lead astray who looks for a time.
const slack = 25 * time.Hour

// span returns where in the anchor ledger to begin, -1 for nowhere, and the time after
// which no anchor of so few leaves was written.
func (a *Anchors) span(ctx context.Context, customer vouch.CustomerID, from, through int64) (begin int64, end time.Time, err error) {
	head, err := a.ledger.Head(ctx, vouch.Anchors)
	if err != nil || head.Size == 0 {
		return -1, end, err
	}
	ledger, err := a.ledger.Head(ctx, customer)
	if err != nil || ledger.Size < max(1, from) {
		return -1, end, err
	}
	first, err := a.received(ctx, customer, max(0, from-1))
	if err != nil {
		return -1, end, err
	}
	last, err := a.received(ctx, customer, max(0, min(through, ledger.Size)-1))
	if err != nil {
		return -1, end, err
	}
	n := sort.Search(int(head.Size), func(i int) bool {
		at, e := a.received(ctx, vouch.Anchors, int64(i))
		if e != nil {
			err = e
		}
		return !at.Before(first.Add(-slack))
	})
	return int64(n), last.Add(a.opts.Every + slack), err
}

// received returns when a leaf was received.
func (a *Anchors) received(ctx context.Context, c vouch.CustomerID, leaf int64) (time.Time, error) {
	entries, err := a.ledger.Leaves(ctx, c, leaf, 1)
	if err != nil || len(entries) == 0 {
		return time.Time{}, err
	}
	return entries[0].Received, nil
}

// found is one anchor.
type found struct {
	evidence.Anchored
	index      int64
	note, leaf []byte
}

// word is what others say of one checkpoint of the anchor ledger.
type word struct {
	size       int64
	checkpoint string   // signed by the ledger's key alone
	token      []byte   // nil for none
	lines      []string // of witnesses
}

// search gathers the anchors of one ledger and what others say.
type search struct {
	origin        string
	records       note.Verifiers
	from, through int64
	end           time.Time

	found    []found
	words    map[int64]*word    // by size
	sizes    map[string][]int64 // that the authorities ("") and each witness vouch for, in the order of the ledger
	complete bool               // nothing that follows would be earlier
}

// take enters one entry of the anchor ledger. One that cannot be read counts as not
// there: `vouch ledger check` tells of it.
func (s *search) take(e store.Entry) {
	if e.RecordKind == string(evidence.KindAnchored) && !bytes.Contains(e.Note, []byte(`"origin":"`+s.origin+`",`)) {
		s.look(e)
		return // another ledger's, as most are
	}
	rec, err := evidence.OpenRecord(e.Note, s.records)
	if err != nil {
		return
	}
	switch rec.Kind {
	case evidence.KindAnchored:
		var b evidence.Anchored
		if json.Unmarshal(rec.Body, &b) == nil && b.Origin == s.origin && s.from <= b.Size && b.Size <= s.through {
			s.found = append(s.found, found{b, e.Index, e.Note, e.Leaf})
		}
	case evidence.KindTimeStamp:
		var b evidence.TimeStamped
		if json.Unmarshal(rec.Body, &b) == nil {
			s.word(b.Size, b.Checkpoint).token = b.Token
			s.sizes[""] = append(s.sizes[""], b.Size)
		}
	case evidence.KindCosigned:
		var b evidence.Cosigned
		if json.Unmarshal(rec.Body, &b) == nil {
			s.cosign(b)
		}
	}
	s.look(e)
}

// look finds out whether enough was read: after the end, when everybody who vouched for
// anything has vouched for the last anchor.
func (s *search) look(e store.Entry) {
	if !e.Received.After(s.end) {
		return
	}
	last := int64(-1)
	if len(s.found) > 0 {
		last = s.found[len(s.found)-1].index
	}
	s.complete = len(s.sizes) > 0
	for _, sizes := range s.sizes {
		s.complete = s.complete && sizes[len(sizes)-1] > last
	}
}

func (s *search) word(size int64, checkpoint string) *word {
	w := s.words[size]
	if w == nil {
		w = &word{size: size, checkpoint: checkpoint}
		s.words[size] = w
	}
	return w
}

// cosign splits a cosigned checkpoint into what the ledger's key signed, which is the
// same for everybody, and the witness's line.
func (s *search) cosign(b evidence.Cosigned) {
	cut := strings.LastIndex(strings.TrimSuffix(b.Checkpoint, "\n"), "\n") + 1
	w := s.word(b.Size, b.Checkpoint[:cut])
	if w.checkpoint == b.Checkpoint[:cut] {
		w.lines = append(w.lines, b.Checkpoint[cut:])
		s.sizes[b.Witness+"\n"] = append(s.sizes[b.Witness+"\n"], b.Size) // no name of a witness is that of the authorities
	}
}

// covering returns the sizes of the checkpoints that prove a leaf: that of the earliest
// stamp, and those of the earliest cosignature of each witness.
func (s *search) covering(leaf int64) (out []int64) {
	for _, sizes := range s.sizes {
		if i, _ := slices.BinarySearch(sizes, leaf+1); i < len(sizes) {
			out = append(out, sizes[i])
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
