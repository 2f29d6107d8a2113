// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/vouch-sla/vouch/contract"
)

// A fold that is kept at an instant and advanced from there over and over again, each
// time with a verdict that reaches further than it is advanced, comes to what it comes
// to at once.
func TestAdvanceInPieces(t *testing.T) {
	terms := contract.DefaultTerms()
	terms.Confirm, terms.Clear = 3*time.Second, 2*time.Second
	terms.Windows = []contract.Window{{Days: contract.DaysOf(time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday, time.Sunday), To: 24 * 3600}}
	versions := []contract.Version{{Number: 1, Terms: terms}}
	state := func(from, to contract.Second, s contract.State) contract.Segment {
		return contract.Segment{Span: contract.Span{From: from, To: to}, State: s, Version: 1}
	}
	verdict := []contract.Segment{
		state(1000, 1030, contract.Up), state(1030, 1150, contract.Down), state(1150, 1200, contract.Up),
		state(1200, 1205, contract.Down), state(1205, 1206, contract.Up), state(1206, 1260, contract.Down), state(1260, 1300, contract.Up),
	}
	whole := contract.Span{From: 1000, To: 1300}
	want, moves := contract.Fold{}.Advance(versions, verdict, whole)
	if len(moves) != 4 {
		t.Fatalf("Advance(all at once) = %d transitions, want two incidents opened and closed", len(moves))
	}
	for step := contract.Second(1); step <= 300; step += 7 {
		var got contract.Fold
		var seen []contract.Transition
		for at := whole.From; at < whole.To; at += step {
			var some []contract.Transition
			got, some = got.Advance(versions, verdict, contract.Span{From: at, To: min(at+step, whole.To)})
			seen = append(seen, some...)
			verdict := contract.Slice(verdict, contract.Span{From: at, To: whole.To})
			if ahead, _ := got.Advance(versions, verdict, contract.Span{From: min(at+step, whole.To), To: whole.To}); !reflect.DeepEqual(ahead, want) {
				t.Fatalf("Advance(in pieces of %d s, then from %d on) = %+v, want %+v", step, at+step, ahead, want)
			}
		}
		if !reflect.DeepEqual(got, want) || len(seen) != len(moves) {
			t.Fatalf("Advance(in pieces of %d s) = %+v with %d transitions, want %+v with %d", step, got, len(seen), want, len(moves))
		}
		for i := range seen {
			if seen[i].Opened != moves[i].Opened || seen[i].At != moves[i].At || seen[i].Incident.From != moves[i].Incident.From {
				t.Errorf("Advance(in pieces of %d s): transition %d = %+v, want %+v", step, i, seen[i], moves[i])
			}
		}
	}
}
