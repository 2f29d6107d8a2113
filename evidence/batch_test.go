// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package evidence_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
)

const firstBatchHeader = `vouch/batch v1
agent: ams1-a
location: ams1
customer: acme
stream: availability
epoch: 1793491200000
seq: 1
prev: none
begins: first start
nonce: AQIDAAAAAAAAAAAAAAAAAA==
boot: 5f0c6c1e-boot
from: 2026-11-01T00:00:00.000Z
through: 2026-11-01T00:01:00.000Z
sealed: 2026-11-01T00:01:00.020Z
clock: offset_us=-120 bound_us=4500 source=collector
dropped: 0
lines: 1
`

func TestSealBatch(t *testing.T) {
	p := newParty(t, "ams1-a", 1)
	lines := appendSample(t, nil, checkSample(), vouch.Availability)
	b := sealBatch(t, p, firstHeader(), lines)
	if got, want := textOf(b.Raw), firstBatchHeader+"\n"+string(lines); got != want {
		t.Errorf("text of the batch:\n%s\nwant:\n%s", got, want)
	}
	opened, err := evidence.OpenBatch(b.Raw, p.known)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(opened, b) {
		t.Errorf("OpenBatch gave %+v, SealBatch %+v", opened, b)
	}
	if b.Hash != evidence.Sum(b.Raw) || b.KeyHash != p.signer.KeyHash() {
		t.Errorf("hash %s of key %08x, want %s of %08x", b.Hash, b.KeyHash, evidence.Sum(b.Raw), p.signer.KeyHash())
	}
	want := firstHeader()
	want.Count = 1
	if b.BatchHeader != want {
		t.Errorf("header %+v, want %+v", b.BatchHeader, want)
	}
}

func TestSealBatchWithoutLines(t *testing.T) {
	p := newParty(t, "ams1-a", 1)
	h := firstHeader()
	h.Seq, h.Prev, h.Begins, h.Clock = 7, evidence.Hash{9}, "", evidence.Clock{}
	b := sealBatch(t, p, h, nil)
	got, err := evidence.OpenBatch(b.Raw, p.known)
	if err != nil || got.BatchHeader != h || len(got.Lines) != 0 {
		t.Errorf("OpenBatch = %+v, %v, want %+v without lines", got, err, h)
	}
}

