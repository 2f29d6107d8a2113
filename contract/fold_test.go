// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
)

// line reads "5u 10d 3k 4x 2n": seconds up, down, unknown, excluded (down), not
// measured; in capitals outside the window; i and I degraded with an effect on
// incidents. It begins at 0.
func line(t testing.TB, text string) []contract.Part {
	t.Helper()
	var out []contract.Part
	at := contract.Second(0)
	for item := range strings.FieldsSeq(text) {
		var n contract.Second
		var letter string
		if _, err := fmt.Sscanf(item, "%d%s", &n, &letter); err != nil {
			t.Fatalf("part %q: %v", item, err)
		}
		p := contract.Part{Segment: contract.Segment{Span: contract.Span{From: at, To: at + n}}}
		switch strings.ToLower(letter) {
		case "u":
			p.State, p.Class = contract.Up, contract.ClassUp
		case "i":
			p.State, p.Class, p.Degraded = contract.Up, contract.ClassUp, contract.EffectIncident
		case "d":
			p.State, p.Class = contract.Down, contract.ClassDown
		case "k":
			p.State, p.Class = contract.Unknown, contract.ClassUnknown
		case "x":
			p.State, p.Class, p.Excluded = contract.Down, contract.ClassExcluded, []string{"M"}
		case "n":
			p.State, p.Class = contract.NotMeasured, contract.ClassNotMeasured
		}
		if letter == strings.ToUpper(letter) {
			p.Class = contract.ClassOutside
		}
		out = append(out, p)
		at += n
	}
	return out
}

// run folds parts and renders what happened: "open@12[10-] close@40[10-30 20s]".
func run(f *contract.Fold, t *contract.Terms, parts []contract.Part) string {
	var out []string
	for _, p := range parts {
		m, moved := f.Add(p, t)
		switch {
		case !moved:
		case m.Opened:
			out = append(out, fmt.Sprintf("open@%d[%d-]", m.At, m.Incident.From))
		default:
			out = append(out, fmt.Sprintf("close@%d[%d-%d %ds]", m.At, m.Incident.From, m.Incident.To, m.Incident.CountedDown))
		}
	}
	if n, s := f.Shorts(); n > 0 {
		out = append(out, fmt.Sprintf("short %d %ds", n, s))
	}
	return strings.Join(out, " ")
}

func TestFold(t *testing.T) {
	terms := contract.Terms{Confirm: 10 * time.Second, Clear: 20 * time.Second}
	tests := []struct{ name, line, want string }{
		{"nothing", "100u", ""},
		{"confirmed, and closed at the start of the up run", "5u 15d 30u", "open@15[5-] close@40[5-20 15s]"},
		{"a second short of confirm", "5u 9d 30u", "short 1 9s"},
		{"exactly confirm", "5u 10d 30u", "open@15[5-] close@35[5-15 10s]"},
		{"short ups neither break nor add", "4d 19u 4d 19u 2d 5u", "open@48[0-]"},
		{"an up run of clear resets", "4d 20u 4d 20u 2d 5u", "short 3 10s"},
		{"an unknown neither breaks nor adds", "4d 100k 6d", "open@110[0-]"},
		{"an unknown ends an up run", "12d 15u 3k 15u 3k 25u", "open@10[0-] close@68[0-48 12s]"},
		{"an unknown does not close", "12d 100k", "open@10[0-]"},
		{"an exclusion resets", "5u 8d 10x 8d 30u", "short 2 16s"},
		{"the start is the end of the exclusion it began inside", "5u 8d 10x 12d", "open@33[23-] short 1 8s"},
		{"an exclusion does not close", "12d 50x 5d 30u", "open@10[0-] close@87[0-67 17s]"},
		{"an up run begins anew after an exclusion", "12d 15u 5x 15u", "open@10[0-]"},
		{"outside the window incidents run and nothing counts", "8D 8d 30u", "open@10[0-] close@36[0-16 8s]"},
		{"a down over the edge of a window is one interruption", "3d 2D 3d 30u", "short 1 6s"},
		{"an interruption wholly outside the window is none", "3D 30u", ""},
		{"degraded opens an incident and counts nothing", "12i 30u", "open@10[0-] close@32[0-12 0s]"},
		{"the end of measuring closes", "12d 5n", "open@10[0-] close@12[0-12 12s]"},
		{"and forgets", "8d 5n 8d", "short 2 16s"},
		{"two incidents", "12d 20u 12d 20u", "open@10[0-] close@32[0-12 12s] open@42[32-] close@64[32-44 12s]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			parts := line(t, tt.line)
			var whole contract.Fold
			if got := run(&whole, &terms, parts); got != tt.want {
				t.Errorf("Add(%s) = %s, want %s", tt.line, got, tt.want)
			}
			var pieces contract.Fold
			if got := run(&pieces, &terms, seconds(parts)); got != tt.want {
				t.Errorf("Add(%s) second by second = %s, want %s", tt.line, got, tt.want)
			}
			if a, b := stored(t, whole), stored(t, pieces); a != b {
				t.Errorf("state after %s second by second = %s, want %s", tt.line, b, a)
			}
		})
	}
}

