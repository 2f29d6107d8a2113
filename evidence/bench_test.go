// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package evidence_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
)

// load is a batch as a site with ten devices makes it in a minute: 10 interfaces a
// device with 10 values each, and 8 values of the device: 1,080 values.
func load() []vouch.Sample {
	var list []vouch.Sample
	for d := range 10 {
		s := checkSample()
		s.Device = vouch.DeviceID(fmt.Sprintf("router-%d", d))
		s.Check, s.Kind = "snmp", vouch.KindSNMP
		s.Start = t0.Add(time.Duration(d) * 3 * time.Second)
		for i := range 10 {
			p := vouch.Point{Measurement: "interface", Tags: []vouch.Tag{{Key: "ifIndex", Value: strconv.Itoa(i)}, {Key: "ifName", Value: "ge-0/0/" + strconv.Itoa(i)}}}
			for f := range 10 {
				p.Fields = append(p.Fields, vouch.Field{Name: "ifHCInOctets" + strconv.Itoa(f), Value: vouch.Uint(uint64(123456789 * (i + 1) * (f + 1)))})
			}
			s.Points = append(s.Points, p)
		}
		p := vouch.Point{Measurement: "system"}
		for f := range 8 {
			p.Fields = append(p.Fields, vouch.Field{Name: "value" + strconv.Itoa(f), Value: vouch.Int(int64(f * 1000))})
		}
		s.Points = append(s.Points, p)
		list = append(list, s)
	}
	return list
}

func telemetryBatch(b *testing.B, p party) evidence.Batch {
	var e evidence.Encoder
	var lines []byte
	for _, s := range load() {
		var err error
		if lines, err = e.AppendSample(lines, s, vouch.Telemetry); err != nil {
			b.Fatal(err)
		}
	}
	h := firstHeader()
	h.Stream = vouch.Telemetry
	return sealBatch(b, p, h, lines)
}

func BenchmarkEncode1080Values(b *testing.B) {
	samples := load()
	var e evidence.Encoder
	var lines []byte
	b.ReportAllocs()
	for b.Loop() {
		lines = lines[:0]
		for i := range samples {
			lines, _ = e.AppendSample(lines, samples[i], vouch.Telemetry)
		}
	}
	b.SetBytes(int64(len(lines)))
}

func BenchmarkSeal1080Values(b *testing.B) {
	p := newParty(b, "ams1-a", 1)
	batch := telemetryBatch(b, p)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := evidence.SealBatch(batch.BatchHeader, batch.Lines, p.signer); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(len(batch.Raw)))
}

func BenchmarkOpen1080Values(b *testing.B) {
	p := newParty(b, "ams1-a", 1)
	batch := telemetryBatch(b, p)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := evidence.OpenBatch(batch.Raw, p.known); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(len(batch.Raw)))
}

func BenchmarkCheckLines1080Values(b *testing.B) {
	batch := telemetryBatch(b, newParty(b, "ams1-a", 1))
	b.ReportAllocs()
	for b.Loop() {
		if err := evidence.CheckLines(batch); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(len(batch.Lines)))
}

func BenchmarkDecode60Checks(b *testing.B) {
	var lines []byte
	for i := range 60 {
		s := checkSample()
		s.Device = vouch.DeviceID(fmt.Sprintf("router-%d", i))
		lines = appendSample(b, lines, s, vouch.Availability)
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, err := range evidence.DecodeLines(vouch.Availability, lines) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.SetBytes(int64(len(lines)))
}
