// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp_test

import (
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/internal/lab"
	"github.com/vouch-sla/vouch/probes"
	"github.com/vouch-sla/vouch/probes/snmp"
)

// A profile says that GETBULK is broken: nothing but GETNEXT is used for tables.
func TestQuirkBulkIsBroken(t *testing.T) {
	for _, version := range []string{probes.SNMPv2c, probes.SNMPv3} {
		p, objects := twoColumns(12)
		p.NoBulk = true
		var bulks atomic.Int64
		f := newFake(t, func(q asked) {
			if q.PDU == snmp.AskGetBulk {
				bulks.Add(1)
				return
			}
			q.reply(objects.lookup(q.Question)...)
		})
		r := newProber(t).Probe(t.Context(), f.target(version, p))
		if r.Outcome != vouch.Up || fieldsOf(r, "a") != 12 || fieldsOf(r, "b") != 12 || bulks.Load() != 0 {
			t.Errorf("v%s: Probe = %v (%s) with %d rows and %d GETBULKs, want 12 and none", version, r.Outcome, r.Detail, len(rows(r, "t")), bulks.Load())
		}
	}
}

// A profile says how many repetitions a device stands.
func TestQuirkRepetitionsOfTheProfile(t *testing.T) {
	for _, version := range []string{probes.SNMPv2c, probes.SNMPv3} {
		p, objects := twoColumns(40)
		p.Repetitions = 5
		var most atomic.Int64
		f := newFake(t, func(q asked) {
			if q.PDU == snmp.AskGetBulk && int64(q.Reps) > most.Load() {
				most.Store(int64(q.Reps))
			}
			q.reply(objects.lookup(q.Question)...)
		})
		r := newProber(t).Probe(t.Context(), f.target(version, p))
		if fieldsOf(r, "a") != 40 || most.Load() != 5 {
			t.Errorf("v%s: %d rows with %d repetitions at most, want 40 with 5", version, fieldsOf(r, "a"), most.Load())
		}
	}
}

// The interface table of ten costs at most four round trips, over SNMPv3 too; finding
// the engine out is one more, at first.
func TestRoundTripsOverV3(t *testing.T) {
	f := newFake(t, honest(objectsOf(lab.Gateway(10))...))
	p, tg := newProber(t), f.target(probes.SNMPv3, gateway113())
	for round := range 3 {
		before := int(f.asked.Load())
		r := p.Probe(t.Context(), tg)
		want := 4
		if round == 0 {
			want++
		}
		if n := int(f.asked.Load()) - before; n > want || r.Sent != n || r.Lost != 0 || len(rows(r, "interface")) != 10 {
			t.Errorf("round %d: %d round trips, Sent %d, Lost %d, %d rows (%s); want at most %d, all counted, 10 rows", round, n, r.Sent, r.Lost, len(rows(r, "interface")), r.Detail, want)
		}
	}
}

// What a device may do with its engine; the next attempt at the latest is right
// again, and this one where the device says anything at all.
func TestQuirksOfEngines(t *testing.T) {
	strict := func(w *walk) answerer {
		return func(q asked) {
			switch {
			case q.Clock >= 1<<31:
				// As net-snmp: such a time is no SNMP at all.
			case q.Boots != q.engine.Boots || q.Clock < q.engine.Clock-150 || q.Clock > q.engine.Clock+150:
				q.send(q.Report(q.engine, snmp.ReportNotInTime))
			default:
				q.reply(w.lookup(q.Question)...)
			}
		}
	}
	const other = "\x80\x00\x00\x00\xaa\xbb\xcc\xdd"
	tests := []struct {
		name   string
		change func(e *snmp.Engine)
	}{
		{"swapped box", func(e *snmp.Engine) { e.ID, e.Boots, e.Clock = other, 1, 5 }},
		{"reboot", func(e *snmp.Engine) { e.Boots, e.Clock = e.Boots+1, 3 }},
		{"boots fallen back to 1", func(e *snmp.Engine) { e.Boots, e.Clock = 1, 3 }},
		{"engine time far ahead", func(e *snmp.Engine) { e.Clock += 1_000_000 }},
		{"engine time fallen back", func(e *snmp.Engine) { e.Clock = 1 }},
		{"engine time at the end of its range", func(e *snmp.Engine) { e.Clock = 1<<31 - 2 }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWalk(uptime(9))
			f, p := newFake(t, strict(w)), newProber(t)
			tg := f.target(probes.SNMPv3, nil)
			first := p.Probe(t.Context(), tg)
			e := *f.engine.Load()
			test.change(&e)
			f.engine.Store(&e)
			second := p.Probe(t.Context(), tg)
			third := p.Probe(t.Context(), tg)
			for i, r := range []vouch.Result{first, second, third} {
				if r.Outcome != vouch.Up || r.RTT.Avg > tg.Check.Timeout/4 {
					t.Errorf("attempt %d: Probe = %v %v (%s), RTT %v; want up at once", i+1, r.Outcome, r.Reason, r.Detail, r.RTT.Avg)
				}
			}
		})
	}
}

