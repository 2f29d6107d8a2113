// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package evidence_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
)

// t0 is the beginning of every story told here.
var t0 = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// party is somebody with a key. Keys are made of a repeated byte, so that golden
// texts stay the same.
type party struct {
	skey, vkey string
	signer     note.Signer
	known      note.Verifiers
}

func newParty(t testing.TB, name string, seed byte) party {
	t.Helper()
	skey, vkey, err := evidence.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{seed}, 32)), name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := evidence.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	v, err := evidence.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	return party{skey, vkey, s, note.VerifierList(v)}
}

func identity() evidence.Identity {
	return evidence.Identity{Agent: "ams1-a", Location: "ams1", Customer: "acme"}
}

func firstHeader() evidence.BatchHeader {
	return evidence.BatchHeader{
		Identity: identity(), Stream: vouch.Availability, Epoch: uint64(t0.UnixMilli()), Seq: 1,
		Begins: evidence.BeginsFirstStart, Nonce: evidence.Nonce{1, 2, 3}, Boot: "5f0c6c1e-boot",
		From: t0, Through: t0.Add(time.Minute), Sealed: t0.Add(time.Minute + 20*time.Millisecond),
		Clock: evidence.Clock{Known: true, Offset: -120 * time.Microsecond, Bound: 4500 * time.Microsecond, Source: "collector"},
	}
}

func checkSample() vouch.Sample {
	return vouch.Sample{
		Customer: "acme", Agent: "ams1-a", Location: "ams1", Device: "router-1", Check: "ping", Kind: vouch.KindICMP,
		Interval: 10 * time.Second, Timeout: 3 * time.Second,
		Result: vouch.Result{
			Start: t0.Add(1234 * time.Millisecond), Duration: 41250 * time.Microsecond, Outcome: vouch.Up, Sent: 3, Lost: 0,
			RTT: vouch.RTT{Min: 780 * time.Microsecond, Avg: 801 * time.Microsecond, Max: 833 * time.Microsecond, Jitter: 31 * time.Microsecond},
		},
	}
}

func referenceSample() vouch.Sample {
	s := checkSample()
	s.Device, s.Check, s.Reference, s.Gateway = "", "", "gw", true
	s.Outcome, s.Reason, s.Lost, s.RTT = vouch.Down, vouch.ReasonTimeout, 3, vouch.RTT{}
	return s
}

func appendSample(t testing.TB, dst []byte, s vouch.Sample, stream vouch.Stream) []byte {
	t.Helper()
	var e evidence.Encoder
	out, err := e.AppendSample(dst, s, stream)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func sealBatch(t testing.TB, p party, h evidence.BatchHeader, lines []byte) evidence.Batch {
	t.Helper()
	b, err := evidence.SealBatch(h, lines, p.signer)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// resign returns text as a note signed by p, whatever it says.
func resign(t testing.TB, p party, text string) []byte {
	t.Helper()
	raw, err := note.Sign(&note.Note{Text: text}, p.signer)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// textOf returns what a note's signature is over.
func textOf(raw []byte) string {
	return string(raw[:strings.LastIndex(string(raw), "\n\n")+1])
}

// wantError reports an error that is absent or does not say what it should.
func wantError(t testing.TB, what string, err error, want string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error, want one with %q", what, want)
	} else if !strings.Contains(err.Error(), want) {
		t.Errorf("%s: error %q, want one with %q", what, err, want)
	}
}