// Each row changes one thing in the header of a good batch, which is then signed
// again: the signature is right, the words are not.
func TestOpenBatchRefusesHeader(t *testing.T) {
	p := newParty(t, "ams1-a", 1)
	lines := string(appendSample(t, nil, checkSample(), vouch.Availability))
	for _, c := range []struct{ name, old, new, want string }{
		{"another format", "vouch/batch v1", "vouch/batch v2", `want "vouch/batch v1"`},
		{"another agent", "agent: ams1-a", "agent: ams1-b", `names agent "ams1-b", but the key is "ams1-a"'s`},
		{"agent missing", "agent: ams1-a\n", "", `header line "agent" is missing`},
		{"agent is no identifier", "agent: ams1-a", "agent: ams1 a", `header line "agent"`},
		{"location empty", "location: ams1", "location: ", "an identifier is empty"},
		{"customer too long", "customer: acme", "customer: " + strings.Repeat("a", 64), "at most 63"},
		{"unknown stream", "stream: availability", "stream: gossip", "allowed are availability and telemetry"},
		{"epoch zero", "epoch: 1793491200000", "epoch: 0", "whole number from 1"},
		{"epoch beyond 63 bits", "epoch: 1793491200000", "epoch: 9223372036854775808", "whole number from 1"},
		{"seq zero", "seq: 1", "seq: 0", "whole number from 1"},
		{"seq with a leading zero", "seq: 1", "seq: 01", "whole number from 1"},
		{"seq with a sign", "seq: 1", "seq: +1", "whole number from 1"},
		{"seq 2 without prev", "seq: 1", "seq: 2", "it is none exactly for number 1"},
		{"seq 1 with prev", "prev: none", "prev: " + evidence.Hash{1}.String(), "it is none exactly for number 1"},
		{"prev too short", "prev: none", "prev: AAAA", "base64 of 32 bytes"},
		{"prev of zeros", "prev: none", "prev: " + evidence.Hash{}.String(), "stands for none"},
		{"begins missing", "begins: first start\n", "", `header line "begins" is missing`},
		{"begins empty", "begins: first start", "begins: ", "a text is empty"},
		{"begins too long", "begins: first start", "begins: " + strings.Repeat("x", 201), "at most 200"},
		{"begins padded", "begins: first start", "begins: first start ", "white space"},
		{"begins with a DEL", "begins: first start", "begins: first\x7fstart", "control character"},
		{"nonce too short", "nonce: AQIDAAAAAAAAAAAAAAAAAA==", "nonce: AQIDAA==", "base64 of 16 bytes"},
		{"nonce with loose bits", "nonce: AQIDAAAAAAAAAAAAAAAAAA==", "nonce: AQIDAAAAAAAAAAAAAAAAAB==", "base64 of 16 bytes"},
		{"boot with a space", "boot: 5f0c6c1e-boot", "boot: a b", `header line "boot"`},
		{"from without milliseconds", "from: 2026-11-01T00:00:00.000Z", "from: 2026-11-01T00:00:00Z", "is not a time like"},
		{"from in another zone", "from: 2026-11-01T00:00:00.000Z", "from: 2026-11-01T00:00:00.000+01:00", "is not a time like"},
		{"from with a comma", "from: 2026-11-01T00:00:00.000Z", "from: 2026-11-01T00:00:00,000Z", "is not a time like"},
		{"a day that does not exist", "from: 2026-11-01", "from: 2026-11-31", "is not a time like"},
		{"a year out of range", "from: 2026-11-01", "from: 1969-11-01", "allowed are 1970 to 2261"},
		{"through before from", "through: 2026-11-01", "through: 2026-10-01", "before from"},
		{"sealed missing", "sealed: 2026-11-01T00:01:00.020Z\n", "", `header line "sealed" is missing`},
		{"clock in words", "clock: offset_us=-120 bound_us=4500 source=collector", "clock: fine", "allowed are unknown, or offset_us"},
		{"clock with a plus", "offset_us=-120", "offset_us=+120", "clock offset"},
		{"clock with a negative bound", "bound_us=4500", "bound_us=-1", "clock bound"},
		{"clock without source", " source=collector", " source=", "clock source"},
		{"dropped negative", "dropped: 0", "dropped: -1", "whole number from 0"},
		{"lines too few", "lines: 1", "lines: 0", "says 0 lines, the body holds 1"},
		{"lines too many", "lines: 1", "lines: 2", "says 2 lines, the body holds 1"},
		{"lines beyond an int", "lines: 1", "lines: 4294967297", "lines"},
		{"an unknown line", "lines: 1", "mood: good\nlines: 1", `"mood: good" stands in its place`},
		{"two lines swapped", "agent: ams1-a\nlocation: ams1\n", "location: ams1\nagent: ams1-a\n", `"agent" is missing`},
		{"a line twice", "seq: 1\n", "seq: 1\nseq: 1\n", `"prev" is missing`},
		{"no blank line", "lines: 1\n\n", "lines: 1\n", "blank line after the header is missing"},
		{"an empty line in the body", "lines: 1\n\n", "lines: 1\n\n\n", "empty line"},
	} {
		text := firstBatchHeader + "\n" + lines
		changed := strings.Replace(text, c.old, c.new, 1)
		if changed == text {
			t.Fatalf("%s: %q is not in the header", c.name, c.old)
		}
		_, err := evidence.OpenBatch(resign(t, p, changed), p.known)
		wantError(t, c.name, err, c.want)
	}
}

func TestOpenBatchRefusesNote(t *testing.T) {
	p, other := newParty(t, "ams1-a", 1), newParty(t, "fra1-a", 2)
	lines := appendSample(t, nil, checkSample(), vouch.Availability)
	good := sealBatch(t, p, firstHeader(), lines).Raw
	signature := string(good[bytes.LastIndex(good, []byte("\n\n"))+2:])
	twice, err := note.Sign(&note.Note{Text: textOf(good)}, p.signer, other.signer)
	if err != nil {
		t.Fatal(err)
	}
	// The two bits that the padding leaves over are zero as signed.
	loose := strings.TrimSuffix(string(good), "=\n")
	last := loose[len(loose)-1]
	alphabet := "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	loose = loose[:len(loose)-1] + string(alphabet[strings.IndexByte(alphabet, last)+1]) + "=\n"
	if _, err := base64.StdEncoding.DecodeString(loose[strings.LastIndex(loose, " ")+1 : len(loose)-1]); err != nil {
		t.Fatalf("the loosened signature is not what this test wants: %v", err)
	}
	for _, c := range []struct {
		name string
		raw  []byte
		want string
	}{
		{"empty", nil, "malformed note"},
		{"too large", make([]byte, evidence.MaxNote+1), "at most 1048576 are allowed"},
		{"no signature", []byte(textOf(good)), "malformed note"},
		{"another digit", bytes.Replace(good, []byte("41250i"), []byte("41251i"), 1), "wrong signature of key ams1-a+"},
		{"unknown key", resign(t, other, textOf(good)), "signed by an unknown key: fra1-a+"},
		{"signed twice by one", []byte(string(good) + signature), "more than one signature"},
		{"signed by another as well", twice, "more than one signature"},
		{"loose bits", []byte(loose), "canonical base64"},
		{"text after the signature", append(bytes.Clone(good), "x\n"...), "malformed note"},
		{"a carriage return", bytes.Replace(good, []byte("\n"), []byte("\r\n"), 1), "malformed note"},
	} {
		_, err := evidence.OpenBatch(c.raw, p.known)
		wantError(t, c.name, err, c.want)
	}
	if _, err := evidence.OpenBatch(resign(t, other, textOf(good)), p.known); !errors.Is(err, evidence.ErrUnknownKey) {
		t.Errorf("a stranger's batch: %v, want ErrUnknownKey", err)
	}
	if _, err := evidence.OpenBatch(bytes.Replace(good, []byte("ping"), []byte("pong"), 1), p.known); !errors.Is(err, evidence.ErrSignature) {
		t.Errorf("a changed batch: %v, want ErrSignature", err)
	}
}

