// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package evidence_test

import (
	"bytes"
	"reflect"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
)

// trusting accepts any signature of the agent's key, so that fuzzing gets past it:
// what is fuzzed is the text, and each text is given the same signature line.
type trusting struct{ note.Verifier }

func (trusting) Verify(_, _ []byte) bool { return true }

func seeds(f *testing.F, p party) {
	lines := appendSample(f, appendSample(f, nil, checkSample(), vouch.Availability), referenceSample(), vouch.Availability)
	f.Add(textOf(sealBatch(f, p, firstHeader(), lines).Raw))
	h := firstHeader()
	h.Stream, h.Seq, h.Prev, h.Begins = vouch.Telemetry, 2, evidence.Hash{1}, ""
	f.Add(textOf(sealBatch(f, p, h, []byte("system,agent=ams1-a,customer=acme,location=ams1,x=% v=1u,w=\"a%0Ab\",y=0.5,z=true 1793491200000\n")).Raw))
	g, err := evidence.SealGap(gapHeader(), p.signer)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(textOf(g.Raw))
	hb, err := evidence.SealHeartbeat(heartbeat(), lines, p.signer)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(textOf(hb.Raw))
	f.Add(recordText)
}

// FuzzOpenNote: whatever is accepted, sealing it again gives the same text.
func FuzzOpenNote(f *testing.F) {
	p := newParty(f, "ams1-a", 1)
	v, err := p.known.Verifier(p.signer.Name(), p.signer.KeyHash())
	if err != nil {
		f.Fatal(err)
	}
	known := note.VerifierList(trusting{v})
	signature := string(resign(f, p, "x\n")[2:])
	seeds(f, p)
	f.Fuzz(func(t *testing.T, text string) {
		raw := []byte(text + signature)
		evidence.Peek(raw)
		if h, err := evidence.OpenHeartbeat(raw, known); err == nil {
			_ = evidence.CheckHeartbeat(h)
			again, err := evidence.SealHeartbeat(h.HeartbeatHeader, h.Lines, p.signer)
			if err != nil || textOf(again.Raw) != textOf(raw) {
				t.Errorf("heartbeat sealed again: %v\n%s", err, again.Raw)
			}
		}
		if r, err := evidence.OpenRecord(raw, known); err == nil {
			again, err := evidence.SealRecord(r.RecordHeader, r.Body, p.signer)
			if err != nil || textOf(again.Raw) != textOf(raw) {
				t.Errorf("record sealed again: %v\n%s", err, again.Raw)
			}
		}
		item, err := evidence.OpenNote(raw, known)
		if err != nil {
			return
		}
		var again []byte
		switch item := item.(type) {
		case evidence.Batch:
			_ = evidence.CheckLines(item)
			b, err := evidence.SealBatch(item.BatchHeader, item.Lines, p.signer)
			if err != nil {
				t.Fatal(err)
			}
			again = b.Raw
		case evidence.Gap:
			g, err := evidence.SealGap(item.GapHeader, p.signer)
			if err != nil {
				t.Fatal(err)
			}
			again = g.Raw
		}
		if textOf(again) != textOf(raw) {
			t.Errorf("sealed again:\n%s\nwas:\n%s", again, raw)
		}
		l := item.Link().Leaf(t0, "")
		if back, err := evidence.ParseLeaf(l.Append(nil)); err != nil || back != l {
			t.Errorf("leaf %+v reads back as %+v, %v", l, back, err)
		}
	})
}

// FuzzDecodeLines: whatever is read, writing and reading it again gives the same.
func FuzzDecodeLines(f *testing.F) {
	f.Add(false, appendSample(f, nil, checkSample(), vouch.Availability))
	valued := checkSample()
	valued.Values = []vouch.Field{{Name: "interface.ifOperStatus{ifName=wan 1}", Value: vouch.Int(-2)}, {Name: "temperature", Value: vouch.Float(71.5)}}
	f.Add(false, appendSample(f, nil, valued, vouch.Availability))
	f.Add(false, appendSample(f, nil, referenceSample(), vouch.Availability))
	f.Add(true, []byte("system,agent=a,customer=c,location=l,x=% v=1u,w=\"a%0Ab\",y=0.5,z=true 1793491200000\n"))
	f.Add(true, []byte("a\\ b,agent=a,customer=c,device=d,location=l,reference=r\\,\\= v\\ =-0 0\n"))
	f.Fuzz(func(t *testing.T, telemetry bool, in []byte) {
		stream := vouch.Availability
		if telemetry {
			stream = vouch.Telemetry
		}
		var e evidence.Encoder
		for l, err := range evidence.DecodeLines(stream, in) {
			if err != nil {
				return
			}
			s := l.Sample
			if telemetry {
				s.Points = []vouch.Point{l.Point}
			}
			out, err := e.AppendSample(nil, s, stream)
			if err != nil {
				t.Fatalf("%q was read as %+v, which cannot be written: %v", in, l, err)
			}
			back := decodeOne(t, stream, out)
			if !telemetry {
				back.Point = l.Point // unknown fields are kept for the reader alone
			}
			if !reflect.DeepEqual(back.Sample, l.Sample) || !samePoint(back.Point, l.Point) {
				t.Fatalf("%q was read as %+v, written as %q and read as %+v", in, l, out, back)
			}
		}
	})
}

