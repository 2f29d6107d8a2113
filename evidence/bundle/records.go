// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch/evidence"
)

// openRecords opens the records, all signed by the ledger's key. The last one says that
// the statement was issued.
func (v *verifier) openRecords() bool {
	f, err := v.open(FileRecords)
	if err != nil {
		v.rep.wrong(TopicFile, FileRecords, "%v", err)
		return false
	}
	defer func() { _ = f.Close() }()
	r := newNotes(f)
	total := 0
	for {
		raw, err := r.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if total += len(raw); err == nil && (r.n > maxRecords || total > maxDecided) {
			err = fmt.Errorf("it holds more than %d records, or more than %d bytes of them", maxRecords, maxDecided)
		}
		if err != nil {
			v.rep.wrong(TopicFile, FileRecords, "%v", err)
			return false
		}
		rec, err := evidence.OpenRecord(raw, note.VerifierList(v.own))
		if err == nil && rec.Customer != v.name {
			err = fmt.Errorf("record %s is customer %s's", rec.ID, rec.Customer)
		}
		if err != nil {
			v.rep.wrong(TopicSigner, fmt.Sprintf("%s, note %d", FileRecords, r.n-1), "%v", err)
			return false
		}
		v.records = append(v.records, rec)
	}
	v.rep.Counts.Records = int64(len(v.records))
	return v.readIssue()
}

// placeRecords finds the leaf of every record: among those that are carried, or by a
// proof that leads to the root. Those before the statement's checkpoint make the book.
func (v *verifier) placeRecords() bool {
	if err := v.proofs(); err != nil {
		v.rep.wrong(TopicLedger, FileProofs, "%v", err)
		return false
	}
	last, ok := int64(-1), true
	for n, rec := range v.records {
		where := fmt.Sprintf("%s, record %s", FileRecords, rec.ID)
		leaf := v.leaves.records[rec.Hash]
		switch {
		case leaf == nil:
			v.rep.wrong(TopicLedger, where, "it is not among the leaves of the ledger")
			return false
		case leaf.id != rec.ID || leaf.key != rec.KeyHash:
			v.rep.wrong(TopicLedger, where, "leaf %d is of record %s by key %08x", leaf.index, leaf.id, leaf.key)
			ok = false
		case leaf.index <= last:
			v.rep.wrong(TopicLedger, where, "it stands at leaf %d, after leaf %d: the records are not in the order of the ledger", leaf.index, last)
			ok = false
		case rec.Recorded.After(leaf.received):
			v.rep.wrong(TopicTime, where, "it says that it was recorded at %s, after the ledger took it in at %s", utc(rec.Recorded), utc(leaf.received))
		case leaf.received.Sub(rec.Recorded) > clockSlack:
			v.rep.wrong(TopicTime, where, "it says that it was recorded at %s, and the ledger took it in at %s: it was dated back", utc(rec.Recorded), utc(leaf.received))
		}
		leaf.seen, last = true, leaf.index
		v.indexes = append(v.indexes, leaf.index)
		if leaf.index >= v.issue.Size || n == len(v.records)-1 {
			continue // after the statement's checkpoint: proven, and of no figure
		}
		if err := v.book.Take(rec); err != nil {
			v.rep.wrong(TopicFile, where, "%v", err)
			ok = false
		}
	}
	return v.allRecords() && ok
}

// allRecords holds the records against the leaves: every record leaf that is carried has
// its record, and the numbers of each kind have no hole.
func (v *verifier) allRecords() bool {
	var without []*recordLeaf
	for _, l := range v.leaves.records {
		if !l.seen {
			without = append(without, l)
		}
	}
	slices.SortFunc(without, func(a, b *recordLeaf) int { return cmp.Compare(a.index, b.index) })
	for _, l := range without {
		v.rep.wrong(TopicComplete, FileRecords, "record %s, leaf %d, is left out", l.id, l.index)
	}
	next := map[evidence.RecordKind]int{}
	for _, rec := range v.records {
		next[rec.Kind]++
		if want := fmt.Sprintf("%s-%d", rec.Kind, next[rec.Kind]); rec.ID != want {
			v.rep.wrong(TopicComplete, FileRecords, "record %s stands where %s belongs: one is left out, or was never shown", rec.ID, want)
			return false
		}
	}
	if len(without) == 0 && v.first > 0 {
		v.rep.open(TopicComplete, FileRecords, "that no other record stands at the end of the %d leaves before those that are carried; earlier bundles show them", v.first)
	}
	return len(without) == 0
}

// maxProof bounds a proof in bytes: a leaf, and the hashes of the deepest tree.
const maxProof = maxLeafText + 64*64

// proofs reads the proofs of the records whose leaves are not carried: one for each, in
// the order of the ledger.
func (v *verifier) proofs() error {
	if v.files[FileProofs] == nil {
		return nil
	}
	f, err := v.open(FileProofs)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	r, last := newBlocks(f, maxProof), int64(-1)
	for {
		block, err := r.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		var leaf evidence.Leaf
		var index int64
		if err == nil {
			leaf, index, err = v.proof(block)
		}
		switch {
		case err != nil:
		case index <= last || index >= v.first || leaf.Kind != evidence.LeafRecord || v.leaves.records[leaf.Note] != nil:
			err = fmt.Errorf("leaf %d is out of place: proofs are of the records before leaf %d, each once and in their order", index, v.first)
		default:
			last = index
			v.leaves.records[leaf.Note] = &recordLeaf{index: index, id: leaf.Record, key: leaf.KeyHash, received: leaf.Received}
		}
		if err != nil {
			return fmt.Errorf("proof %d: %w", r.n, err)
		}
	}
}

// proof reads "leaf INDEX", the text of the leaf, and "proof HASH ...".
func (v *verifier) proof(block []byte) (leaf evidence.Leaf, index int64, err error) {
	head, rest, _ := bytes.Cut(block, []byte("\n"))
	at := bytes.LastIndex(rest, []byte("\nproof"))
	number, ok := strings.CutPrefix(string(head), "leaf ")
	index, err = strconv.ParseInt(number, 10, 64)
	if !ok || err != nil || at < 0 {
		return leaf, 0, fmt.Errorf("it has not the form that it should have: %.80q", block)
	}
	if leaf, err = evidence.ParseLeaf(rest[:at+1]); err != nil {
		return leaf, 0, err
	}
	if leaf.Customer != v.name {
		return leaf, 0, fmt.Errorf("leaf %d is of customer %s's ledger", index, leaf.Customer)
	}
	var path []evidence.Hash
	for _, w := range strings.Fields(string(rest[at+1:]))[1:] {
		h, err := evidence.ParseHash(w)
		if err != nil {
			return leaf, 0, err
		}
		path = append(path, h)
	}
	if again := proofs([]RecordProof{{index, rest[:at+1], path}}); !bytes.Equal(again, append(block, '\n')) {
		return leaf, 0, fmt.Errorf("it has not the form that it should have: %.80q", block)
	}
	if v.check.Includes(index, leaf.Hash(), path) != nil {
		err = fmt.Errorf("the proof of leaf %d does not lead to the root", index)
	}
	return leaf, index, err
}
