// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
	"github.com/vouch-sla/vouch/statement"
)

// termsAndTimes says of contract versions, leases and announcements whether anybody but
// the provider vouches for them and for when they were made. What nobody vouches for
// counts as it was recorded, and stands on the provider's word.
func (v *verifier) termsAndTimes(c *computation) {
	accepted := v.accepted()
	var leases []string
	for i, rec := range v.records {
		if v.indexes[i] >= v.issue.Size || accepted[rec.ID] {
			continue
		}
		at, bounded := v.bounds.of(v.indexes[i])
		switch rec.Kind {
		case evidence.KindContract:
			v.rep.open(TopicTerms, "record "+rec.ID, "that both parties agreed to these terms: they are the provider's claim; the customer signs for them with `vouch-verify accept`")
		case evidence.KindMaintenanceAnnounced:
			v.announced(c, rec, at, bounded)
		case evidence.KindLease:
			if !bounded {
				leases = append(leases, subject(rec))
			}
		}
	}
	if len(leases) > 0 {
		v.rep.open(TopicTime, "", "since when the leases of %s have been in the ledger: on the provider's word", strings.Join(leases, ", "))
	}
	for _, x := range v.book.Claims() {
		if at := v.stake(c, x.ID); !accepted[x.Record] && at != "" {
			v.rep.open(TopicTerms, "exclusion "+x.ID, "that its time does not count (%s): on the provider's word; %s", x.Kind, at)
		}
	}
	v.behindTheLine(c, accepted)
}

// announced looks whether an announcement is proven to have been made in time by the terms:
// before the work began, with the notice that was agreed. It is believed from when
// somebody outside vouches for it; what counts by its own word alone stands on that.
func (v *verifier) announced(c *computation, rec evidence.Record, at time.Time, bounded bool) {
	works := v.book.Works()
	i := slices.IndexFunc(works, func(w book.Work) bool { return w.Record == rec.ID })
	if i < 0 || contract.Ceil(works[i].To) <= c.period.From || contract.Floor(works[i].From) >= c.period.To {
		return
	}
	w := works[i]
	where, begin := fmt.Sprintf("maintenance %s", w.ID), w.From.Format(time.RFC3339)
	stake := cmp.Or(v.stake(c, w.ID), "it does not count in any case")
	said, counts := c.counted(w, w.Announced)
	believed := ""
	if bounded {
		believed, _ = c.counted(w, at)
	}
	switch leaf := v.leaves.records[rec.Hash]; {
	case !rec.Recorded.After(w.From) && leaf.latest.After(w.From) && leaf.latest.Sub(rec.Recorded) > clockSlack:
		v.rep.wrong(TopicTime, where, "it says that it was announced at %s, before it began at %s, and stands after what the ledger took in at %s: it was dated back; %s", utc(rec.Recorded), begin, utc(leaf.latest), stake)
	case rec.Recorded.After(w.From) && !counts:
		// he says himself that it came too late
	case bounded && at.After(w.From) && said == believed && counts:
		v.rep.proven(TopicTime, where, "announced at %s, and in the ledger by %s: in time by the terms, though it began at %s", rec.Recorded.Format(time.RFC3339), at.UTC().Format(time.RFC3339), begin)
	case bounded && at.After(w.From):
		v.rep.open(TopicTime, where, "that it was announced before it began at %s: somebody outside vouches for it only from %s on; %s", begin, at.UTC().Format(time.RFC3339), stake)
	case bounded && said != believed:
		v.rep.open(TopicTime, where, "that it was announced with the notice that was agreed: it begins at %s, and somebody outside vouches for it only from %s on; %s", begin, at.UTC().Format(time.RFC3339), stake)
	case bounded:
		v.rep.proven(TopicTime, where, "announced at %s, and in the ledger before it began at %s", rec.Recorded.Format(time.RFC3339), begin)
	default:
		v.rep.open(TopicTime, where, "that it was announced before it began at %s: on the provider's word; %s", begin, stake)
	}
}

