// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
)

// deviceMonth returns 31 days of one device seen from three locations every ten
// seconds, about 800,000 samples, with an outage a day.
func deviceMonth(tb testing.TB) contract.Matter {
	from := sec("2026-05-01T00:00:00Z")
	t := sound(tb)
	t.Windows[0] = contract.Window{Days: contract.DaysOf(time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday), From: 525, To: 1020}
	t.Thresholds = []contract.Threshold{{Name: "slow", Kind: vouch.KindICMP, Metric: contract.MetricRTT, Window: 5 * time.Minute, Limit: 100 * time.Millisecond}}
	m := contract.Matter{Span: contract.Span{From: from, To: from + 31*86400}, Versions: one(t)}
	m.Leases = []contract.Span{m.Span}
	for i, v := range t.Voters {
		c := contract.Check{Name: "icmp", Kind: vouch.KindICMP}
		for at := m.Span.From; at < m.Span.To; at += 10 {
			s := contract.Sample{Start: contract.Milli(at)*1000 + 137*contract.Milli(i), Interval: 10 * time.Second, Timeout: 2 * time.Second,
				Outcome: vouch.Up, RTT: 12 * time.Millisecond, Sent: 3}
			if at%86400 > 36000 && at%86400 < 36000+450 {
				s.Outcome, s.Reason, s.RTT, s.Lost = vouch.Down, vouch.ReasonTimeout, 0, 3
			}
			c.Samples = append(c.Samples, s)
		}
		m.Agents = append(m.Agents, contract.Agent{ID: vouch.AgentID(fmt.Sprint("a", i)), Location: v.Location, Checks: []contract.Check{c}})
	}
	return m
}

func BenchmarkDeviceMonthFromSamples(b *testing.B) {
	m := deviceMonth(b)
	b.ReportAllocs()
	for b.Loop() {
		contract.Assess(contract.Basis{Period: m.Span, Versions: m.Versions, Verdict: contract.Judge(m)})
	}
}

func BenchmarkDeviceMonthFromVerdict(b *testing.B) {
	m := deviceMonth(b)
	verdict := contract.Judge(m)
	b.ReportAllocs()
	for b.Loop() {
		contract.Assess(contract.Basis{Period: m.Span, Versions: m.Versions, Verdict: verdict})
	}
}

// TestDeviceMonth checks what the benchmark computes.
func TestDeviceMonth(t *testing.T) {
	m := deviceMonth(t)
	a := contract.Assess(contract.Basis{Period: m.Span, Versions: m.Versions, Verdict: contract.Judge(m)})
	checkAccount(t, a)
	// 21 working days of 8:15 h; 10:00:10 to 10:07:30 UTC lies in the window each day.
	if a.Agreed != 21*29700 || a.Down != 21*440 || len(a.Incidents) != 31 {
		t.Errorf("agreed, down, incidents = %d, %d, %d, want %d, %d, 31", a.Agreed, a.Down, len(a.Incidents), 21*29700, 21*440)
	}
}
