// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
)

// termsRight looks whether the terms can be computed with, and whether every device that
// was ever measured is still spoken of.
func (v *verifier) termsRight() bool {
	ok := true
	for _, x := range v.book.Contracts() {
		for _, f := range x.Terms.Check() {
			if !f.Warning {
				v.rep.wrong(TopicTerms, FileRecords, "version %d of the contract: %v", x.Number, f)
				ok = false
			}
		}
	}
	for _, d := range v.book.EverInstalled() {
		if v.book.SiteOf(d) == "" {
			v.rep.wrong(TopicStatement, FileRecords, "device %s was installed, and the newest records of the sites do not name it: the statement is silent on what was measured of it", d)
		}
	}
	return ok
}

// behindTheLine lists what the provider changed from the beginning of the period on of
// what a figure depends on and the customer may not have seen: what agents ask, by what
// they prove their own health, and what is installed and leased.
func (v *verifier) behindTheLine(c *computation, accepted map[string]bool) {
	asked := map[string]book.AssignmentBody{}
	said := map[string]bool{} // kind and subject
	speakers := map[vouch.LocationID][]string{}
	from, to := c.period.From.Time(), c.period.To.Time()
	for n, rec := range v.records {
		if v.indexes[n] >= v.issue.Size {
			break
		}
		where, late := "record "+rec.ID, rec.Recorded.After(from)
		switch rec.Kind {
		case evidence.KindAssignment:
			var b book.AssignmentBody
			if json.Unmarshal(rec.Body, &b) != nil {
				continue // the book has said so
			}
			if was, known := asked[b.Subject]; rec.Effective.After(from) && rec.Effective.Before(to) {
				v.reassignedIn(where, rec, was, b, known)
			}
			v.tooSlow(where, b, c.period)
			if rec.Recorded.Sub(rec.Effective) > clockSlack {
				v.rep.open(TopicTime, where, "that agent %s was told so: it was recorded at %s and holds from %s on", b.Agent, utc(rec.Recorded), utc(rec.Effective))
			}
			asked[b.Subject] = b
		case evidence.KindInstallation, evidence.KindLocation:
			w := string(rec.Kind) + " " + subject(rec)
			if said[w] && late {
				v.rep.open(TopicTerms, where, "that %s was agreed to be changed: it was at %s, and holds for the whole of the period", w, utc(rec.Recorded))
			}
			said[w] = true
		case evidence.KindKeyAdded:
			var b book.KeyBody
			if json.Unmarshal(rec.Body, &b) != nil {
				continue
			}
			if others := speakers[b.Location]; len(others) > 0 && !slices.Contains(others, string(b.Agent)) {
				v.rep.open(TopicSigner, where, "that agent %s may speak for location %s: the provider added it at %s beside %s, and where one of them has an answer the location has", b.Agent, b.Location, utc(rec.Recorded), strings.Join(others, ", "))
			}
			speakers[b.Location] = append(speakers[b.Location], string(b.Agent))
		case evidence.KindLease:
			if late && !accepted[rec.ID] {
				v.rep.open(TopicTerms, where, "that the lease of %s is as the provider entered it at %s, after the period began", subject(rec), utc(rec.Recorded))
			}
		case evidence.KindEquivocation:
			v.rep.open(TopicChain, where, "whose word %s is: an agent signed two different notes in one place; one was refused", strings.TrimSpace(rec.ID))
		case evidence.KindLostHere:
			var b book.LostHereBody
			if json.Unmarshal(rec.Body, &b) == nil && b.From.Before(to) && b.Through.After(from) {
				v.rep.open(TopicComplete, where, "what agent %s said of %s to %s: the provider had it, and lost it", b.Agent, utc(b.From), utc(b.Through))
			}
		}
	}
}

