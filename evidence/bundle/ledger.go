// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
)

// leafInfo is what is kept of a leaf that the figures can rest on.
type leafInfo struct {
	evidence.Leaf
	index int64
	seen  bool // its note is carried and was read
}

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
	for {
		raw, err := r.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil && r.n > maxRecords {
			err = fmt.Errorf("it holds more than %d records", maxRecords)
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

// readIssue finds what was issued: the last record.
func (v *verifier) readIssue() bool {
	n := len(v.records)
	if n == 0 || v.records[n-1].Kind != evidence.KindStatementIssued {
		v.rep.wrong(TopicStatement, FileRecords, "the last record does not say that a statement was issued")
		return false
	}
	var err error
	if v.issue, err = issueOf(v.records[n-1]); err != nil {
		v.rep.wrong(TopicStatement, FileRecords, "record %s: %v", v.records[n-1].ID, err)
		return false
	}
	i := v.issue
	v.rep.Number, v.rep.Version, v.rep.From, v.rep.To = i.Number, i.Version, instant(i.Period().From), instant(i.Period().To)
	if i.Origin != v.rep.Origin || i.Size < 0 || i.Size >= v.check.Size {
		v.rep.wrong(TopicStatement, FileRecords, "record %s speaks of %d leaves of %s; the bundle is of %d leaves of %s", i.Record, i.Size, i.Origin, v.check.Size, v.rep.Origin)
		return false
	}
	if _, err := i.Unpack(); err != nil {
		v.rep.wrong(TopicStatement, FileRecords, "record %s: %v", i.Record, err)
		return false
	}
	v.rootAt[i.Size] = evidence.Hash{}
	return true
}

// readLeaves grows the tree from the leaves that are carried, notes its root wherever
// one is wanted, and ends at the checkpoint's.
func (v *verifier) readLeaves() bool {
	if err := v.frontier(); err != nil {
		v.rep.wrong(TopicLedger, FileFrontier, "%v", err)
		return false
	}
	v.first = v.tree.size
	f, err := v.open(FileLeaves)
	if err != nil {
		v.rep.wrong(TopicFile, FileLeaves, "%v", err)
		return false
	}
	defer func() { _ = f.Close() }()
	r := newLeaves(f)
	v.wanted()
	for {
		text, err := r.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = v.leaf(text)
		}
		if err == nil && v.tree.size > v.check.Size {
			err = fmt.Errorf("there are more leaves than the %d of the checkpoint", v.check.Size)
		}
		if err != nil {
			v.rep.wrong(TopicLedger, fmt.Sprintf("%s, leaf %d", FileLeaves, v.tree.size), "%v", err)
			return false
		}
		v.wanted()
		if r.n%10_000 == 0 {
			v.opts.Progress("leaves", r.n)
		}
	}
	v.rep.Counts.Leaves = v.tree.size - v.first
	if v.tree.size != v.check.Size || v.tree.root() != v.check.Root {
		v.rep.wrong(TopicLedger, FileLeaves, "the %d leaves do not make the root of the checkpoint, which has %d: one was changed, left out, added or moved", v.tree.size, v.check.Size)
		return false
	}
	if got := v.rootAt[v.issue.Size]; v.issue.Root != got.String() {
		v.rep.wrong(TopicLedger, FileRecords, "record %s names the root %s for %d leaves; they make %s", v.issue.Record, v.issue.Root, v.issue.Size, got)
		return false
	}
	v.rep.proven(TopicLedger, FileLeaves, "%d leaves make the root that the checkpoint of %d leaves is signed for", v.rep.Counts.Leaves, v.check.Size)
	return true
}

// wanted notes the root of the tree as it stands, if somebody asked for it.
func (v *verifier) wanted() {
	if _, ok := v.rootAt[v.tree.size]; ok {
		v.rootAt[v.tree.size] = v.tree.root()
	}
}

// frontier reads where the leaves that are carried begin, and the complete subtrees of
// those before.
func (v *verifier) frontier() error {
	raw, err := v.text(FileFrontier)
	if err != nil {
		return err
	}
	line := strings.Split(string(raw), "\n")
	first, err := strconv.ParseInt(line[0], 10, 64)
	if err != nil || first < 0 || strconv.FormatInt(first, 10) != line[0] || line[len(line)-1] != "" {
		return fmt.Errorf("it does not begin with the number of a leaf, or does not end in a newline")
	}
	var edges []evidence.Hash
	for _, l := range line[1 : len(line)-1] {
		h, err := evidence.ParseHash(l)
		if err != nil {
			return err
		}
		edges = append(edges, h)
	}
	v.tree, err = newTree(first, edges)
	return err
}

// leaf takes in one leaf.
func (v *verifier) leaf(text []byte) error {
	l, err := evidence.ParseLeaf(text)
	if err != nil {
		return err
	}
	if l.Customer != v.name {
		return fmt.Errorf("it is of customer %s's ledger", l.Customer)
	}
	index := v.tree.size
	if index == v.first {
		v.received = l.Received
	}
	v.tree.add(l.Hash())
	if l.Kind != evidence.LeafRecord && l.Stream != vouch.Availability {
		return nil
	}
	if was := v.known[l.Note]; was != nil {
		return fmt.Errorf("its note is that of leaf %d too", was.index)
	}
	info := &leafInfo{Leaf: l, index: index}
	v.known[l.Note] = info
	if l.Kind != evidence.LeafRecord && index < v.issue.Size {
		c := v.chains[chainID{l.Agent, l.KeyHash, l.Epoch}]
		if c == nil {
			c = &chainSeen{}
			v.chains[chainID{l.Agent, l.KeyHash, l.Epoch}] = c
		}
		c.leaves = append(c.leaves, info)
	}
	return nil
}

// placeRecords finds the leaf of every record: among those that are carried, or by a
// proof that leads to the root.
func (v *verifier) placeRecords() bool {
	proofs, err := v.proofs()
	if err != nil {
		v.rep.wrong(TopicLedger, FileProofs, "%v", err)
		return false
	}
	last, ok := int64(-1), true
	for n, rec := range v.records {
		where := fmt.Sprintf("%s, record %s", FileRecords, rec.ID)
		info := v.known[rec.Hash]
		if info == nil {
			info = proofs[rec.Hash]
		}
		switch {
		case info == nil:
			v.rep.wrong(TopicLedger, where, "it is not among the leaves of the ledger")
			ok = false
			continue
		case info.Kind != evidence.LeafRecord || info.Record != rec.ID:
			v.rep.wrong(TopicLedger, where, "leaf %d is of %s %s", info.index, info.Kind, info.Record)
			ok = false
		case info.index <= last:
			v.rep.wrong(TopicLedger, where, "it stands at leaf %d, after leaf %d: the records are not in the order of the ledger", info.index, last)
			ok = false
		case rec.Recorded.After(info.Received):
			v.rep.wrong(TopicTime, where, "it says that it was recorded at %s, after the ledger took it in at %s", rec.Recorded, info.Received)
		}
		info.seen, last = true, info.index
		v.indexes = append(v.indexes, info.index)
		if info.index >= v.issue.Size && n < len(v.records)-1 {
			continue // after the statement's checkpoint: proven, and of no figure
		}
		if n == len(v.records)-1 {
			continue
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
	ok := true
	for _, info := range v.known {
		if info.Kind == evidence.LeafRecord && !info.seen {
			v.rep.wrong(TopicComplete, FileRecords, "record %s, leaf %d, is left out", info.Record, info.index)
			ok = false
		}
	}
	next := map[evidence.RecordKind]int{}
	for _, rec := range v.records {
		next[rec.Kind]++
		if want := fmt.Sprintf("%s-%d", rec.Kind, next[rec.Kind]); rec.ID != want {
			v.rep.wrong(TopicComplete, FileRecords, "record %s stands where %s belongs: one is left out, or was never shown", rec.ID, want)
			return false
		}
	}
	first := v.check.Size - v.rep.Counts.Leaves
	if first > 0 && ok {
		v.rep.open(TopicComplete, FileRecords, "that no other record stands at the end of the %d leaves before those that are carried; earlier bundles show them", first)
	}
	return ok
}

// proofs reads the proofs of the records whose leaves are not carried.
func (v *verifier) proofs() (map[evidence.Hash]*leafInfo, error) {
	out := map[evidence.Hash]*leafInfo{}
	if v.files[FileProofs] == nil {
		return out, nil
	}
	raw, err := v.text(FileProofs)
	if err != nil {
		return nil, err
	}
	for len(raw) > 0 {
		block, rest, ok := bytes.Cut(raw, []byte("\n\n"))
		if !ok {
			return nil, fmt.Errorf("the last proof does not end in an empty line")
		}
		raw = rest
		info, err := v.proof(block)
		if err != nil {
			return nil, err
		}
		out[info.Note] = info
	}
	return out, nil
}

// proof reads "leaf INDEX", the text of the leaf, and "proof HASH ...".
func (v *verifier) proof(block []byte) (*leafInfo, error) {
	head, rest, _ := bytes.Cut(block, []byte("\n"))
	at := bytes.LastIndex(rest, []byte("\nproof"))
	number, ok := strings.CutPrefix(string(head), "leaf ")
	index, err := strconv.ParseInt(number, 10, 64)
	if !ok || err != nil || at < 0 {
		return nil, fmt.Errorf("a proof has not the form that it should have: %.80q", block)
	}
	leaf, err := evidence.ParseLeaf(rest[:at+1])
	if err != nil {
		return nil, err
	}
	var path []evidence.Hash
	for _, w := range strings.Fields(string(rest[at+1:]))[1:] {
		h, err := evidence.ParseHash(w)
		if err != nil {
			return nil, err
		}
		path = append(path, h)
	}
	if err := checkInclusion(path, v.check.Size, v.check.Root, index, leaf.Hash()); err != nil {
		return nil, err
	}
	return &leafInfo{Leaf: leaf, index: index}, nil
}
