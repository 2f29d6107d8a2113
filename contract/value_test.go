// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
)

// readings makes samples every 10 s that carry a value called cpu: "40 - 91.5 ! ?" are
// a value, an answer without it, a value, a silence and an unknown.
func readings(t testing.TB, text string) []contract.Sample {
	t.Helper()
	var out []contract.Sample
	for i, word := range strings.Fields(text) {
		s := contract.Sample{Start: contract.Milli(i * 10_000), Interval: 10 * time.Second, Timeout: time.Second, Outcome: vouch.Up}
		switch word {
		case "-":
		case "!":
			s.Outcome, s.Reason = vouch.Down, vouch.ReasonTimeout
		case "?":
			s.Outcome, s.Reason = vouch.Unknown, vouch.ReasonOverload
		default:
			m, err := contract.ParseMicro(word)
			if err != nil {
				t.Fatal(err)
			}
			s.Values = []contract.Value{{Name: "fan", Micro: 1}, {Name: "cpu", Micro: m}}
		}
		out = append(out, s)
	}
	return out
}

func micro(t testing.TB, s string) contract.Micro {
	t.Helper()
	m, err := contract.ParseMicro(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestValueThreshold looks at one location that polls a device by SNMP.
func TestValueThreshold(t *testing.T) {
	eighty := micro(t, "80")
	above := contract.Threshold{Name: "hot", Kind: vouch.KindSNMP, Metric: contract.MetricValue, Value: "cpu", Compare: contract.Above, At: micro(t, "90"), Window: 10 * time.Second}
	with := func(change func(*contract.Threshold)) contract.Threshold {
		th := above
		change(&th)
		return th
	}
	tests := []struct {
		name      string
		threshold contract.Threshold
		readings  string
		want      string
	}{
		{"at the limit", above, "90 90 90", "0-30 up"},
		{"a millionth above", above, "90 90.000001 90", "0-10 up, 10-20 up[figure], 20-30 up"},
		{"another value", with(func(th *contract.Threshold) { th.Value = "fan" }), "99 99 99", "0-30 up"},
		{"the mean of two", with(func(th *contract.Threshold) { th.Window = 20 * time.Second }), "80 99 81 100 100", "0-30 up, 30-50 up[figure]"},
		{"hysteresis: above 90 until 80", with(func(th *contract.Threshold) { th.ClearAt = &eighty }), "90 91 90 85 81 80 90", "0-10 up, 10-50 up[figure], 50-70 up"},
		{"hysteresis: between the limits begins the count to clear anew", with(func(th *contract.Threshold) { th.ClearAt, th.ClearFor = &eighty, 20*time.Second }),
			"91 80 80 81 80 80 80", "0-60 up[figure], 60-70 up"},
		{"for twenty seconds", with(func(th *contract.Threshold) { th.For = 20 * time.Second }), "91 91 91 91 50", "0-20 up, 20-40 up[figure], 40-50 up"},
		{"an absent value is undetermined and keeps what was", above, "91 - - 91 50", "0-40 up[figure], 40-50 up"},
		{"an absent value breaks the count", with(func(th *contract.Threshold) { th.For = 20 * time.Second }), "91 91 - 91 91 91", "0-50 up, 50-60 up[figure]"},
		{"a silence is no value", above, "91 ! 91", "0-10 up[figure], 10-20 down, 20-30 up[figure]"},
		{"sessions below", with(func(th *contract.Threshold) { th.Compare, th.At = contract.Below, micro(t, "2") }), "2 1.999999 2", "0-10 up, 10-20 up[figure], 20-30 up"},
		{"interface down: oper status 2", with(func(th *contract.Threshold) { th.Compare, th.At = contract.Equals, micro(t, "2") }), "1 2 7 2 1", "0-10 up, 10-20 up[figure], 20-30 up, 30-40 up[figure], 40-50 up"},
		{"not in a set", with(func(th *contract.Threshold) {
			th.Compare, th.Set = contract.NotIn, []contract.Micro{contract.MicroOne, 5 * contract.MicroOne}
		}), "1 5 2 5", "0-20 up, 20-30 up[figure], 30-40 up"},
		{"unavailable", with(func(th *contract.Threshold) { th.Effect = contract.EffectDown }), "50 91 50", "0-10 up, 10-20 down, 20-30 up"},
		{"negative", with(func(th *contract.Threshold) { th.Compare, th.At = contract.Below, micro(t, "-40") }), "-40 -40.5 -40", "0-10 up, 10-20 up[figure], 20-30 up"},
		{"beyond what is added up", with(func(th *contract.Threshold) { th.Window = time.Hour }), strings.Repeat("100000000 ", 360), "0-1790 up, 1790-3600 up[figure]"},
	}
	for _, tt := range tests {
		terms := alone()
		terms.Thresholds = []contract.Threshold{tt.threshold}
		s := readings(t, tt.readings)
		span := contract.Span{From: 0, To: contract.Second(10 * len(s))}
		m := contract.Matter{Span: span, Versions: one(terms), Leases: []contract.Span{span},
			Agents: []contract.Agent{{ID: "a", Location: "X", Checks: []contract.Check{{Name: "snmp", Kind: vouch.KindSNMP, Samples: s}}}}}
		if got := told(contract.Judge(m)); got != tt.want {
			t.Errorf("%s: Judge = %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestMicro(t *testing.T) {
	for text, want := range map[string]contract.Micro{"0": 0, "71.5": 71_500_000, "-40": -40_000_000, "0.000001": 1, "-0.5": -500_000} {
		m, err := contract.ParseMicro(text)
		if err != nil || m != want || m.String() != text {
			t.Errorf("ParseMicro(%q) = %d, %v and back %q, want %d", text, m, err, m.String(), want)
		}
	}
	for _, text := range []string{"", "-", "1e3", "0.0000001", "100000001", "--1", "+1", "1."} {
		if m, err := contract.ParseMicro(text); err == nil {
			t.Errorf("ParseMicro(%q) = %d, want an error", text, m)
		}
	}
}

// TestThresholdAgainstNaive evaluates each sample from scratch, by the words of rule
// 10, on samples in any order.
func TestThresholdAgainstNaive(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		th := contract.Threshold{Name: "x", Kind: vouch.KindSNMP, Metric: contract.MetricValue, Value: "cpu", At: 50 * contract.MicroOne,
			Compare: rapid.SampledFrom([]contract.Comparison{contract.Above, contract.Below}).Draw(rt, "compare"),
			Window:  time.Duration(rapid.IntRange(1, 60).Draw(rt, "window")) * time.Second,
			For:     time.Duration(rapid.IntRange(0, 40).Draw(rt, "for")) * time.Second, ClearFor: time.Duration(rapid.IntRange(0, 40).Draw(rt, "clear for")) * time.Second}
		clear := th.At
		if rapid.Bool().Draw(rt, "hysteresis") {
			clear = 40 * contract.MicroOne
			if th.Compare == contract.Below {
				clear = 60 * contract.MicroOne
			}
			th.ClearAt = &clear
		}
		values := rapid.SliceOfN(rapid.IntRange(30, 75), 1, 40).Draw(rt, "values") // above 70: absent
		text := ""
		for _, v := range values {
			if v > 70 {
				text += " -"
			} else {
				text += fmt.Sprint(" ", v)
			}
		}
		samples := readings(t, text)
		terms := alone()
		terms.Thresholds = []contract.Threshold{th}
		span := contract.Span{From: 0, To: contract.Second(10 * len(samples))}
		got := contract.Judge(contract.Matter{Span: span, Versions: one(terms), Leases: []contract.Span{span},
			Agents: []contract.Agent{{ID: "a", Location: "X", Checks: []contract.Check{{Name: "snmp", Kind: vouch.KindSNMP, Samples: permute(rt, samples)}}}}})

		evaluate := func(i int) (out, in bool) {
			sum, n := 0, 0
			for j := i; j >= 0 && 10*(i-j) < int(th.Window/time.Second); j-- {
				if values[j] <= 70 {
					sum, n = sum+values[j], n+1
				}
			}
			due := int(th.Window/time.Second) / 10
			if values[i] > 70 || 2*n < due {
				return false, false
			}
			mean, limit, back := sum*1_000_000, int(th.At)*n, int(clear)*n
			if th.Compare == contract.Above {
				return mean > limit, mean <= back
			}
			return mean < limit, mean >= back
		}
		held := func(i int, d time.Duration, beyond bool) bool {
			for j := i; j >= 0; j-- {
				out, in := evaluate(j)
				if beyond && !out || !beyond && !in {
					return false
				}
				if 10*(i-j) >= int(d/time.Second) {
					return true
				}
			}
			return false
		}
		bad := false
		for i := range values {
			if !bad && held(i, th.For, true) {
				bad = true
			} else if bad && held(i, th.ClearFor, false) {
				bad = false
			}
			at := contract.Second(10 * i)
			s := got[slices.IndexFunc(got, func(s contract.Segment) bool { return s.Contains(at) })]
			if (s.Degraded == contract.EffectFigure) != bad {
				rt.Fatalf("at %d of %s under %+v: degraded %v, want %v", at, text, th, s.Degraded, bad)
			}
		}
	})
}