// reassignedIn lists how an agent was told otherwise within the period.
func (v *verifier) reassignedIn(where string, rec evidence.Record, was, is book.AssignmentBody, known bool) {
	when := rec.Effective.UTC().Format(time.RFC3339)
	if gone, come := difference(was.References, is.References, sayReference); known && gone+come != "" {
		v.rep.open(TopicSelf, where, "that agent %s proves its own health as well as before: from %s on it asks%s%s", is.Agent, when, come, gone)
	}
	if gone, come := difference(was.Checks, is.Checks, sayCheck); gone+come != "" {
		v.rep.open(TopicComplete, where, "that agent %s measures as well as before: from %s on it asks%s%s", is.Agent, when, come, gone)
	}
}

// tooSlow lists checks that are assigned to run less often than the contract agrees on.
func (v *verifier) tooSlow(where string, b book.AssignmentBody, period contract.Span) {
	for _, x := range v.book.Contracts() {
		if x.InForce >= period.To {
			continue
		}
		for _, c := range b.Checks {
			if every := time.Duration(c.Interval) * time.Millisecond; every > x.Terms.Interval && (len(x.Terms.ReachableBy) == 0 || slices.Contains(x.Terms.ReachableBy, c.Kind)) {
				v.rep.open(TopicTerms, where, "that agent %s asks often enough: check %s of device %s runs every %v, version %d of the contract agrees on every %v at the longest", b.Agent, c.Check, c.Device, every, x.Number, x.Terms.Interval)
				return
			}
		}
	}
}

// difference says what has come and gone between two lists.
func difference[T any](was, is []T, say func(T) string) (gone, come string) {
	list := func(x []T) (out []string) {
		for _, e := range x {
			out = append(out, say(e))
		}
		slices.Sort(out)
		return out
	}
	only := func(a, b []string) (out []string) {
		for _, e := range a {
			if !slices.Contains(b, e) {
				out = append(out, e)
			}
		}
		return out
	}
	before, after := list(was), list(is)
	if x := only(before, after); len(x) > 0 {
		gone = " no longer " + strings.Join(x, ", ")
	}
	if x := only(after, before); len(x) > 0 {
		come = " " + strings.Join(x, ", ") + ";"
	}
	return gone, come
}

func sayReference(r book.ReferenceBody) string {
	role := "reference"
	if r.Gateway {
		role = "gateway"
	}
	return fmt.Sprintf("%s %q (%s %s)", role, r.Reference, r.Kind, place(r.Addr.String(), r.Port))
}

func sayCheck(c book.CheckBody) string {
	out := fmt.Sprintf("%s of %s (%s %s every %v, %v", c.Check, c.Device, c.Kind, place(c.Addr.String(), c.Port), time.Duration(c.Interval)*time.Millisecond, time.Duration(c.Timeout)*time.Millisecond)
	for _, n := range []struct {
		what string
		n    int64
	}{{"requests", int64(c.Count)}, {"ms apart", c.Spacing}, {"bytes", int64(c.Size)}} {
		if n.n != 0 {
			out += fmt.Sprintf(", %d %s", n.n, n.what)
		}
	}
	said := append([]string{c.Version, c.Profile}, c.Values...)
	if c.SIP != nil {
		said = append(said, c.SIP.Transport)
		if len(c.SIP.Accept) > 0 {
			said = append(said, "up by "+strings.Join(c.SIP.Accept, " "))
		}
		if c.SIP.Insecure {
			said = append(said, "whatever the certificate")
		}
	}
	for _, s := range said {
		if s != "" {
			out += ", " + s
		}
	}
	return out + ")"
}

func place(addr string, port uint16) string {
	if port == 0 {
		return addr
	}
	return fmt.Sprintf("%s port %d", addr, port)
}

// reassigned reports whether an agent was told what to measure after a leaf.
func (v *verifier) reassigned(a vouch.AgentID, index int64) bool {
	for n, rec := range v.records {
		var b book.AssignmentBody
		if rec.Kind == evidence.KindAssignment && v.indexes[n] > index && v.indexes[n] < v.issue.Size && json.Unmarshal(rec.Body, &b) == nil && b.Agent == a {
			return true
		}
	}
	return false
}