// A device whose engine time has passed 2^31 is not believed, and asked anew each
// time: it is right as soon as its clock is.
func TestQuirkEngineTimePasses2To31(t *testing.T) {
	if strconv.IntSize == 32 {
		t.Skip("the library reads the engine's time into 32 bits here: such a device is unknown(protocol) until its clock is right (RFC 3414 ends at 2^31-1)")
	}
	w := newWalk(uptime(9))
	f := newFake(t, func(q asked) {
		if q.Clock >= 1<<31 {
			return
		}
		q.engine.Clock += 20 // it goes on while the poll runs
		q.reply(w.lookup(q.Question)...)
	})
	f.engine.Store(&snmp.Engine{ID: "\x80\x00\x00\x00\x01\x02\x03\x04", Boots: 1, Clock: 1<<31 - 10})
	p, tg := newProber(t), f.target(probes.SNMPv3, nil)
	for i := range 3 {
		if r := p.Probe(t.Context(), tg); r.Outcome != vouch.Up || r.Lost != 0 {
			t.Errorf("attempt %d: Probe = %v %v (%s), lost %d; want up", i+1, r.Outcome, r.Reason, r.Detail, r.Lost)
		}
	}
}

// Some switches answer discovery with usmStatsUnknownUserNames (gosnmp #427).
func TestQuirkDiscoveryAnsweredWithUnknownUser(t *testing.T) {
	w := newWalk(uptime(9))
	f := newFake(t, func(q asked) { q.reply(w.lookup(q.Question)...) })
	f.discovery.Store(true)
	if r := newProber(t).Probe(t.Context(), f.target(probes.SNMPv3, nil)); r.Outcome != vouch.Up {
		t.Errorf("Probe = %v %v (%s), want up", r.Outcome, r.Reason, r.Detail)
	}
}

// A device that endlessly sends long texts is stopped by their size, and one that is
// slow by its time.
func TestQuirkEndlessTablesAreStopped(t *testing.T) {
	t.Parallel()
	p, _ := twoColumns(0)
	p.Tables[0].MaxRows = 10_000
	long := []byte(strings.Repeat("x", 2000))
	for _, version := range []string{probes.SNMPv1, probes.SNMPv2c, probes.SNMPv3} {
		f := newFake(t, endless(snmp.Bind{Tag: octets, Data: long}, 0))
		r := newProber(t).Probe(t.Context(), f.target(version, p))
		if r.Outcome != vouch.Up || len(rows(r, "t")) != 0 || !strings.Contains(r.Detail, "octets") {
			t.Errorf("v%s, long texts: Probe = %v (%s) with %d rows, want none, and why", version, r.Outcome, r.Detail, len(rows(r, "t")))
		}
		slow := newFake(t, endless(snmp.Bind{Tag: integer, Data: []byte{1}}, 30*time.Millisecond))
		tg := slow.target(version, p)
		tg.Check.Timeout = time.Second
		began := time.Now()
		r = newProber(t).Probe(t.Context(), tg)
		if took := time.Since(began); len(rows(r, "t")) != 0 || r.Detail == "" || took > time.Minute {
			t.Errorf("v%s, slow: Probe = %v (%s) with %d rows after %v, want it stopped by its timeout", version, r.Outcome, r.Detail, len(rows(r, "t")), took)
		}
	}
}

// Reading an answer panics: that is this attempt's end, and nobody else's.
func TestPanicCostsOneAttempt(t *testing.T) {
	f, p := newFake(t, honest(uptime(9))), newProber(t)
	for _, version := range []string{probes.SNMPv2c, probes.SNMPv3} {
		tg := f.target(version, nil)
		r := snmp.PanicInAttempt(p, tg)
		if r.Outcome != vouch.Unknown || r.Reason != vouch.ReasonProtocol || !strings.Contains(r.Detail, "made by the test") {
			t.Errorf("v%s: a panic gives %v %v (%s), want unknown protocol", version, r.Outcome, r.Reason, r.Detail)
		}
		if n := snmp.KnownEngines(p); n != 0 {
			t.Errorf("v%s: %d engines are known after a panic, want none", version, n)
		}
		if r := p.Probe(t.Context(), tg); r.Outcome != vouch.Up {
			t.Errorf("v%s: after a panic Probe = %v %v (%s), want up", version, r.Outcome, r.Reason, r.Detail)
		}
		p.Close()
	}
}
