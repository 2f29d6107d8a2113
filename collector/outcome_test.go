// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
)

// founds draws samples as batches hold them: of a few sources, in order of time.
func founds() *rapid.Generator[[]found] {
	ms := func(t *rapid.T, label string, most int) time.Duration {
		return time.Duration(rapid.IntRange(0, most).Draw(t, label)) * time.Millisecond
	}
	us := func(t *rapid.T, label string) time.Duration {
		return time.Duration(rapid.IntRange(0, 5_000_000).Draw(t, label)) * time.Microsecond
	}
	return rapid.Custom(func(t *rapid.T) []found {
		var out []found
		at := rapid.Int64Range(0, 4e12).Draw(t, "start")
		for range rapid.IntRange(1, 20).Draw(t, "samples") {
			f := found{
				Source:  rapid.SampledFrom([]string{"icmp", "snmp", "gateway ☎"}).Draw(t, "source"),
				Kind:    rapid.SampledFrom([]vouch.Kind{vouch.KindICMP, vouch.KindSNMP}).Draw(t, "kind"),
				Gateway: rapid.Bool().Draw(t, "gateway"), Interval: ms(t, "interval", 600_000), Timeout: ms(t, "timeout", 60_000),
				Start: at, Outcome: vouch.Outcome(rapid.IntRange(0, 2).Draw(t, "outcome")),
				Reason: vouch.Reason(rapid.SampledFrom([]string{"", "timeout", "own socket"}).Draw(t, "reason")), Doubt: rapid.Bool().Draw(t, "doubt"),
				Sent: rapid.IntRange(0, 20).Draw(t, "sent"), Lost: rapid.IntRange(0, 20).Draw(t, "lost"), Duration: us(t, "duration"),
			}
			if rapid.Bool().Draw(t, "answered") {
				f.RTT = vouch.RTT{Min: us(t, "min"), Avg: us(t, "avg"), Max: us(t, "max"), Jitter: us(t, "jitter")}
			}
			for range rapid.IntRange(0, 3).Draw(t, "values") {
				f.Values = append(f.Values, contract.Value{Name: rapid.SampledFrom([]string{"timeout", "if.oper{a=☎}", "t"}).Draw(t, "name"),
					Micro: contract.Micro(rapid.Int64().Draw(t, "micro"))})
			}
			out = append(out, f)
			at += rapid.Int64Range(-5_000, 60_000).Draw(t, "step")
		}
		return out
	})
}

// What is appended in several segments is read back as one sequence.
func TestChunkRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var want, got []found
		var chunk []byte
		for range rapid.IntRange(1, 4).Draw(t, "batches") {
			fs := founds().Draw(t, "batch")
			want = append(want, fs...)
			chunk = appendSegment(chunk, fs)
		}
		if err := eachFound(chunk, func(f found) { got = append(got, f) }); err != nil {
			t.Fatalf("eachFound: %v", err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("read back %+v, want %+v", got, want)
		}
	})
}

func TestChunkNoSamples(t *testing.T) {
	if b := appendSegment(nil, nil); len(b) != 0 {
		t.Errorf("appendSegment of no samples = %d bytes, want none", len(b))
	}
}

// A chunk that is cut anywhere but between segments is damaged, and says so.
func TestChunkTruncated(t *testing.T) {
	chunk := appendSegment(nil, []found{{Source: "icmp", Kind: vouch.KindICMP, Start: 1000, Outcome: vouch.Down, Reason: vouch.ReasonTimeout, Sent: 3, Lost: 3,
		Values: []contract.Value{{Name: "cpu", Micro: -5}}}})
	for n := 1; n < len(chunk); n++ {
		if err := eachFound(chunk[:n], func(found) {}); !errors.Is(err, errChunk) {
			t.Errorf("eachFound of the first %d of %d bytes = %v, want errChunk", n, len(chunk), err)
		}
	}
}

func FuzzChunk(f *testing.F) {
	f.Add(appendSegment(nil, []found{{Source: "snmp", Kind: vouch.KindSNMP, Start: 1, Outcome: vouch.Up, Sent: 1, RTT: vouch.RTT{Avg: time.Millisecond}}}))
	f.Add(appendSegment(nil, []found{{Source: "snmp", Start: 1, Outcome: vouch.Up, Values: []contract.Value{{Name: "cpu", Micro: 71_500_000}, {Name: "up", Micro: -1}}}}))
	f.Add([]byte{3, 255, 255, 255})
	f.Fuzz(func(t *testing.T, chunk []byte) {
		n := 0
		_ = eachFound(chunk, func(found) { n++ }) // it must end, and use no more than the bytes can say
		if n > len(chunk) {
			t.Errorf("%d samples out of %d bytes", n, len(chunk))
		}
	})
}
