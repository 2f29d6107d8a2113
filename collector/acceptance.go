// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
)

// acceptable are the kinds of record that a customer has a word on.
var acceptable = [...]evidence.RecordKind{
	evidence.KindExclusionClaimed, evidence.KindMaintenanceAnnounced, evidence.KindContract, evidence.KindLease, evidence.KindStatementIssued,
}

// addAcceptance enters the customer's word on a record of his ledger.
func (c *Collector) addAcceptance(r *http.Request) (any, error) {
	var in admin.NewAcceptance
	if err := readBody(r, &in); err != nil {
		return nil, err
	}
	if err := c.knownCustomer(in.Customer); err != nil {
		return nil, err
	}
	c.desk.Lock()
	defer c.desk.Unlock()
	rec, err := c.acceptableRecord(r.Context(), in.Customer, in.Record)
	if err != nil {
		return nil, err
	}
	body := book.AcceptanceBody{Record: rec.ID, Objects: in.Objects, By: in.By, Note: in.Note}
	if in.Note != "" {
		a, err := c.checkNote(in, rec)
		if err != nil {
			return nil, err
		}
		if body.By == "" {
			body.By = evidence.KeyID(a.KeyName, a.KeyHash)
		}
	}
	if by := body.By; by == "" || len(by) > evidence.MaxText || evidence.Unsafe(by) || strings.TrimSpace(by) != by {
		return nil, badRequest("say on whose word: --by ACCOUNT of the customer, in 1 to %d bytes, or --note FILE that he signed", evidence.MaxText)
	}
	for _, was := range of(c.book, in.Customer, (*book.Book).Acceptances) {
		if was.Record == rec.ID && was.Objects == in.Objects && (in.Note == "" || was.Note == in.Note) {
			return nil, badRequest("%s %s %s at %s already", was.By, saysOf(in.Objects), rec.ID, was.Recorded.Format(time.RFC3339))
		}
	}
	said, err := c.put(r.Context(), draft{customer: in.Customer, kind: evidence.KindAcceptance, author: author(r.Context()), body: body})
	if err != nil {
		return nil, err
	}
	c.accepted(in.Customer, rec)
	return acceptanceOf(in.Customer, rec.Kind, book.Acceptance{AcceptanceBody: body, ID: said.ID, Recorded: said.Recorded, Author: said.Author}), nil
}

func saysOf(objects bool) string {
	if objects {
		return "objected to"
	}
	return "accepted"
}

// acceptableRecord opens a record that a customer can accept, by its id or by that of
// the claim or maintenance in it.
func (c *Collector) acceptableRecord(ctx context.Context, cu vouch.CustomerID, name string) (evidence.Record, error) {
	c.book.read(cu, func(l *book.Book) {
		for _, x := range l.Claims() {
			if x.ID == name {
				name = x.Record
			}
		}
		for _, w := range l.Works() {
			if w.ID == name {
				name = w.Record
			}
		}
	})
	entry, err := c.store.Record(ctx, cu, name)
	if errors.Is(err, store.ErrNotFound) {
		return evidence.Record{}, wrong{http.StatusNotFound, fmt.Sprintf("there is no record %s in the ledger of %s; `vouch accept list --customer %s` prints those that can be accepted", name, cu, cu)}
	}
	if err != nil {
		return evidence.Record{}, err
	}
	rec, err := c.recorder.open(entry)
	if err != nil {
		return rec, err
	}
	if !slices.Contains(acceptable[:], rec.Kind) {
		return rec, badRequest("record %s is of kind %s, on which a customer has no word; `vouch accept list --customer %s` prints those that can be accepted", name, rec.Kind, cu)
	}
	return rec, nil
}

