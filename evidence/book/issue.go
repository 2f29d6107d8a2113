// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package book

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/statement"
)

// IssueBody says that a statement was issued: all that the statement is a function of,
// beside the ledger up to the checkpoint that it names, and what came of it.
type IssueBody struct {
	Number    string    `json:"number"`
	Version   int       `json:"version"` // of the statement, from 1
	From      time.Time `json:"from"`
	To        time.Time `json:"to"`
	AsOf      time.Time `json:"as_of"` // whole seconds
	State     string    `json:"state"`
	Origin    string    `json:"origin"`
	Size      int64     `json:"size"` // leaves of the checkpoint
	Root      string    `json:"root"`
	Manifest  string    `json:"manifest"`  // SHA-256 of the evidence manifest, hexadecimal
	Statement string    `json:"statement"` // SHA-256 of the statement's JSON, hexadecimal
	Customer  string    `json:"customer_name"`
	Provider  string    `json:"provider"`
	Reason    string    `json:"reason,omitempty"` // why this version was made
	JSON      string    `json:"json"`             // the statement itself: base64 of gzip
}

// maxJSON bounds a statement that is unpacked, in bytes.
const maxJSON = 64 << 20

// Pack puts a statement's JSON into the body.
func (i *IssueBody) Pack(json []byte) error {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(json); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	sum := sha256.Sum256(json)
	i.Statement, i.JSON = hex.EncodeToString(sum[:]), base64.StdEncoding.EncodeToString(b.Bytes())
	return nil
}

// Unpack returns the statement's JSON.
func (i IssueBody) Unpack() ([]byte, error) {
	raw, err := base64.StdEncoding.DecodeString(i.JSON)
	if err != nil {
		return nil, err
	}
	r, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	out, err := io.ReadAll(io.LimitReader(r, maxJSON+1))
	if err != nil {
		return nil, err
	}
	if len(out) > maxJSON {
		return nil, fmt.Errorf("the statement is larger than %d bytes", maxJSON)
	}
	if sum := sha256.Sum256(out); hex.EncodeToString(sum[:]) != i.Statement {
		return nil, fmt.Errorf("the statement is not the one whose hash is recorded")
	}
	return out, nil
}

// Open reads the statement.
func (i IssueBody) Open() (statement.Statement, error) {
	raw, err := i.Unpack()
	if err != nil {
		return statement.Statement{}, err
	}
	return statement.Parse(raw)
}

// Issue is a statement that was issued.
type Issue struct {
	IssueBody
	Record   string // id of the record
	Recorded time.Time
	Author   string
}

func (b *Book) takeIssue(rec evidence.Record) error {
	i, err := body[IssueBody](rec)
	if err != nil {
		return err
	}
	b.issues = append(slices.Clip(b.issues), Issue{IssueBody: i, Record: rec.ID, Recorded: rec.Recorded, Author: rec.Author})
	return nil
}

// Issues returns the statements that were issued, in order.
func (b *Book) Issues() []Issue { return slices.Clip(b.issues) }

// IssuedUntil returns the end of the latest period that a statement was issued for.
func (b *Book) IssuedUntil() (to contract.Second) {
	for _, i := range b.issues {
		to = max(to, i.Period().To)
	}
	return to
}

// Period returns the period of an issued statement.
func (i IssueBody) Period() contract.Span {
	return contract.Span{From: contract.Floor(i.From), To: contract.Floor(i.To)}
}

// Input returns what a statement over a period is made of, as of now, but for the
// verdicts of the devices, which the caller computes over [Book.VerdictSpan] (marked
// here with what is excluded), and for what an issue adds.
func (b *Book) Input(id vouch.CustomerID, period contract.Span, now contract.Second, verdicts map[vouch.DeviceID][]contract.Segment) statement.Input {
	in := statement.Input{Customer: b.Customer(id), Versions: b.Contracts(), Period: period, Now: now}
	for _, s := range in.Customer.Sites {
		for _, d := range s.Devices {
			decisions := b.Decide(d.ID, now)
			in.Devices = append(in.Devices, statement.Device{ID: d.ID, Verdict: contract.Exclude(verdicts[d.ID], decisions), Decisions: decisions})
		}
	}
	for _, k := range b.incidents {
		if known, ok := k.known(); ok {
			in.Known = append(in.Known, known)
		}
	}
	return in
}

// known returns an incident as a statement lists it; false for one that never was.
func (k Known) known() (statement.Known, bool) {
	if k.Withdrawn || len(k.Parts) == 0 {
		return statement.Known{}, false
	}
	out := statement.Known{ID: k.ID, From: k.Parts[0].From}
	for _, p := range k.Parts {
		out.Open = out.Open || p.To == 0
		out.To = max(out.To, p.To)
		if !slices.Contains(out.Devices, p.Device) {
			out.Devices = append(out.Devices, p.Device)
		}
	}
	if out.Open {
		out.To = 0
	}
	return out, true
}