// No flip of any bit of a batch is accepted.
func TestEveryFlipIsCaught(t *testing.T) {
	p := newParty(t, "ams1-a", 1)
	good := sealBatch(t, p, firstHeader(), appendSample(t, nil, checkSample(), vouch.Availability)).Raw
	for i := range good {
		for bit := range 8 {
			raw := bytes.Clone(good)
			raw[i] ^= 1 << bit
			if _, err := evidence.OpenBatch(raw, p.known); err == nil {
				t.Errorf("bit %d of byte %d flipped (%q): accepted", bit, i, raw[max(0, i-10):i+1])
			}
		}
	}
}

func TestSealBatchRefuses(t *testing.T) {
	p := newParty(t, "ams1-a", 1)
	lines := string(appendSample(t, nil, checkSample(), vouch.Availability))
	for _, c := range []struct {
		name   string
		change func(*evidence.BatchHeader)
		lines  string
		want   string
	}{
		{"another's key", func(h *evidence.BatchHeader) { h.Agent = "fra1-a" }, lines, `the key is "ams1-a"'s`},
		{"no boot", func(h *evidence.BatchHeader) { h.Boot = "" }, lines, "boot"},
		{"a newline in boot", func(h *evidence.BatchHeader) { h.Boot = "x\ny" }, lines, "stands in its place"},
		{"begins in the middle", func(h *evidence.BatchHeader) { h.Seq, h.Prev = 2, evidence.Hash{1} }, lines, `"nonce" is missing`},
		{"sealed never", func(h *evidence.BatchHeader) { h.Sealed = time.Time{} }, lines, "sealed"},
		{"line without a newline", func(h *evidence.BatchHeader) {}, "a b=1i 1", "does not end in a newline"},
		{"empty line", func(h *evidence.BatchHeader) {}, lines + "\n" + lines, "empty line"},
		{"control character", func(h *evidence.BatchHeader) {}, "a\tb\n", "control character"},
		{"invalid UTF-8", func(h *evidence.BatchHeader) {}, "a\xff\n", "UTF-8"},
		{"too much", func(h *evidence.BatchHeader) {}, strings.Repeat(lines, 5000), "at most 1048576"},
	} {
		h := firstHeader()
		c.change(&h)
		_, err := evidence.SealBatch(h, []byte(c.lines), p.signer)
		wantError(t, c.name, err, c.want)
	}
	_, err := evidence.SealBatch(firstHeader(), nil, nil)
	wantError(t, "no key", err, "no key")
}

func TestCheckLines(t *testing.T) {
	p := newParty(t, "ams1-a", 1)
	for _, c := range []struct {
		name   string
		change func(*vouch.Sample)
		want   string
	}{
		{"another agent", func(s *vouch.Sample) { s.Agent = "fra1-a" }, "line 2: it names agent fra1-a"},
		{"another location", func(s *vouch.Sample) { s.Location = "fra1" }, "line 2: it names location fra1"},
		{"another customer", func(s *vouch.Sample) { s.Customer = "globex" }, "line 2: it names customer globex"},
		{"too early", func(s *vouch.Sample) { s.Start = t0.Add(-time.Millisecond) }, "line 2: its time 2026-10-31T23:59:59.999Z lies outside"},
		{"too late", func(s *vouch.Sample) { s.Start = t0.Add(time.Minute) }, "line 2: its time 2026-11-01T00:01:00.000Z lies outside"},
	} {
		s := checkSample()
		c.change(&s)
		lines := appendSample(t, appendSample(t, nil, referenceSample(), vouch.Availability), s, vouch.Availability)
		wantError(t, c.name, evidence.CheckLines(sealBatch(t, p, firstHeader(), lines)), c.want)
	}
	first := appendSample(t, nil, checkSample(), vouch.Availability)
	for name, lines := range map[string]string{
		"a comment":               string(first) + "# all is well\n",
		"a string over two lines": strings.Replace(string(first), `"up"`, "\"u\np\"", 1),
		"only a comment":          "# all is well\n",
	} {
		if err := evidence.CheckLines(sealBatch(t, p, firstHeader(), []byte(lines))); err == nil {
			t.Errorf("CheckLines(%s) = nil, want an error", name)
		}
	}
	s := checkSample()
	s.Start = t0 // the first instant belongs to the batch
	if err := evidence.CheckLines(sealBatch(t, p, firstHeader(), appendSample(t, nil, s, vouch.Availability))); err != nil {
		t.Errorf("CheckLines of a good batch: %v", err)
	}
}
