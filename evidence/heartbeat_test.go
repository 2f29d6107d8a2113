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

const heartbeatHeader = `vouch/heartbeat v1
agent: ams1-a
location: ams1
customer: acme
boot: 5f0c6c1e-boot
at: 2026-11-01T00:00:10.000Z
clock: unknown
head: availability 1793491200000 7 BwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= 2026-11-01T00:00:00.000Z
head: telemetry 1793491200000 3 AwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= 2026-11-01T00:00:00.000Z
lines: 2
`

func heartbeat() evidence.HeartbeatHeader {
	return evidence.HeartbeatHeader{
		Identity: identity(), Boot: "5f0c6c1e-boot", At: t0.Add(10 * time.Second),
		Heads: []evidence.Head{
			{Stream: vouch.Availability, Epoch: uint64(t0.UnixMilli()), Seq: 7, Hash: evidence.Hash{7}, Through: t0},
			{Stream: vouch.Telemetry, Epoch: uint64(t0.UnixMilli()), Seq: 3, Hash: evidence.Hash{3}, Through: t0},
		},
	}
}

func heartbeatLines(t testing.TB) []byte {
	return appendSample(t, appendSample(t, nil, checkSample(), vouch.Availability), referenceSample(), vouch.Availability)
}

func TestOpenHeartbeatRefuses(t *testing.T) {
	p := newParty(t, "ams1-a", 1)
	for _, c := range []struct{ name, old, new, want string }{
		{"another agent", "agent: ams1-a", "agent: fra1-a", `the key is "ams1-a"'s`},
		{"one stream twice", "head: telemetry", "head: availability", "stands twice or out of order"},
		{"head of four words", " BwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "", "is not stream, epoch, number, hash and through"},
		{"head of an unknown stream", "head: telemetry", "head: zebra", "allowed are availability and telemetry"},
		{"head with number 0", "head: telemetry 1793491200000 3", "head: telemetry 1793491200000 0", "whole number from 1"},
		{"head with a bad hash", "BwAA", "Bw!A", "base64 of 32 bytes"},
		{"too few lines", "lines: 2", "lines: 1", "says 1 lines, the body holds 2"},
	} {
		text := heartbeatHeader + "\n" + string(heartbeatLines(t))
		changed := strings.Replace(text, c.old, c.new, 1)
		if changed == text {
			t.Fatalf("%s: %q is not in the heartbeat", c.name, c.old)
		}
		_, err := evidence.OpenHeartbeat(resign(t, p, changed), p.known)
		wantError(t, c.name, err, c.want)
	}
	h := heartbeat()
	h.Heads, h.Clock = nil, evidence.Clock{Known: true, Source: "x\nhead: telemetry 1 1 " + evidence.Hash{1}.String() + " 2026-11-01T00:00:00.000Z"}
	_, err := evidence.SealHeartbeat(h, nil, p.signer)
	wantError(t, "a head in the clock's source", err, "newline")
}

func TestSealHeartbeat(t *testing.T) {
	p := newParty(t, "ams1-a", 1)
	h, err := evidence.SealHeartbeat(heartbeat(), heartbeatLines(t), p.signer)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := textOf(h.Raw), heartbeatHeader+"\n"+string(heartbeatLines(t)); got != want {
		t.Errorf("text of the heartbeat:\n%s\nwant:\n%s", got, want)
	}
	opened, err := evidence.OpenHeartbeat(h.Raw, p.known)
	if err != nil || !reflect.DeepEqual(opened, h) {
		t.Errorf("OpenHeartbeat = %+v, %v, want %+v", opened, err, h)
	}
	if err := evidence.CheckHeartbeat(h); err != nil {
		t.Errorf("CheckHeartbeat: %v", err)
	}
	h.At = t0
	wantError(t, "a line from the future", evidence.CheckHeartbeat(h), "lies outside")
}
