// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
	"github.com/vouch-sla/vouch/statement"
)

func issueOf(rec evidence.Record) (book.Issue, error) {
	i := book.Issue{Record: rec.ID, Recorded: rec.Recorded, Author: rec.Author}
	if err := json.Unmarshal(rec.Body, &i.IssueBody); err != nil {
		return i, err
	}
	if p := i.Period(); p.Empty() || p.To-p.From > maxPeriod {
		return i, fmt.Errorf("the period from %s to %s is none", i.From, i.To)
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
