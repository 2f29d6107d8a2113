// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp_test

import (
	"fmt"
	"math/big"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/internal/lab"
	"github.com/vouch-sla/vouch/probes"
	"github.com/vouch-sla/vouch/probes/snmp"
)

// gateway113 is the profile of the work that the benchmarks do: 13 columns of ten
// interfaces, the system group, one processor and one storage area.
func gateway113() *vouch.Profile {
	p := snmp.Generic()
	p.Scalars = []vouch.Symbol{
		{OID: "1.3.6.1.2.1.25.3.3.1.2.1", Name: "cpu", Type: vouch.TypeGauge},
		{OID: "1.3.6.1.2.1.25.2.3.1.6.1", Name: "mem", Type: vouch.TypeGauge},
	}
	return p
}

// BenchmarkPoll113 polls 134 variable bindings, which give 114 values, from a
// responder in the same process, whose share is in every figure. The bare loop is
// gosnmp with multi-column GETBULK and no checks; it prints its values as a poller
// must, the probers leave them to the encoder.
func BenchmarkPoll113(b *testing.B) {
	d := run(b, lab.Gateway(10), lab.Options{})
	b.Run("prober v2c", func(b *testing.B) {
		p := snmp.New()
		defer p.Close()
		t := target(d, probes.SNMPv2c)
		t.Profile = gateway113()
		measure(b, func() {
			r := p.Probe(b.Context(), t)
			if r.Outcome != vouch.Up || len(r.Points) != 11 || r.Sent > 4 {
				b.Fatalf("Probe = %v %v (%s), %d points, %d requests", r.Outcome, r.Reason, r.Detail, len(r.Points), r.Sent)
			}
		})
	})
	b.Run("bare gosnmp v2c", func(b *testing.B) {
		g := &gosnmp.GoSNMP{
			Target: d.Addr().Addr().String(), Port: d.Addr().Port(), Version: gosnmp.Version2c,
			Community: "public", Timeout: time.Second, MaxRepetitions: 11,
		}
		if err := g.Connect(); err != nil {
			b.Fatal(err)
		}
		defer g.Close()
		measure(b, func() {
			if err := bare(g); err != nil {
				b.Fatal(err)
			}
		})
	})
}

// measure reports the processor time of an operation beside its duration.
func measure(b *testing.B, do func()) {
	b.ReportAllocs()
	do()
	before := processorTime()
	n := 0
	for b.Loop() {
		do()
		n++
	}
	b.ReportMetric(float64(processorTime()-before)/float64(n), "cpu-ns/op")
}

func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// bare reads the same values by gosnmp as plainly as can be.
func bare(g *gosnmp.GoSNMP) error {
	p := gateway113()
	scalars, err := g.Get([]string{"1.3.6.1.2.1.1.3.0", "1.3.6.1.2.1.1.5.0", p.Scalars[0].OID, p.Scalars[1].OID})
	if err != nil {
		return err
	}
	var columns []string
	for _, s := range append(p.Tables[0].Columns, p.Tables[0].Tags...) {
		columns = append(columns, "."+s.OID)
	}
	rows := make(map[string]*[13]string)
	for _, part := range [][2]int{{0, 6}, {6, 10}, {10, 13}} {
		names := columns[part[0]:part[1]]
		p, err := g.GetBulk(names, 0, g.MaxRepetitions)
		if err != nil {
			return err
		}
		for i, v := range p.Variables {
			c := i % len(names)
			index, ok := strings.CutPrefix(v.Name, names[c]+".")
			if !ok {
				continue
			}
			if rows[index] == nil {
				rows[index] = new([13]string)
			}
			rows[index][part[0]+c] = valueText(v)
		}
	}
	if len(rows) != 10 || len(scalars.Variables) != 4 {
		return fmt.Errorf("%d rows and %d scalars", len(rows), len(scalars.Variables))
	}
	return nil
}

func valueText(v gosnmp.SnmpPDU) string {
	if b, ok := v.Value.([]byte); ok {
		return string(b)
	}
	var n *big.Int = gosnmp.ToBigInt(v.Value)
	return n.String()
}