// counted says what the contract makes of maintenance on each of its devices, had it been
// announced at an instant, and whether any of it counts. Caps are left out: they turn on
// what else there was.
func (c *computation) counted(w book.Work, announced time.Time) (decision string, counts bool) {
	for _, d := range c.devices {
		for _, e := range c.v.book.Exclusions(d) {
			if e.ID != w.ID {
				continue
			}
			e.AnnouncedAt = contract.Ceil(announced)
			for _, x := range c.v.book.Scope(d, c.now).Decide([]contract.Exclusion{e}) {
				decision += fmt.Sprintf("%s: %v %v %v\n", d, x.Counts, x.Refused, x.Notes)
				counts = counts || len(x.Counts) > 0
			}
		}
	}
	return decision, counts
}

// stake says what an exclusion takes out of the customer's count; empty for nothing.
func (v *verifier) stake(c *computation, id string) string {
	if v.rep.Computed == nil {
		return "what depends on it is in the statement"
	}
	i := slices.IndexFunc(v.rep.Computed.Exclusions, func(e statement.Exclusion) bool { return e.ID == id })
	if i < 0 || !v.rep.Computed.Exclusions[i].Counted {
		return ""
	}
	e := v.rep.Computed.Exclusions[i]
	return fmt.Sprintf("without it %d s more would count, %d s of them down", e.Excluded, e.Down)
}

// accepted returns the records that the customer signed for with a key of his own that
// was named. What the provider entered as accepted stands on his word.
func (v *verifier) accepted() map[string]bool {
	out := map[string]bool{}
	hashes := map[string]evidence.Hash{}
	for _, rec := range v.records {
		hashes[rec.ID] = rec.Hash
		if rec.Kind != evidence.KindAcceptance {
			continue
		}
		var a book.AcceptanceBody
		if err := json.Unmarshal(rec.Body, &a); err != nil {
			v.rep.wrong(TopicFile, "record "+rec.ID, "%v", err)
			continue
		}
		where := fmt.Sprintf("record %s, of %s", rec.ID, a.Record)
		signed, err := evidence.OpenAcceptance([]byte(a.Note), v.customers())
		switch {
		case a.Note == "":
			v.rep.open(TopicTerms, where, "the customer's word: the provider entered it for him")
		case err != nil:
			v.rep.open(TopicTerms, where, "the customer's word: no key of his that you named signed it (%v)", err)
		case signed.Origin != v.rep.Origin || signed.Record != a.Record || signed.Note != hashes[a.Record] || signed.Objects != a.Objects:
			v.rep.wrong(TopicTerms, where, "the customer signed for something else: %s of ledger %s", signed.Record, signed.Origin)
		default:
			says := "accepted"
			if a.Objects {
				says = "objected to"
			}
			v.rep.proven(TopicTerms, where, "the customer %s it, by his own key %s", says, signed.KeyName)
			v.signed = append(v.signed, signed.KeyName)
			out[a.Record] = !a.Objects
		}
	}
	return out
}

// customers returns the keys that were named and are nobody else's: neither the ledger's
// nor an agent's.
func (v *verifier) customers() note.Verifiers {
	collector, _, _ := cutOrigin(v.rep.Origin)
	others := map[string]bool{collector: true, v.rep.Origin: true}
	for _, k := range v.book.Keys() {
		others[string(k.Agent)] = true
	}
	var out []note.Verifier
	for name, keys := range v.pins.named {
		for _, k := range keys {
			if own, err := evidence.NewVerifier(k); err == nil && !others[name] {
				out = append(out, own)
			}
		}
	}
	return note.VerifierList(out...)
}

func subject(rec evidence.Record) string {
	w := book.SubjectOf(rec.Body)
	if w == "" {
		return rec.ID
	}
	return w
}
