// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package book_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
)

// at is so many seconds into the tests' time.
func at(s int) time.Time { return time.Unix(1_800_000_000+int64(s), 0).UTC() }

// rel prints spans relative to the tests' time.
func rel(spans []contract.Span) string {
	out := ""
	for _, s := range spans {
		to := "on"
		if s.To < book.Endless {
			to = fmt.Sprint(s.To - 1_800_000_000)
		}
		out += fmt.Sprintf("[%d %s]", s.From-1_800_000_000, to)
	}
	return out
}

// take enters a record that was recorded and effective at an instant.
func take(t *testing.T, b *book.Book, recorded int, id string, kind evidence.RecordKind, author string, body any) {
	t.Helper()
	correct(t, b, recorded, id, "", kind, author, body)
}

// correct is take of a record that corrects another.
func correct(t *testing.T, b *book.Book, recorded int, id, corrects string, kind evidence.RecordKind, author string, body any) {
	t.Helper()
	raw, err := evidence.MarshalCanonical(body)
	if err == nil {
		err = b.Take(evidence.Record{RecordHeader: evidence.RecordHeader{Customer: "acme", Kind: kind, ID: id,
			Recorded: at(recorded), Effective: at(recorded), Author: author, Corrects: corrects}, Body: raw})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A lease that is entered later changes nothing of the time before it was entered.
func TestLeasesReachNotBack(t *testing.T) {
	lease := func(from, until int) book.LeaseBody {
		l := book.LeaseBody{Subject: "rt1", Device: "rt1", From: at(from)}
		if until > 0 {
			l.Until = at(until)
		}
		return l
	}
	for _, tt := range []struct {
		name  string
		later []any // recorded second and body by turns
		want  string
	}{
		{"the first holds as it stands", nil, "[100 on]"},
		{"ended ahead", []any{500, lease(100, 900)}, "[100 900]"},
		{"ended afterwards: it ends when that was entered", []any{900, lease(100, 500)}, "[100 900]"},
		{"begun later, entered afterwards", []any{900, lease(700, 0)}, "[100 on]"},
		{"begun earlier, entered afterwards", []any{900, lease(50, 0)}, "[100 on]"},
		{"ended, and leased again", []any{500, lease(100, 600), 800, lease(1000, 0)}, "[100 600][1000 on]"},
	} {
		b := book.New()
		take(t, b, 100, "lease-1", evidence.KindLease, "collector", lease(100, 0))
		for i := 0; i < len(tt.later); i += 2 {
			take(t, b, tt.later[i].(int), "lease", evidence.KindLease, "collector", tt.later[i+1])
		}
		if got := rel(b.Leases("rt1")); got != tt.want {
			t.Errorf("%s: Leases = %s, want %s", tt.name, got, tt.want)
		}
	}
	if got := book.New().Leases("rt1"); len(got) != 1 || got[0].From != 0 || got[0].To != book.Endless {
		t.Errorf("Leases of a device without any = %v, want always", got)
	}
}

// What the provider says of the past counts from when he wrote it down, unless the
// customer accepts; who approved, rejected and objected is kept.
func TestClaims(t *testing.T) {
	claim := book.ClaimBody{ID: "X-1", Kind: contract.ForceMajeure, Device: "rt1", From: at(100), To: at(200), Announced: at(90), Evidence: []string{"press"}, Reason: "flood"}
	ruling := book.RulingBody{ID: "X-1"}
	type step struct {
		id     string
		kind   evidence.RecordKind
		author string
		body   any
	}
	for _, tt := range []struct {
		name  string
		steps []step
		want  string // announced, accepted, by, author, approver, rejected, objected
	}{
		{"claimed", nil, "300 false  uid:1  0 0"},
		{"approved", []step{{"e", evidence.KindExclusionApproved, "uid:2", ruling}}, "300 true provider uid:1 uid:2 0 0"},
		{"rejected", []step{{"e", evidence.KindExclusionApproved, "uid:2", ruling}, {"e", evidence.KindExclusionRejected, "uid:2", ruling}}, "300 false  uid:1  300 0"},
		{"accepted by the customer", []step{{"e", evidence.KindAcceptance, "uid:1", book.AcceptanceBody{Record: "claimed-1", By: "acme"}}}, "90 true customer uid:1  0 0"},
		{"objected to", []step{{"e", evidence.KindAcceptance, "uid:1", book.AcceptanceBody{Record: "claimed-1", By: "acme", Objects: true}}}, "300 false  uid:1  0 300"},
		{"another's", []step{{"e", evidence.KindExclusionApproved, "uid:2", book.RulingBody{ID: "X-2"}}}, "300 false  uid:1  0 0"},
	} {
		b := book.New()
		take(t, b, 50, "i", evidence.KindInstallation, "collector", book.SiteBody{Subject: "site/hq", Site: "hq", Devices: []book.DeviceBody{{Device: "rt1"}, {Device: "fw1"}}})
		take(t, b, 300, "claimed-1", evidence.KindExclusionClaimed, "uid:1", claim)
		for _, s := range tt.steps {
			take(t, b, 300, s.id, s.kind, s.author, s.body)
		}
		if n := len(b.Exclusions("fw1")); n != 0 {
			t.Errorf("%s: %d exclusions concern another device", tt.name, n)
		}
		e := b.Exclusions("rt1")[0]
		since := func(s contract.Second) contract.Second { return max(s-1_800_000_000, 0) }
		got := fmt.Sprint(since(e.AnnouncedAt), e.Accepted, " ", e.AcceptedBy, " ", e.Author, " ", e.Approver, " ", since(e.RejectedAt), " ", since(e.ObjectedAt))
		if got != tt.want {
			t.Errorf("%s: exclusion = %q, want %q", tt.name, got, tt.want)
		}
	}
}

// The same samples give the same tracks in whatever order they come, the later word on
// an instant counting.
func TestHeard(t *testing.T) {
	sample := func(ms int64, o vouch.Outcome) contract.Sample {
		return contract.Sample{Start: contract.Milli(ms), Outcome: o}
	}
	var h book.Heard
	for _, s := range []contract.Sample{sample(3000, vouch.Up), sample(1000, vouch.Up), sample(2000, vouch.Up), sample(1000, vouch.Down), sample(4000, vouch.Up)} {
		h.Add("icmp", vouch.KindICMP, false, s)
	}
	h.Add("http", vouch.KindTCP, false, sample(9000, vouch.Up))
	got := h.Checks(contract.Span{From: 1, To: 4})
	if len(got) != 1 || fmt.Sprint(got[0].Name, len(got[0].Samples), got[0].Samples[0].Outcome) != fmt.Sprint("icmp", 3, vouch.Down) {
		t.Errorf("Checks = %+v, want icmp with three samples, the first down", got)
	}
	h.Forget(3)
	if got := h.Checks(contract.Span{From: 0, To: 10}); len(got) != 2 || got[0].Name != "http" || len(got[1].Samples) != 2 {
		t.Errorf("Checks after Forget = %+v, want http and two samples of icmp", got)
	}
	var none *book.Heard
	if got := none.Checks(contract.Span{From: 0, To: 10}); got != nil {
		t.Errorf("Checks of nobody = %v", got)
	}
}