// checkNote checks that a note of the customer's says what is to be recorded, of this
// record and no other. Whether the key is his, the collector does not know.
func (c *Collector) checkNote(in admin.NewAcceptance, rec evidence.Record) (evidence.Acceptance, error) {
	a, err := evidence.ReadAcceptance([]byte(in.Note))
	switch {
	case err != nil:
		return a, badRequest("the note cannot be read: %v", err)
	case a.Origin != ledgerOrigin(c.opts.Origin, in.Customer):
		return a, badRequest("the note is about the ledger %s, this one is %s", a.Origin, ledgerOrigin(c.opts.Origin, in.Customer))
	case a.Record != rec.ID:
		return a, badRequest("the note is about record %s, not %s", a.Record, rec.ID)
	case a.Note != rec.Hash:
		return a, badRequest("the note names another hash of record %s: %s, the record's is %s", rec.ID, a.Note, rec.Hash)
	case a.Objects != in.Objects:
		return a, badRequest("the note says that the customer %s the record; say the same with or without --object", saysOf(a.Objects))
	}
	return a, nil
}

// accepted makes everything that rests on an accepted record look again.
func (c *Collector) accepted(cu vouch.CustomerID, rec evidence.Record) {
	var b struct {
		Site   vouch.SiteID   `json:"site"`
		Device vouch.DeviceID `json:"device"`
	}
	_ = json.Unmarshal(rec.Body, &b) // the book has read it; a version names neither
	from := rec.Effective
	switch rec.Kind {
	case evidence.KindStatementIssued:
		c.grew(cu)
		return
	case evidence.KindLease:
		from = time.Time{} // it may take back what another said
	}
	c.decidedAnew(cu, c.base.Load().scopeOf(cu, b.Site, b.Device), from)
}

func acceptanceOf(cu vouch.CustomerID, kind evidence.RecordKind, a book.Acceptance) admin.Acceptance {
	out := admin.Acceptance{
		ID: a.ID, Customer: cu, Record: a.Record, Kind: string(kind), Objects: a.Objects, By: a.By, RecordedAt: a.Recorded, Author: a.Author,
	}
	if note, err := evidence.ReadAcceptance([]byte(a.Note)); a.Note != "" && err == nil {
		out.Key = evidence.KeyID(note.KeyName, note.KeyHash)
	}
	return out
}

// acceptableList lists the records that a customer can accept, with what he said.
func (c *Collector) acceptableList(r *http.Request) (any, error) {
	cu := vouch.CustomerID(r.FormValue("customer"))
	if err := c.knownCustomer(cu); err != nil {
		return nil, err
	}
	recs, err := c.recorder.records(r.Context(), cu, acceptable[:]...)
	if err != nil {
		return nil, err
	}
	said := of(c.book, cu, (*book.Book).Acceptances)
	out := []admin.Acceptable{}
	for _, rec := range recs {
		x := admin.Acceptable{
			Record: rec.ID, Kind: string(rec.Kind), About: aboutOf(rec), RecordedAt: rec.Recorded, Effective: rec.Effective,
			Origin: ledgerOrigin(c.opts.Origin, cu), Note: rec.Hash.String(), Said: []admin.Acceptance{},
		}
		for _, a := range said {
			if a.Record == rec.ID {
				x.Said = append(x.Said, acceptanceOf(cu, rec.Kind, a))
			}
		}
		out = append(out, x)
	}
	return out, nil
}

// aboutOf says in a few words what a record is about.
func aboutOf(rec evidence.Record) string {
	var b struct {
		ID      string         `json:"id"`
		Subject string         `json:"subject"`
		Device  vouch.DeviceID `json:"device"`
		Kind    string         `json:"kind"`
		Number  string         `json:"number"`
		Version json.RawMessage
	}
	_ = json.Unmarshal(rec.Body, &b) // what is not there is not said
	switch rec.Kind {
	case evidence.KindExclusionClaimed:
		return b.ID + ", " + b.Kind
	case evidence.KindMaintenanceAnnounced:
		return b.ID + ", " + string(contract.Maintenance)
	case evidence.KindLease:
		return "device " + string(b.Device)
	case evidence.KindStatementIssued:
		return b.Number + " version " + string(b.Version)
	}
	return b.Subject
}
