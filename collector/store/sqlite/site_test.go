// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sqlite_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/evidence"
)

// site is a site of ten devices that some agents measure as they do in earnest: each
// device answers ICMP every 10 s and SNMP every minute with 60 values, counters that
// grow at uneven rates most of all. Batches are sealed every minute, one of each stream.
type site struct {
	b      testing.TB
	rand   *rand.Rand
	agents []*siteAgent
	minute int
	values int // fields of all lines so far
}

type siteAgent struct {
	id     vouch.AgentID
	signer note.Signer
	hash   uint32
	heads  map[vouch.Stream]*evidence.Batch
	phase  time.Duration
	base   [10]time.Duration // round-trip time to each device
	octets [10][5][8]uint64
}

const siteDevices = 10

func newSite(b testing.TB, agents int) *site {
	s := &site{b: b, rand: rand.New(rand.NewPCG(1, 2))}
	for i := range agents {
		a := &siteAgent{id: vouch.AgentID(fmt.Sprintf("location-%d-a", i)), heads: map[vouch.Stream]*evidence.Batch{}}
		skey, vkey, err := evidence.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{byte(i + 1)}, 32)), string(a.id))
		if err != nil {
			b.Fatal(err)
		}
		if a.signer, err = evidence.NewSigner(skey); err != nil {
			b.Fatal(err)
		}
		v, err := evidence.NewVerifier(vkey)
		if err != nil {
			b.Fatal(err)
		}
		a.hash, a.phase = v.KeyHash(), time.Duration(s.rand.IntN(10_000))*time.Millisecond
		for d := range a.base {
			a.base[d] = time.Duration(500+s.rand.IntN(20_000)) * time.Microsecond
			for i := range a.octets[d] {
				for f := range a.octets[d][i] {
					a.octets[d][i][f] = s.rand.Uint64N(1 << 44)
				}
			}
		}
		s.agents = append(s.agents, a)
	}
	return s
}

// next returns what all agents sealed in the next minute.
func (s *site) next() (entries []store.Entry) {
	from := time.Date(2026, 11, 1, 0, s.minute, 0, 0, time.UTC)
	s.minute++
	for _, a := range s.agents {
		var polls, points []vouch.Sample
		for d := range siteDevices {
			for at := a.phase % (10 * time.Second); at < time.Minute; at += 10 * time.Second {
				polls = append(polls, s.ping(a, d, from.Add(at+time.Duration(s.rand.IntN(4))*time.Millisecond)))
			}
			walk := s.walk(a, d, from.Add(a.phase+time.Duration(s.rand.IntN(40))*time.Millisecond))
			polls, points = append(polls, walk), append(points, walk)
		}
		entries = append(entries, s.seal(a, vouch.Availability, from, polls), s.seal(a, vouch.Telemetry, from, points))
	}
	return entries
}

func (s *site) sample(a *siteAgent, d int, at time.Time) vouch.Sample {
	return vouch.Sample{
		Customer: "acme", Agent: a.id, Location: "location", Device: vouch.DeviceID(fmt.Sprintf("router-%d", d)),
		Interval: 10 * time.Second, Timeout: 3 * time.Second, Result: vouch.Result{Start: at, Outcome: vouch.Up},
	}
}

func (s *site) ping(a *siteAgent, d int, at time.Time) vouch.Sample {
	p := s.sample(a, d, at)
	p.Check, p.Kind, p.Sent = "icmp", vouch.KindICMP, 3
	low := a.base[d] + time.Duration(s.rand.IntN(300))*time.Microsecond
	spread := time.Duration(s.rand.IntN(400)) * time.Microsecond
	p.RTT = vouch.RTT{Min: low, Avg: low + spread/3, Max: low + spread, Jitter: spread / 2}
	p.Duration = 2*time.Second + low
	return p
}