// seconds cuts parts into seconds.
func seconds(parts []contract.Part) []contract.Part {
	var out []contract.Part
	for _, p := range parts {
		for at := p.From; at < p.To; at++ {
			s := p
			s.Span = contract.Span{From: at, To: at + 1}
			out = append(out, s)
		}
	}
	return out
}

func stored(t testing.TB, f contract.Fold) string {
	t.Helper()
	b, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestFoldResumes stores the state between any two parts and goes on from what was
// read back.
func TestFoldResumes(t *testing.T) {
	terms := contract.Terms{Confirm: 5 * time.Second, Clear: 8 * time.Second}
	rapid.Check(t, func(rt *rapid.T) {
		items := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) string {
			return fmt.Sprint(rapid.IntRange(1, 12).Draw(rt, "n"), rapid.SampledFrom([]string{"u", "U", "d", "D", "k", "x", "n", "i"}).Draw(rt, "state"))
		}), 1, 30).Draw(rt, "items")
		parts := line(t, strings.Join(items, " "))
		var whole, resumed contract.Fold
		want := run(&whole, &terms, parts)
		var got []string
		for _, p := range parts {
			text := stored(t, resumed)
			resumed = contract.Fold{}
			if err := json.Unmarshal([]byte(text), &resumed); err != nil {
				rt.Fatal(err)
			}
			if m, moved := resumed.Add(p, &terms); moved {
				if m.Opened {
					got = append(got, fmt.Sprintf("open@%d[%d-]", m.At, m.Incident.From))
				} else {
					got = append(got, fmt.Sprintf("close@%d[%d-%d %ds]", m.At, m.Incident.From, m.Incident.To, m.Incident.CountedDown))
				}
			}
		}
		if n, s := resumed.Shorts(); n > 0 {
			got = append(got, fmt.Sprintf("short %d %ds", n, s))
		}
		if strings.Join(got, " ") != want || stored(t, resumed) != stored(t, whole) {
			rt.Errorf("resumed fold of %v = %v, %s, want %s, %s", items, got, stored(t, resumed), want, stored(t, whole))
		}
	})
}

