// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/evidence"
)

// maxText bounds names, keys and reasons, in bytes.
const maxText = 1024

// checkEntry reports why an entry cannot be appended by anybody at any time. It is
// asked before the entry waits with those of other callers.
func checkEntry(e *store.Entry) error {
	if err := vouch.ValidID(string(e.Customer)); err != nil {
		return fmt.Errorf("customer: %v", err)
	}
	switch {
	case len(e.Note) == 0 || len(e.Note) > evidence.MaxNote:
		return fmt.Errorf("note is %d bytes long, allowed are 1 to %d", len(e.Note), evidence.MaxNote)
	case len(e.Leaf) == 0 || len(e.Leaf) > maxLeaf:
		return fmt.Errorf("leaf record is %d bytes long, allowed are 1 to %d", len(e.Leaf), maxLeaf)
	case evidence.Sum(e.Note) != e.SHA256:
		return fmt.Errorf("hash %x is not that of the note", e.SHA256)
	case (e.Reason == "") == (e.Kind == store.KindRejected):
		return errors.New("reason: exactly a rejected entry has one")
	}
	if err := checkText("reason", e.Reason); err != nil {
		return err
	}
	if e.Kind == store.KindRecord {
		return checkRecord(e)
	}
	return checkChained(e)
}

// checkRecord looks at what only records have, and have not.
func checkRecord(e *store.Entry) error {
	switch {
	case e.Agent != "" || e.Key != "" || e.Stream != "" || e.Epoch != 0 || e.First != 0 || e.Seq != 0 || e.Prev != evidence.Hash{}:
		return errors.New("a record belongs to no chain: agent, key, stream, epoch, first, seq and prev are empty")
	case e.RecordID == "" || e.RecordKind == "":
		return errors.New("a record has an id and a kind")
	}
	return errors.Join(checkText("record id", e.RecordID), checkText("record kind", e.RecordKind))
}

// checkChained looks at what batches, gaps and rejected notes have.
func checkChained(e *store.Entry) error {
	switch e.Kind {
	case store.KindBatch, store.KindGap, store.KindRejected:
	default:
		return fmt.Errorf("kind %q: allowed are batch, gap, record and rejected", e.Kind)
	}
	if err := vouch.ValidID(string(e.Agent)); err != nil {
		return fmt.Errorf("agent: %v", err)
	}
	switch {
	case e.Key == "":
		return errors.New("key hash is empty")
	case e.Stream != vouch.Availability && e.Stream != vouch.Telemetry:
		return fmt.Errorf("stream %q: allowed are availability and telemetry", e.Stream)
	case e.First == 0 || e.First > e.Seq:
		return fmt.Errorf("numbers %d to %d: they begin with 1 and do not run backwards", e.First, e.Seq)
	case e.Seq > math.MaxInt64 || e.Epoch > math.MaxInt64:
		return fmt.Errorf("epoch %d, number %d: allowed are numbers below 2^63", e.Epoch, e.Seq)
	case e.Kind == store.KindBatch && (e.First != e.Seq || e.Last != e.SHA256):
		return errors.New("a batch covers one number and is its own last note")
	case e.Last == evidence.Hash{}:
		return errors.New("last is empty: the next note would have nothing to name")
	case e.RecordID != "" || e.RecordKind != "":
		return errors.New("only a record has a record id and kind")
	}
	return checkText("key hash", e.Key)
}

// checkText refuses what SQLite would cut short or give back changed.
func checkText(what, s string) error {
	switch {
	case len(s) > maxText:
		return fmt.Errorf("%s is %d bytes long, at most %d are allowed", what, len(s), maxText)
	case !utf8.ValidString(s) || strings.ContainsRune(s, 0):
		return fmt.Errorf("%s %q is not UTF-8 text without NUL", what, s)
	}
	return nil
}
