// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package anchor_test

import (
	"testing"
	"time"

	"github.com/vouch-sla/vouch/collector/anchor"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/tsatest"
)

// What agents may let go is covered by anchors of every ledger for which somebody outside
// has vouched: not by those of one ledger, and not by those that nobody stamped yet.
func TestCovered(t *testing.T) {
	tsa := tsatest.Start(t)
	tsa.Down(true)
	w := newWorld(t, func(o *anchor.Options) {
		o.Every = 20 * time.Millisecond
		o.Authorities = []anchor.Authority{authority(t, "test", tsa)}
	})
	w.decide("acme", evidence.KindIncidentEvent)
	w.start()
	w.wait("it is anchored, and nobody vouches", func() bool { return w.anchors.Status().Size > 0 && w.party("test").Failures > 2 })
	if ago, known := w.anchors.Covered(); known {
		t.Fatalf("Covered = %v ago, want unknown: nobody has vouched", ago)
	}
	up := time.Now()
	tsa.Down(false)
	w.wait("what was there before the authority came back is covered", func() bool {
		ago, known := w.anchors.Covered()
		return known && ago < time.Since(up)
	})
	tsa.Down(true)
	w.decide("acme", evidence.KindIncidentEvent)
	size := w.anchors.Status().Size
	w.wait("it is anchored", func() bool { return w.anchors.Status().Size > size })
	seen := time.Now()
	failures := w.party("test").Failures
	w.wait("nobody vouches", func() bool { return w.party("test").Failures > failures+1 })
	if ago, known := w.anchors.Covered(); !known || ago < time.Since(seen) {
		t.Errorf("Covered = %v ago, %t, want what was before the last anchor, %v ago", ago, known, time.Since(seen))
	}
}

func TestCoveredWithNobodyToVouch(t *testing.T) {
	w := newWorld(t, func(o *anchor.Options) { o.Every = 20 * time.Millisecond })
	w.decide("acme", evidence.KindIncidentEvent)
	w.start()
	begun := time.Now()
	w.wait("a round after the first is over", func() bool {
		ago, known := w.anchors.Covered()
		return known && ago < time.Since(begun)
	})
	if n := len(kept[evidence.Anchored](w, evidence.KindAnchored)); n != 1 {
		t.Errorf("anchors = %d, want 1: rounds go on where nothing grew", n)
	}
}
