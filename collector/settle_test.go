// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
)

// The settled instant never passes over a sample that came in since the last look.
func TestSettleWaitsForALook(t *testing.T) {
	const begin, now contract.Second = 1_800_000_000, 1_800_000_000 + 3600
	key := deviceKey{"acme", "rt1"}
	b := new(atomic.Pointer[base])
	b.Store(&base{devices: map[deviceKey]place{key: {Device: vouch.Device{ID: "rt1"}, customer: "acme"}}})
	clock := func() time.Time { return now.Time() }
	j := newJudge(b, newBooks(), nil, clock, slog.New(slog.DiscardHandler))
	d := j.watched[key]
	d.settled = begin
	j.look(d, now)

	at := begin + 60
	j.batch(agentKey{"acme", "AMS-1"}, []vouch.Sample{{
		Customer: "acme", Device: "rt1", Agent: "AMS-1", Check: "snmp", Kind: vouch.KindSNMP, Result: vouch.Result{Start: at.Time(), Outcome: vouch.Up},
	}}, []bool{false}, evidence.BatchHeader{From: begin.Time(), Through: now.Time()}, now.Time())
	if j.settle(d, now) {
		t.Fatalf("settled up to %d over a sample of %d that no look has seen", d.settled, at)
	}
	j.look(d, now)
	if !j.settle(d, now) || d.settled <= at {
		t.Errorf("settled up to %d after a look, want later than the sample at %d", d.settled, at)
	}
	late := []vouch.Sample{{Customer: "acme", Device: "rt1", Agent: "AMS-1", Check: "snmp", Kind: vouch.KindSNMP, Result: vouch.Result{Start: at.Time().Add(time.Second), Outcome: vouch.Up}}}
	j.batch(agentKey{"acme", "AMS-1"}, late, []bool{false}, evidence.BatchHeader{From: begin.Time(), Through: now.Time()}, now.Time())
	if d.rewind != at+1 {
		t.Errorf("a sample older than the settled instant makes the judge go back to %d, want %d", d.rewind, at+1)
	}
}
