// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/anchor"
	"github.com/vouch-sla/vouch/evidence"
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

// anchors returns what others vouch for of the part of the ledger that is carried.
func (p *packer) anchors(ctx context.Context, first int64) ([]bundle.Anchor, error) {
	proofs, err := p.c.anchors.Proofs(ctx, p.cu, first, p.size)
	if err != nil {
		return nil, err
	}
	out := make([]bundle.Anchor, len(proofs))
	for i, x := range proofs {
		out[i] = bundle.Anchor{Record: x.Record, Leaf: x.Leaf, Proof: x.Inclusion.Append(nil), Checkpoint: x.Stamped, Token: x.Token}
	}
	return out, nil
}
