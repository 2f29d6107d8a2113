// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract_test

import (
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
)

// TestThreshold looks at one location that is up throughout and asked every 10 s from
// 0 to 110: what it measured decides where it is degraded.
func TestThreshold(t *testing.T) {
	const ms = time.Millisecond
	rtt := contract.Threshold{Name: "slow", Kind: vouch.KindICMP, Metric: contract.MetricRTT, Window: 30 * time.Second, Limit: 100 * ms}
	jitter := contract.Threshold{Name: "jumpy", Kind: vouch.KindICMP, Metric: contract.MetricJitter, Window: 10 * time.Second, Limit: 10 * ms}
	loss := contract.Threshold{Name: "lossy", Kind: vouch.KindICMP, Metric: contract.MetricLoss, Window: 60 * time.Second, Lost: 3, Of: 10}
	with := func(th contract.Threshold, change func(*contract.Threshold)) contract.Threshold {
		change(&th)
		return th
	}
	type values struct {
		rtt, jitter []time.Duration
		lost        []uint16
		missing     []int // indexes of samples that are not there
		unknown     []int
	}
	tests := []struct {
		name      string
		threshold contract.Threshold
		values    values
		want      string // over [0, 120)
	}{
		{"never beyond", rtt, values{}, "0-120 up"},
		{"mean over the window, at the limit is within", rtt, values{rtt: []time.Duration{0, 0, 0, 280 * ms}}, "0-120 up"},
		{"mean over the window, beyond it while the sample is in it", rtt, values{rtt: []time.Duration{0, 0, 0, 281 * ms}}, "0-30 up, 30-60 up[figure], 60-120 up"},
		{"a window that is not full is judged by what is due", rtt, values{rtt: []time.Duration{400 * ms}}, "0-10 up, 10-30 up[figure], 30-120 up"},
		{"beyond long enough, not set back", with(rtt, func(th *contract.Threshold) { th.For = 20 * time.Second }),
			values{rtt: []time.Duration{0, 0, 0, 900 * ms}}, "0-50 up, 50-60 up[figure], 60-120 up"},
		{"not long enough", with(rtt, func(th *contract.Threshold) { th.For = 30 * time.Second }), values{rtt: []time.Duration{0, 0, 0, 900 * ms}}, "0-120 up"},
		{"cleared late", with(rtt, func(th *contract.Threshold) { th.ClearFor = 20 * time.Second }),
			values{rtt: []time.Duration{0, 0, 0, 900 * ms}}, "0-30 up, 30-80 up[figure], 80-120 up"},
		{"an effect of its own", with(rtt, func(th *contract.Threshold) { th.Effect = contract.EffectIncident }),
			values{rtt: []time.Duration{0, 0, 0, 900 * ms}}, "0-30 up, 30-60 up[incident], 60-120 up"},
		{"degraded is down", with(rtt, func(th *contract.Threshold) { th.Effect = contract.EffectDown }),
			values{rtt: []time.Duration{0, 0, 0, 900 * ms}}, "0-30 up, 30-60 down, 60-120 up"},
		{"another kind of check", with(rtt, func(th *contract.Threshold) { th.Kind = vouch.KindSNMP }), values{rtt: []time.Duration{900 * ms, 900 * ms, 900 * ms}}, "0-120 up"},
		{"under half of the due samples is undetermined", rtt, values{rtt: []time.Duration{0, 0, 0, 0, 900 * ms}, missing: []int{2, 3}}, "0-50 up, 50-70 up[figure], 70-120 up"},
		{"an unknown sample is undetermined and breaks the count", with(rtt, func(th *contract.Threshold) { th.For = 20 * time.Second }),
			values{rtt: []time.Duration{900 * ms, 900 * ms, 900 * ms, 900 * ms}, unknown: []int{2}}, "0-20 up, 20-30 unknown(overload), 30-50 up, 50-60 up[figure], 60-120 up"},
		{"jitter", jitter, values{jitter: []time.Duration{0, 0, 11 * ms, 10 * ms}}, "0-20 up, 20-30 up[figure], 30-120 up"},
		{"jitter needs two answers", jitter, values{jitter: []time.Duration{0, 0, 11 * ms, 11 * ms}, lost: []uint16{0, 0, 0, 4}}, "0-20 up, 20-40 up[figure], 40-120 up"},
		{"loss below the count", loss, values{lost: []uint16{0, 0, 1, 1}}, "0-120 up"},
		{"loss of the last ten, two rounds", loss, values{lost: []uint16{0, 0, 2, 1}}, "0-30 up, 30-40 up[figure], 40-120 up"},
		{"loss of all in the window", with(loss, func(th *contract.Threshold) { th.Of = 0 }), values{lost: []uint16{0, 0, 2, 1}}, "0-30 up, 30-80 up[figure], 80-120 up"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			terms := alone()
			terms.Thresholds = []contract.Threshold{tt.threshold}
			c := contract.Check{Name: "icmp", Kind: vouch.KindICMP}
			for i := range 12 {
				s := contract.Sample{Start: contract.Milli(i * 10_000), Interval: 10 * time.Second, Timeout: time.Second,
					Outcome: vouch.Up, Sent: 5, RTT: 10 * ms, Jitter: ms}
				if i < len(tt.values.rtt) && tt.values.rtt[i] != 0 {
					s.RTT = tt.values.rtt[i]
				}
				if i < len(tt.values.jitter) && tt.values.jitter[i] != 0 {
					s.Jitter = tt.values.jitter[i]
				}
				if i < len(tt.values.lost) {
					s.Lost = tt.values.lost[i]
				}
				skip := false
				for _, m := range tt.values.missing {
					skip = skip || m == i
				}
				for _, u := range tt.values.unknown {
					if u == i {
						s.Outcome, s.Reason = vouch.Unknown, vouch.ReasonOverload
					}
				}
				if !skip {
					c.Samples = append(c.Samples, s)
				}
			}
			if len(tt.values.missing) > 0 {
				for i := range c.Samples {
					c.Samples[i].Timeout = 11 * time.Second // so that holes show nothing
				}
			}
			m := contract.Matter{Span: contract.Span{From: 0, To: 120}, Versions: one(terms), Leases: []contract.Span{{From: 0, To: 120}},
				Agents: []contract.Agent{{ID: "a", Location: "X", Checks: []contract.Check{c}}}}
			if got := told(contract.Judge(m)); got != tt.want {
				t.Errorf("Judge = %s, want %s", got, tt.want)
			}
		})
	}
}
