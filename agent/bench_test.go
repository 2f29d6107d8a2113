// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/agent"
	"github.com/vouch-sla/vouch/internal/journal"
)

// pollValues is how many values one poll of the benchmark yields.
const pollValues = 113

// poller makes polls of a router with ten interfaces whose counters move.
type poller struct {
	dice     *rand.Rand
	counters [10][11]uint64
	device   int
}

func (p *poller) poll(devices int) vouch.Sample {
	r := vouch.Result{Start: time.Now(), Outcome: vouch.Up, Sent: 3, RTT: vouch.RTT{Min: time.Duration(900+p.dice.IntN(90)) * time.Microsecond, Avg: time.Duration(1000+p.dice.IntN(90)) * time.Microsecond, Max: time.Duration(1100+p.dice.IntN(90)) * time.Microsecond}}
	for i := range p.counters {
		x := vouch.Point{Measurement: "interface", Tags: []vouch.Tag{{Key: "ifAlias", Value: "uplink to the city"}, {Key: "ifName", Value: fmt.Sprintf("Gi0/0/%d", i)}}}
		for f := range p.counters[i] {
			p.counters[i][f] += p.dice.Uint64N(1 << 24)
			x.Fields = append(x.Fields, vouch.Field{Name: fmt.Sprintf("ifHCInOctets%d", f), Value: vouch.Uint(p.counters[i][f])})
		}
		r.Points = append(r.Points, x)
	}
	r.Points = append(r.Points, vouch.Point{Measurement: "snmp", Fields: []vouch.Field{{Name: "up", Value: vouch.Uint(1)}, {Name: "a", Value: vouch.Int(2)}, {Name: "b", Value: vouch.Int(2)}}})
	p.device = (p.device + 1) % devices
	return vouch.Sample{
		Customer: "acme", Device: vouch.DeviceID(fmt.Sprintf("d%d", p.device)), Check: "snmp", Kind: vouch.KindSNMP,
		Interval: time.Minute, Timeout: time.Second, Result: r,
	}
}

// BenchmarkPoll is what one poll of 113 values costs beyond asking: encoding both
// streams, sealing, signing and packing, sealed once in 60 polls, as twenty routers make
// three in a minute. With the spool every poll has a record of its own in the journal,
// as where polls come less often than twice a second; without it nothing is written.
func BenchmarkPoll(b *testing.B) {
	for _, bb := range []struct {
		name    string
		fs      func(dir string) journal.FS
		journal int // polls in a record
	}{
		{"without", func(string) journal.FS { return nil }, 0},
		{"spool", func(dir string) journal.FS { return journal.Dir(filepath.Join(dir, "spool")) }, 1},
		{"spool10", func(dir string) journal.FS { return journal.Dir(filepath.Join(dir, "spool")) }, 10},
	} {
		b.Run(bb.name, func(b *testing.B) {
			dir := b.TempDir()
			r := agent.NewRecorder(dir, bb.fs(dir))
			p := poller{dice: rand.New(rand.NewPCG(1, 2))}
			b.ReportAllocs()
			before := r.Bytes()
			user0, system0 := cpu(b)
			n := 0
			for b.Loop() {
				r.Record(p.poll(20))
				n++
				if bb.journal > 0 && n%bb.journal == 0 {
					r.Journal()
				}
				if n%60 == 0 {
					r.Seal()
				}
			}
			user, system := cpu(b)
			b.ReportMetric(float64(user-user0)/float64(n)/1e3, "user-us/poll")
			b.ReportMetric(float64(system-system0)/float64(n)/1e3, "sys-us/poll")
			b.ReportMetric(float64(r.Bytes()-before)/float64(n*pollValues), "B/value")
		})
	}
}

// cpu returns the processor time that the process took so far, and the kernel for it.
func cpu(b *testing.B) (user, system time.Duration) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano()), time.Duration(u.Stime.Nano())
}
