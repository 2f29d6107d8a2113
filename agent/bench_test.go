// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/agent"
)

// BenchmarkPoll is what one poll of 113 values costs beyond asking: encoding both
// streams, sealing, signing and packing, sealed once in 60 polls.
func BenchmarkPoll(b *testing.B) {
	r := vouch.Result{Outcome: vouch.Up, Sent: 3, RTT: vouch.RTT{Min: 1, Avg: 2, Max: 3}}
	for i := range 10 {
		p := vouch.Point{Measurement: "interface", Tags: []vouch.Tag{{Key: "ifAlias", Value: "uplink to the city"}, {Key: "ifName", Value: fmt.Sprintf("Gi0/0/%d", i)}}}
		for f := range 11 {
			p.Fields = append(p.Fields, vouch.Field{Name: fmt.Sprintf("ifHCInOctets%d", f), Value: vouch.Uint(uint64(f) * 123_456_789_012)})
		}
		r.Points = append(r.Points, p)
	}
	r.Points = append(r.Points, vouch.Point{Measurement: "snmp", Fields: []vouch.Field{{Name: "up", Value: vouch.Uint(1)}, {Name: "a", Value: vouch.Int(2)}, {Name: "b", Value: vouch.Int(2)}}})
	record, seal := agent.NewRecorder(b.TempDir())
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		r.Start = time.Now()
		record(vouch.Sample{Customer: "acme", Device: "d1", Check: "snmp", Kind: vouch.KindSNMP, Interval: time.Minute, Timeout: time.Second, Result: r})
		if n++; n%60 == 0 {
			seal()
		}
	}
}
