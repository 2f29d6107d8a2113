// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/anchor"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
	"github.com/vouch-sla/vouch/evidence/bundle"
)

// openAnchors makes what lets others vouch for the ledgers, and tells it of every record
// that is written from now on.
func (c *Collector) openAnchors() (err error) {
	if c.anchorKey, err = evidence.RenameVerifier(c.own.public, ledgerOrigin(c.opts.Origin, vouch.Anchors)); err != nil {
		return err
	}
	o := c.opts.Anchors
	o.Origin, o.Records, o.Seal, o.Log, o.Now = c.opts.Origin, c.own.verifier, c.own.seal, c.log, c.now
	a, err := anchor.New(c.store, anchorRecorder{c.recorder, c.grew}, o)
	if err != nil {
		return err
	}
	c.anchors, c.recorder.written = a, a.Recorded
	return nil
}

// anchorRecorder writes into the ledger of anchors.
type anchorRecorder struct {
	*recorder
	grew func(...vouch.CustomerID) // tells the readers of ledgers
}

// Record implements [anchor.Recorder].
func (r anchorRecorder) Record(ctx context.Context, kind evidence.RecordKind, bodies ...any) error {
	drafts := make([]draft, len(bodies))
	for i, b := range bodies {
		drafts[i] = draft{customer: vouch.Anchors, kind: kind, author: authorCollector, body: b}
	}
	_, err := r.write(ctx, drafts...)
	r.grew(vouch.Anchors)
	return err
}

// anchorStatus says how the anchors are, and the key that whoever watches them needs.
func (c *Collector) anchorStatus() admin.Anchors {
	s := c.anchors.Status()
	out := admin.Anchors{Key: c.anchorKey, Leaves: s.Size, Parties: []admin.Party{}}
	if !s.Last.IsZero() {
		out.Last = &s.Last
	}
	for _, p := range s.Parties {
		x := admin.Party{Kind: p.Kind, Name: p.Name, Leaves: p.Size, Failures: p.Failures, Error: p.Error, Since: p.Since}
		if !p.Last.IsZero() {
			x.Last = &p.Last
		}
		out.Parties = append(out.Parties, x)
	}
	return out
}

// anchors returns what others vouch for of the part of the ledger that is carried, and of
// the announcements before it that bear on the statement: whether they were in time is
// what maintenance is disputed about.
func (p *packer) anchors(ctx context.Context, records []store.Entry, first int64) ([]bundle.Anchor, error) {
	var out []bundle.Anchor
	add := func(proofs []anchor.Proof) error {
		for _, x := range proofs {
			a := bundle.Anchor{Record: x.Record, Leaf: x.Leaf, Proof: x.Inclusion.Append(nil), Checkpoint: x.Stamped, Token: x.Token}
			if x.Anchored.Size < first {
				grown, err := p.c.store.Consistency(ctx, p.cu, x.Anchored.Size, p.size)
				if err != nil {
					return err
				}
				a.Grown = grown
			}
			out = append(out, a)
		}
		return nil
	}
	have := int64(0) // leaves that are anchored by now
	for _, r := range records {
		if r.Index >= first {
			break
		}
		if r.Index < have || !p.announces(r) {
			continue
		}
		proofs, err := p.anchorsOf(ctx, r.Index, first)
		if err == nil {
			err = add(proofs)
		}
		if err != nil {
			return nil, err
		}
		for _, x := range proofs {
			have = max(have, x.Anchored.Size)
		}
	}
	proofs, err := p.c.anchors.Proofs(ctx, p.cu, first, p.size)
	if err == nil {
		err = add(proofs)
	}
	return out, err
}

// anchorsOf returns the first anchor over a leaf, below another.
func (p *packer) anchorsOf(ctx context.Context, index, below int64) ([]anchor.Proof, error) {
	for reach := int64(64); ; reach *= 8 {
		through := min(index+reach, below-1)
		proofs, err := p.c.anchors.Proofs(ctx, p.cu, index+1, through)
		if err != nil || len(proofs) > 0 || through == below-1 {
			return slices.DeleteFunc(proofs, func(x anchor.Proof) bool { return x.Anchored.Size > proofs[0].Anchored.Size }), err
		}
	}
}

// announces reports whether a record announces maintenance within the statement's period.
func (p *packer) announces(r store.Entry) bool {
	if r.RecordKind != string(evidence.KindMaintenanceAnnounced) {
		return false
	}
	rec, err := p.c.recorder.open(r)
	var m book.MaintenanceBody
	return err == nil && json.Unmarshal(rec.Body, &m) == nil &&
		m.From.Before(p.issue.To) && p.issue.From.Before(m.To)
}
