// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"slices"

	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
)

// openSince checks the ledger of an earlier bundle, and asks for the root that this one
// has at its size.
func (v *verifier) openSince() bool {
	if v.opts.Since == nil {
		return true
	}
	old, err := newVerifier(v.opts.Since, v.opts.SinceLen, Options{Keys: v.opts.Keys})
	if err != nil {
		v.rep.wrong(TopicSince, "", "the earlier bundle: %v", err)
		return false
	}
	for _, step := range []func() bool{old.checkpoint, old.openRecords, old.readLeaves, old.placeRecords} {
		if !step() {
			for _, f := range old.rep.Disproved {
				v.rep.wrong(TopicSince, "earlier bundle, "+f.Where, "%s", f.What)
			}
			return false
		}
	}
	if len(old.rep.Disproved) > 0 {
		f := old.rep.Disproved[0]
		v.rep.wrong(TopicSince, "earlier bundle, "+f.Where, "%s", f.What)
		return false
	}
	v.old = old
	// Who trusts the earlier bundle trusts its keys.
	if k, err := evidence.RenameVerifier(old.key, old.rep.Origin); err == nil {
		v.pins.learn(k)
	}
	for _, k := range old.book.Keys() {
		v.pins.learn(k.Key)
	}
	v.rootAt[old.check.Size] = evidence.Hash{}
	old.leaves, old.chains, old.tree = leafList{}, nil, nil // many, and no longer needed
	return true
}

// since holds the ledger against that of the earlier bundle: what stood in it then must
// stand in it now.
func (v *verifier) since() bool {
	old := v.old
	if old == nil {
		return true
	}
	switch first := v.first; {
	case old.rep.Origin != v.rep.Origin:
		v.rep.wrong(TopicSince, "", "the earlier bundle is of ledger %s", old.rep.Origin)
	case old.key != v.key:
		v.rep.wrong(TopicSigner, "", "the earlier bundle is signed with another key of the ledger: %s", old.key)
	case old.check.Size > v.check.Size:
		v.rep.wrong(TopicSince, "", "the ledger had %d leaves in the earlier bundle, and has %d in this one", old.check.Size, v.check.Size)
	case old.check.Size < first:
		v.rep.open(TopicSince, "", "that the ledger grew from the %d leaves of the earlier bundle: this one carries those from %d on; a bundle between the two shows it", old.check.Size, first)
	case v.rootAt[old.check.Size] != old.check.Root:
		v.rep.wrong(TopicSince, FileLeaves, "the first %d leaves are not those of the earlier bundle: the ledger was rewritten", old.check.Size)
	default:
		v.rep.proven(TopicSince, "", "the ledger grew from the %d leaves of the earlier bundle to %d; nothing that stood in it was changed", old.check.Size, v.check.Size)
	}
	v.sameRecords(old)
	return true
}

// sameRecords holds records and keys against those of the earlier bundle.
func (v *verifier) sameRecords(old *verifier) {
	for i, rec := range old.records {
		if i >= len(v.records) || v.records[i].Hash != rec.Hash {
			v.rep.wrong(TopicSince, FileRecords, "record %s of the earlier bundle is not where it was", rec.ID)
			break
		}
	}
	for _, k := range old.book.Keys() {
		if !slices.ContainsFunc(v.book.Keys(), func(x book.Key) bool { return x.Key == k.Key }) {
			v.rep.wrong(TopicSigner, FileRecords, "the key %s of agent %s has gone", k.Key, k.Agent)
		}
	}
}
