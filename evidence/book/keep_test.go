// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package book_test

import (
	"testing"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
)

func TestHolds(t *testing.T) {
	b := book.New()
	held := func() bool { return b.Held() }
	if held() {
		t.Error("an empty ledger is held")
	}
	take(t, b, 100, "h1", evidence.KindLegalHold, "uid:1", book.HoldBody{ID: "H-1", Reason: "claim of March"})
	take(t, b, 110, "h2", evidence.KindLegalHold, "uid:2", book.HoldBody{ID: "H-2", Reason: "court"})
	take(t, b, 120, "h3", evidence.KindLegalHold, "uid:3", book.HoldBody{ID: "H-1", Reason: "settled", Removed: true})
	if !held() {
		t.Error("a ledger with one of two holds removed is not held")
	}
	take(t, b, 130, "h4", evidence.KindLegalHold, "uid:3", book.HoldBody{ID: "H-2", Reason: "settled", Removed: true})
	take(t, b, 140, "h5", evidence.KindLegalHold, "uid:3", book.HoldBody{ID: "H-9", Reason: "settled", Removed: true})
	if held() {
		t.Error("a ledger without a hold that stands is held")
	}
	h := b.Holds()
	if len(h) != 2 || h[0].Reason != "claim of March" || h[0].Remover != "uid:3" || !h[0].Removed.Equal(at(120)) || h[0].Author != "uid:1" || !h[1].Placed.Equal(at(110)) {
		t.Errorf("Holds = %+v", h)
	}
}

func TestErased(t *testing.T) {
	b := book.New()
	for i, e := range []book.ErasedBody{
		{Stream: vouch.Telemetry, Before: at(0), First: 3, Last: 90, Count: 40, Why: "retention"},
		{Stream: vouch.Availability, Before: at(0), First: 1, Last: 2, Count: 2, Why: "retention"},
		{Stream: vouch.Telemetry, Before: at(9), First: 91, Last: 91, Count: 1, Why: "retention"},
	} {
		take(t, b, i, "e", evidence.KindDataErased, "collector", e)
	}
	if tel, avail := b.Erased(vouch.Telemetry), b.Erased(vouch.Availability); tel != 41 || avail != 2 {
		t.Errorf("erased of telemetry %d, of availability %d, want 41 and 2", tel, avail)
	}
}