// FuzzQuick: lines are read alike, whichever way.
func FuzzQuick(f *testing.F) {
	var all []byte
	for _, s := range []vouch.Sample{checkSample(), referenceSample()} {
		all = appendSample(f, all, s, vouch.Availability)
	}
	f.Add(all)
	f.Add(bytes.ReplaceAll(all, []byte("i,"), []byte("i, ")))
	for _, swap := range [][2]string{
		{`outcome="up"`, `outcome="down"`}, {`reason="timeout"`, `reason="own socket"`}, {`reason="timeout"`, `reason="a%0Ab"`}, {`reason="timeout"`, `reason="a\"b"`},
		{`sent=3i`, `sent=03i`}, {`sent=3i`, `sent=3`}, {`sent=3i`, `sent=-3i`}, {`sent=3i`, `sent=1000001i`}, {`lost=0i`, `lost=4i`}, {`interval_us=10000000i`, `interval_us=0i`},
		{`duration_us=41250i`, `duration_us=9223372036854775807i`}, {`kind=icmp`, `kind=%`}, {`device=router-1`, `device=router\ 1`}, {`reference=gw`, `reference=a\ b`}, {`role=gateway`, `role=x`},
		{`1793491201234`, `01793491201234`}, {`1793491201234`, `9214646400000`}, {`1793491201234`, ``}, {`1793491201234`, `1793491201234 `}, {"\n", "\r\n"}, {"\n", "\n\n"}, {"\n", "\n#x\n"},
		{`check,`, ` check,`}, {`check,agent`, `check,check=x,agent`}, {`,rtt_jitter_us=31i`, ``}, {`,rtt_jitter_us=31i`, `,rtt_jitter_us=31i,later="x\n"`},
	} {
		f.Add(bytes.ReplaceAll(all, []byte(swap[0]), []byte(swap[1])))
		f.Add(bytes.Replace(append(bytes.Clone(all), all...), []byte(swap[0]), []byte(swap[1]), 1))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var want []evidence.Line
		var failed error
		for l, err := range evidence.DecodeSlowly(vouch.Availability, in) {
			want, failed = append(want, l), err
		}
		n := 0
		for l, err := range evidence.DecodeLines(vouch.Availability, in) {
			switch {
			case n >= len(want) || (err == nil) != (failed == nil || n+1 < len(want)):
				t.Fatalf("line %d of %q: %v; slowly: %v", n+1, in, err, failed)
			case err != nil && err.Error() != failed.Error():
				t.Fatalf("line %d of %q: %v; slowly: %v", n+1, in, err, failed)
			case err == nil && (!reflect.DeepEqual(l.Sample, want[n].Sample) || !samePoint(l.Point, want[n].Point) || l.Point.Measurement != want[n].Point.Measurement):
				t.Fatalf("line %d of %q: %+v; slowly: %+v", n+1, in, l, want[n])
			}
			n++
		}
		if n != len(want) {
			t.Fatalf("%d lines of %q; slowly: %d", n, in, len(want))
		}
	})
}

// samePoint compares points whatever the order of their tags: they are sorted as
// they are escaped.
func samePoint(a, b vouch.Point) bool {
	if a.Measurement != b.Measurement || len(a.Tags) != len(b.Tags) || !reflect.DeepEqual(a.Fields, b.Fields) {
		return false
	}
	for _, t := range a.Tags {
		found := false
		for _, u := range b.Tags {
			found = found || t == u
		}
		if !found {
			return false
		}
	}
	return true
}

func FuzzCanonical(f *testing.F) {
	for _, s := range []string{`{"b":[1,-2,null,true],"a":"\u00e9\ud83d\ude00\n"}`, `{"a":{"a":{}}}`, `[[[]]]`, `1e5`, `"\ud800"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		out, err := evidence.Canonical(in)
		if err != nil {
			return
		}
		if again, err := evidence.Canonical(out); err != nil || !bytes.Equal(again, out) {
			t.Errorf("Canonical(%q) = %q, whose canonical form is %q, %v", in, out, again, err)
		}
	})
}

func FuzzParseLeaf(f *testing.F) {
	f.Add([]byte(batchLeaf))
	f.Add([]byte(recordLeaf))
	f.Fuzz(func(t *testing.T, in []byte) {
		if l, err := evidence.ParseLeaf(in); err == nil && !bytes.Equal(l.Append(nil), in) {
			t.Errorf("ParseLeaf(%q) prints as %q", in, l.Append(nil))
		}
	})
}