func TestWitnessesOfAnIncident(t *testing.T) {
	terms := contract.Terms{Confirm: 10 * time.Second, Clear: 20 * time.Second}
	down := func(from, to contract.Second, places ...vouch.LocationID) contract.Part {
		p := contract.Part{Class: contract.ClassDown, Segment: contract.Segment{Span: contract.Span{From: from, To: to}, State: contract.Down}}
		for _, l := range []vouch.LocationID{"A", "B", "K"} {
			w := contract.Witness{Location: l, Votes: l != "K", State: contract.Unknown}
			if slices.Contains(places, l) {
				w.State = contract.Down
			}
			p.Witnesses = append(p.Witnesses, w)
		}
		return p
	}
	tests := []struct {
		name   string
		parts  []contract.Part
		want   []vouch.LocationID
		single bool
	}{
		{"one witness", []contract.Part{down(0, 20, "A", "K")}, []vouch.LocationID{"A"}, true},
		{"one after the other is still one", []contract.Part{down(0, 10, "B"), down(10, 20, "A")}, []vouch.LocationID{"A", "B"}, true},
		{"two at a time", []contract.Part{down(0, 10, "B"), down(10, 20, "A", "B")}, []vouch.LocationID{"A", "B"}, false},
	}
	for _, tt := range tests {
		var f contract.Fold
		for _, p := range tt.parts {
			f.Add(p, &terms)
		}
		if f.Current == nil || !slices.Equal(f.Current.Witnesses, tt.want) || f.Current.Single() != tt.single {
			t.Errorf("%s: incident = %+v, want witnesses %v, single %v", tt.name, f.Current, tt.want, tt.single)
		}
	}
}

func TestGroup(t *testing.T) {
	b := func(device, site string, from contract.Second) contract.Breach {
		return contract.Breach{Device: vouch.DeviceID(device), Site: vouch.SiteID(site), Incident: contract.Incident{From: from}}
	}
	breaches := []contract.Breach{b("r", "S", 100), b("q", "S", 130), b("p", "S", 131), b("z", "T", 100), b("a", "S", 100), b("y", "S", 161)}
	var got []string
	for _, g := range contract.Group(breaches, 30*time.Second) {
		var names []string
		for _, x := range g {
			names = append(names, string(x.Device))
		}
		got = append(got, strings.Join(names, "+"))
	}
	// p is within 30 s of q, but not of all that began at 100.
	if s := strings.Join(got, " "); s != "a+r+q z p+y" {
		t.Errorf("Group = %s, want a+r+q z p+y", s)
	}
}

func TestLive(t *testing.T) {
	now := utc("2026-06-09T10:00:00Z")
	terms := alone()
	terms.Quorum, terms.Voters = contract.Quorum{Rule: contract.ReachableFrom, Q: 2}, []contract.Voter{{Location: "A"}, {Location: "B"}, {Location: "C"}}
	word := func(place string, age time.Duration, o vouch.Outcome) contract.LastWord {
		return contract.LastWord{Agent: vouch.AgentID(place), Location: vouch.LocationID(place), At: now.Add(-age),
			Checks: []contract.LastOutcome{{Kind: vouch.KindICMP, Outcome: o, Reason: vouch.ReasonOverload}}}
	}
	sick := word("C", 0, vouch.Down)
	sick.References = []contract.LastReference{{Gateway: true, Outcome: vouch.Up}, {Outcome: vouch.Down}}
	never := contract.LastWord{Agent: "C", Location: "C"}
	tests := []struct {
		name  string
		words []contract.LastWord
		want  string
	}{
		{"nobody ever spoke", nil, "0-0 unknown(no sample)"},
		{"two up", []contract.LastWord{word("A", 0, vouch.Up), word("B", time.Second, vouch.Up)}, "0-0 up"},
		{"carried for 30 s", []contract.LastWord{word("A", 30*time.Second, vouch.Up), word("B", 0, vouch.Up), never}, "0-0 up"},
		{"and no longer", []contract.LastWord{word("A", 30*time.Second+1, vouch.Up), word("B", 0, vouch.Up), word("C", 0, vouch.Down)}, "0-0 unknown(agent silent)"},
		{"two down", []contract.LastWord{word("A", 0, vouch.Down), word("B", 0, vouch.Down), word("C", 0, vouch.Up)}, "0-0 down"},
		{"a silence that its agent cannot prove", []contract.LastWord{word("A", 0, vouch.Down), word("B", 0, vouch.Up), sick}, "0-0 unknown(provider network)"},
	}
	for _, tt := range tests {
		if got := told([]contract.Segment{contract.Live(&terms, now, tt.words)}); got != tt.want {
			t.Errorf("%s: Live = %s, want %s", tt.name, got, tt.want)
		}
	}
}