func (s *site) walk(a *siteAgent, d int, at time.Time) vouch.Sample {
	p := s.sample(a, d, at)
	p.Check, p.Kind, p.Interval, p.Sent = "snmp", vouch.KindSNMP, time.Minute, 4
	p.Duration = 4*a.base[d] + time.Duration(s.rand.IntN(9000))*time.Microsecond
	names := []string{"ifHCInOctets", "ifHCOutOctets", "ifHCInUcastPkts", "ifHCOutUcastPkts", "ifInErrors", "ifOutErrors", "ifInDiscards", "ifOutDiscards"}
	for i := range a.octets[d] {
		x := vouch.Point{Measurement: "interface", Tags: []vouch.Tag{{Key: "ifIndex", Value: strconv.Itoa(i + 1)}, {Key: "ifName", Value: "ge-0/0/" + strconv.Itoa(i)}}}
		for f, name := range names {
			count := &a.octets[d][i][f]
			switch {
			case f < 2:
				*count += s.rand.Uint64N(80_000_000)
			case f < 4:
				*count += s.rand.Uint64N(90_000)
			case s.rand.IntN(200) == 0:
				*count += 1 + s.rand.Uint64N(9)
			}
			x.Fields = append(x.Fields, vouch.Field{Name: name, Value: vouch.Uint(*count)})
		}
		x.Fields = append(x.Fields, vouch.Field{Name: "ifOperStatus", Value: vouch.Int(1)}, vouch.Field{Name: "ifHighSpeed", Value: vouch.Uint(1000)})
		p.Points = append(p.Points, x)
	}
	system := vouch.Point{Measurement: "system"}
	for _, v := range []struct {
		name string
		n    int64
	}{
		{"sysUpTime", int64(s.minute)*6000 + 8_640_000}, {"cpu_percent", 3 + s.rand.Int64N(20)}, {"memory_used_kib", 600_000 + s.rand.Int64N(9000)},
		{"memory_total_kib", 2_097_152}, {"temperature_c", 38 + s.rand.Int64N(3)}, {"fan_rpm", 4200 + s.rand.Int64N(60)},
		{"processes", 96 + s.rand.Int64N(4)}, {"sessions", 1500 + s.rand.Int64N(900)}, {"voltage_mv", 11_980 + s.rand.Int64N(25)}, {"routes", 812},
	} {
		system.Fields = append(system.Fields, vouch.Field{Name: v.name, Value: vouch.Int(v.n)})
	}
	p.Points = append(p.Points, system)
	return p
}

// seal returns the entry of a batch of samples.
func (s *site) seal(a *siteAgent, stream vouch.Stream, from time.Time, samples []vouch.Sample) store.Entry {
	var enc evidence.Encoder
	var lines []byte
	var err error
	for _, x := range samples {
		if lines, err = enc.AppendSample(lines, x, stream); err != nil {
			s.b.Fatal(err)
		}
	}
	for _, x := range samples {
		s.values += valuesOf(x, stream)
	}
	h := evidence.BatchHeader{
		Identity: evidence.Identity{Agent: a.id, Location: "location", Customer: "acme"}, Stream: stream,
		Epoch: 1793491200000, Seq: 1, Begins: evidence.BeginsFirstStart, Boot: "5f0c6c1e-boot",
		From: from, Through: from.Add(time.Minute), Sealed: from.Add(time.Minute + time.Duration(s.rand.IntN(30))*time.Millisecond),
		Clock: evidence.Clock{Known: true, Offset: time.Duration(s.rand.IntN(900)-450) * time.Microsecond, Bound: time.Duration(3000+s.rand.IntN(900)) * time.Microsecond, Source: "collector"},
	}
	for i := range h.Nonce {
		h.Nonce[i] = byte(s.rand.Uint32())
	}
	if before := a.heads[stream]; before != nil {
		h.Seq, h.Prev, h.Begins = before.Seq+1, before.Hash, ""
	}
	batch, err := evidence.SealBatch(h, lines, a.signer)
	if err != nil {
		s.b.Fatal(err)
	}
	batch.KeyHash = a.hash
	a.heads[stream] = &batch
	link := batch.Link()
	received := h.Sealed.Add(150 * time.Millisecond)
	return store.Entry{
		Customer: "acme", Kind: store.KindBatch, Agent: a.id, Key: evidence.KeyID(string(a.id), a.hash), Stream: stream,
		Epoch: h.Epoch, First: h.Seq, Seq: h.Seq, Prev: h.Prev, SHA256: batch.Hash, Last: batch.Hash,
		Received: received, From: h.From, Through: h.Through, Leaf: link.Leaf(received, "").Append(nil), Note: batch.Raw,
	}
}

// valuesOf counts what a sample measured: outcome, duration, sent and lost, with the
// four times of a round trip where there are some; all fields of telemetry.
func valuesOf(x vouch.Sample, stream vouch.Stream) (n int) {
	switch {
	case stream == vouch.Telemetry:
		for _, p := range x.Points {
			n += len(p.Fields)
		}
		return n
	case x.RTT != vouch.RTT{}:
		return 8
	}
	return 4
}
