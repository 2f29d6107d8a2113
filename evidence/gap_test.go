// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package evidence_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
)

const gapText = `vouch/gap v1
agent: ams1-a
location: ams1
customer: acme
stream: telemetry
epoch: 1793491200000
first: 5
seq: 9
prev: BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
last: CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
nonce: AQIDAAAAAAAAAAAAAAAAAA==
boot: 5f0c6c1e-boot
from: 2026-11-01T00:00:00.000Z
through: 2026-11-01T00:05:00.000Z
reason: queue full
sealed: 2026-11-01T00:06:00.000Z
`

func gapHeader() evidence.GapHeader {
	return evidence.GapHeader{
		Identity: identity(), Stream: vouch.Telemetry, Epoch: uint64(t0.UnixMilli()), First: 5, Seq: 9,
		Prev: evidence.Hash{4}, Last: evidence.Hash{9}, Nonce: evidence.Nonce{1, 2, 3}, Boot: "5f0c6c1e-boot",
		From: t0, Through: t0.Add(5 * time.Minute), Reason: evidence.GapQueueFull, Sealed: t0.Add(6 * time.Minute),
	}
}

func TestOpenGapRefuses(t *testing.T) {
	p := newParty(t, "ams1-a", 1)
	for _, c := range []struct{ name, old, new, want string }{
		{"a batch", "vouch/gap v1", "vouch/batch v1", `want "vouch/gap v1"`},
		{"another agent", "agent: ams1-a", "agent: fra1-a", `the key is "ams1-a"'s`},
		{"last before first", "seq: 9", "seq: 4", "lies before the first"},
		{"from the first on, with a predecessor", "first: 5", "first: 1", "it is none exactly for number 1"},
		{"no predecessor", "prev: BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "prev: none", "it is none exactly for number 1"},
		{"no last", "last: CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "last: none", "begin a new epoch"},
		{"no reason", "reason: queue full", "reason: ", "a text is empty"},
		{"backwards", "through: 2026-11-01", "through: 2026-10-31", "before from"},
		{"something after it", "sealed: 2026-11-01T00:06:00.000Z\n", "sealed: 2026-11-01T00:06:00.000Z\nlines: 0\n", "stands after the last header line"},
	} {
		changed := strings.Replace(gapText, c.old, c.new, 1)
		if changed == gapText {
			t.Fatalf("%s: %q is not in the gap", c.name, c.old)
		}
		_, err := evidence.OpenGap(resign(t, p, changed), p.known)
		wantError(t, c.name, err, c.want)
	}
}

func TestSealGap(t *testing.T) {
	p := newParty(t, "ams1-a", 1)
	g, err := evidence.SealGap(gapHeader(), p.signer)
	if err != nil {
		t.Fatal(err)
	}
	if got := textOf(g.Raw); got != gapText {
		t.Errorf("text of the gap:\n%s\nwant:\n%s", got, gapText)
	}
	item, err := evidence.OpenNote(g.Raw, p.known)
	if err != nil || !reflect.DeepEqual(item, g) {
		t.Errorf("OpenNote = %+v, %v, want %+v", item, err, g)
	}
	l := item.Link()
	if !l.Gap || l.First != 5 || l.Seq != 9 || l.Head != (evidence.Hash{9}) || l.Hash != g.Hash {
		t.Errorf("Link = %+v, want a gap from 5 to 9 that leads on from the last lost note", l)
	}
}

func TestOpenNoteRefusesOtherKinds(t *testing.T) {
	p := newParty(t, "ams1-a", 1)
	for _, raw := range []string{"", "x", "vouch/batch v1\n", "vouch/heartbeat v1\nagent: a\nlocation: l\ncustomer: c\n"} {
		_, err := evidence.OpenNote([]byte(raw), p.known)
		wantError(t, raw, err, "neither a batch nor a gap")
	}
}

func TestPeek(t *testing.T) {
	for _, c := range []struct {
		raw, kind string
		agent     vouch.AgentID
		customer  vouch.CustomerID
	}{
		{"", "", "", ""},
		{"vouch/batch v2\nagent: a\nlocation: l\ncustomer: c\n", "", "", ""},
		{"vouch/batch v1\nagent: a\nlocation: l\n", "", "", ""},
		{gapText, "gap", "ams1-a", "acme"},
		{firstBatchHeader, "batch", "ams1-a", "acme"},
		{"vouch/heartbeat v1\nagent: a\nlocation: l\ncustomer: c\nboot: b\n", "heartbeat", "a", "c"},
		{"vouch/record v1\ncustomer: c\nkind: lease\n", "record", "", "c"},
	} {
		if kind, agent, customer := evidence.Peek([]byte(c.raw)); kind != c.kind || agent != c.agent || customer != c.customer {
			t.Errorf("Peek(%.20q) = %q, %q, %q, want %q, %q, %q", c.raw, kind, agent, customer, c.kind, c.agent, c.customer)
		}
	}
}
