// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
	"github.com/vouch-sla/vouch/statement"
)

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
		v.rep.wrong(TopicStatement, FileRecords, "record %s speaks of %d leaves of %.100q; the bundle is of %d leaves of %s", i.Record, i.Size, i.Origin, v.check.Size, v.rep.Origin)
		return false
	}
	v.rootAt[i.Size] = evidence.Hash{}
	return true
}

// issuedRight looks whether what was issued could be issued when it was: by the ledger
// as it stood, by the clock, and after the statements before it.
func (v *verifier) issuedRight() bool {
	i, where := v.issue, "record "+v.issue.Record
	if late := i.Recorded.Sub(i.AsOf); late < 0 || late > time.Hour {
		v.rep.wrong(TopicTime, where, "it was recorded at %s and says that the statement was computed as of %s: that is not when it was", utc(i.Recorded), utc(i.AsOf))
	}
	if n := v.afterwards; n > 0 {
		v.rep.open(TopicTime, where, "that it was computed as of %s: %d of the leaves that it rests on came in later, by the provider's clock", utc(i.AsOf), n)
	}
	if n := v.passedOver; n > 0 {
		v.rep.wrong(TopicComplete, where, "it was computed as of %s from %d leaves; %d more had come in by then and were left out", utc(i.AsOf), i.Size, n)
	}
	now := contract.Floor(i.AsOf)
	if state := statement.State(i.State); state != statement.StateProvisional && (state != statement.StateIssued || i.Period().To > v.book.Until(now)) {
		v.rep.wrong(TopicStatement, where, "it calls the statement %q: it is provisional while evidence of the period can still come in, and issued after that", i.State)
	}
	if _, err := i.Unpack(); err != nil {
		v.rep.wrong(TopicStatement, where, "the statement in it: %v", err)
	}
	for _, x := range v.earlierIssues() {
		switch {
		case x.Number == i.Number && x.Version >= i.Version:
			v.rep.wrong(TopicStatement, where, "record %s issued version %d of statement %s before it, in other words", x.Record, x.Version, x.Number)
		case x.Number == i.Number && x.Period() != i.Period():
			v.rep.wrong(TopicStatement, where, "version %d of statement %s is of another period, in record %s", x.Version, x.Number, x.Record)
		case x.Number != i.Number && x.Period() == i.Period():
			v.rep.open(TopicStatement, where, "which statement holds: record %s issued statement %s over the same period", x.Record, x.Number)
		}
	}
	return true
}

// earlierIssues returns the statements that were issued before this one, also those that
// the book does not hold.
func (v *verifier) earlierIssues() []book.Issue {
	out := v.book.Issues()
	for n, rec := range v.records[:len(v.records)-1] {
		if rec.Kind != evidence.KindStatementIssued || v.indexes[n] < v.issue.Size {
			continue
		}
		if x, err := issueOf(rec); err == nil {
			out = append(out, x)
		}
	}
	return out
}

// lateLeaf holds a leaf against the instant as of which the statement was computed.
func (v *verifier) lateLeaf(index int64, l evidence.Leaf) {
	switch after := l.Received.Sub(v.issue.AsOf); {
	case index < v.issue.Size && after > clockSlack:
		v.afterwards++
	case index >= v.issue.Size && -after > clockSlack:
		v.passedOver++
	}
}

func issueOf(rec evidence.Record) (book.Issue, error) {
	i := book.Issue{Record: rec.ID, Recorded: rec.Recorded, Author: rec.Author}
	if err := json.Unmarshal(rec.Body, &i.IssueBody); err != nil {
		return i, err
	}
	switch p := i.Period(); {
	case p.Empty() || p.To-p.From > maxPeriod:
		return i, fmt.Errorf("the period from %s to %s is none", i.From, i.To)
	case p.From.Time() != i.From.UTC() || p.To.Time() != i.To.UTC() || contract.Floor(i.AsOf).Time() != i.AsOf.UTC():
		return i, fmt.Errorf("period and instant are not in whole seconds")
	case vouch.ValidID(i.Number) != nil || i.Version < 1:
		return i, fmt.Errorf("version %d of statement %.80q: a number and a version from 1 are needed", i.Version, i.Number)
	}
	return i, nil
}

// maxPeriod bounds what a statement is computed for: 400 days.
const maxPeriod contract.Second = 400 * book.SecondsADay

func sumHex(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Dress adds to the input of a statement what its issue says. before is the version that
// it replaces; nil for the first.
func Dress(in *statement.Input, i book.Issue, before *statement.Statement) {
	in.Customer.Name, in.Provider = i.Customer, i.Provider
	in.Number, in.Revision, in.State, in.Manifest = i.Number, i.Version, statement.State(i.State), i.Manifest
	in.Checkpoint = &statement.Checkpoint{Origin: i.Origin, Size: i.Size, Root: i.Root}
	in.Issue = &statement.Issue{At: contract.Floor(i.AsOf), Author: i.Author, Record: i.Record, Reason: i.Reason}
	if before != nil {
		in.Replaces = &statement.Previous{Statement: *before, Reason: i.Reason}
	}
}

// Before returns the statement that an issue replaces, from the record that issued it;
// nil for the first version.
func Before(b *book.Book, i book.Issue) (*statement.Statement, error) {
	if i.Version == 1 {
		return nil, nil
	}
	for _, x := range b.Issues() {
		if x.Number == i.Number && x.Version == i.Version-1 {
			s, err := x.Open()
			if err != nil {
				return nil, fmt.Errorf("version %d, which record %s replaces: %w", x.Version, i.Record, err)
			}
			return &s, nil
		}
	}
	return nil, fmt.Errorf("version %d of statement %s, which record %s replaces, is not in the ledger", i.Version-1, i.Number, i.Record)
}

// issued adds to the input what the issue says.
func (v *verifier) issued(in *statement.Input) error {
	before, err := Before(v.book, v.issue)
	if err != nil {
		return err
	}
	Dress(in, v.issue, before)
	return nil
}

// Render returns a statement in the form of the file with that name.
func Render(s statement.Statement, name string) []byte {
	switch name {
	case "statement.en.txt":
		return s.Text(statement.English)
	case "statement.nl.txt":
		return s.Text(statement.Dutch)
	case "statement.en.html":
		return s.HTML(statement.English)
	case "statement.nl.html":
		return s.HTML(statement.Dutch)
	case "statement.csv":
		return s.CSV()
	}
	return s.JSON()
}
