// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp_test

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/internal/lab"
	"github.com/vouch-sla/vouch/probes"
	"github.com/vouch-sla/vouch/probes/snmp"
)

// What real devices do, and where it is tested. In this file unless another one is
// named; tests of values are in quirks_value_test.go, of engines in
// quirks_engine_test.go, of credentials and restarts in snmpd_test.go and
// snmpd_restart_test.go.
//
//	no ifXTable, no 64-bit counters         TestSubstitutes (snmp_test.go)
//	names shared, empty or missing          TestRowsAreToldApart (snmp_test.go)
//	columns of one table differ in length   TestQuirkColumnsOfDifferentLength
//	indexes up to 2^32-1; MIBs below 1.0    TestQuirkLargeIndexes
//	values of wrong type, length, tag       TestQuirksOfValues, TestQuirksOfValuesInTables
//	text of any encoding                    TestSafe, FuzzSafe (message_test.go)
//	tooBig                                  TestQuirkTooBigHalvesAndRecovers
//	answers cut off, or lost when long      TestQuirkLongAnswersAreCutOff, ...AreLost
//	an error in the middle of a table       TestQuirkErrorInTheMiddleOfATable
//	names that do not increase              TestQuirkNamesThatDoNotIncrease
//	endless tables                          TestQuirkEndlessTablesAreStopped, TestRowLimit
//	fewer or more bindings than asked       TestQuirkFewerAndMoreBindingsThanAsked
//	broken GETBULK, few repetitions         TestQuirkBulkIsBroken, TestQuirkRepetitionsOfTheProfile
//	forged and foreign datagrams            TestQuirkForeignDatagramsArePassedOver
//	other objects than asked                TestQuirkAnswerNamesOtherObjects
//	late answers                            TestQuirkLateAnswerToAnEarlierTry, late_test.go
//	answers from another address            TestQuirkAnswerFromAnotherAddress
//	swapped, rebooted, boots fallen back    TestQuirksOfEngines, TestRealAgentRestarts,
//	                                        TestRealAgentIsSwapped, TestRealAgentsBootsFallBack
//	engine time beyond 2^31                 TestQuirkEngineTimePasses2To31
//	discovery answered with unknown user    TestQuirkDiscoveryAnsweredWithUnknownUser
//	what is wrong with a credential         TestRealAgentRefusesCredential
//	messages that crashed gosnmp            TestKnownCrashers, FuzzLibrary (fuzz_test.go)
//	a panic; a liar                         TestPanicCostsOneAttempt, TestLiars (liar_test.go)

// objectsOf returns the objects of a walk.
func objectsOf(w lab.Walk) []snmp.Bind {
	var out []snmp.Bind
	for _, v := range w {
		out = append(out, snmp.Bind{Name: v.OID.String(), Tag: v.Tag, Data: v.Value})
	}
	return out
}

// twoColumns is a profile of a table with two columns, and objects that make so many
// rows of it.
func twoColumns(n int) (*vouch.Profile, *walk) {
	const a, b = "1.3.6.1.4.1.99999.3.1.2", "1.3.6.1.4.1.99999.3.1.3"
	objects := []snmp.Bind{uptime(9)}
	for row := 1; row <= n; row++ {
		objects = append(objects, snmp.Bind{Name: fmt.Sprint(a, ".", row), Tag: gauge32, Data: []byte{1}}, snmp.Bind{Name: fmt.Sprint(b, ".", row), Tag: gauge32, Data: []byte{2}})
	}
	return &vouch.Profile{Name: "two", Tables: []vouch.Table{{Name: "t", Columns: []vouch.Symbol{
		{OID: a, Name: "a", Type: vouch.TypeGauge}, {OID: b, Name: "b", Type: vouch.TypeGauge}}}}}, newWalk(objects...)
}

// fieldsOf counts the fields of the name in the rows of table t.
func fieldsOf(r vouch.Result, name string) int {
	n := 0
	for _, p := range rows(r, "t") {
		if slices.ContainsFunc(p.Fields, func(f vouch.Field) bool { return f.Name == name }) {
			n++
		}
	}
	return n
}

// Columns of one table differ in length: each row has what there is for it.
func TestQuirkColumnsOfDifferentLength(t *testing.T) {
	p, long := twoColumns(9)
	var some []snmp.Bind
	for _, b := range long.binds {
		if !strings.Contains(b.Name, ".3.1.3.") || strings.HasSuffix(b.Name, ".5") {
			some = append(some, b)
		}
	}
	for _, version := range []string{probes.SNMPv1, probes.SNMPv2c, probes.SNMPv3} {
		r := newProber(t).Probe(t.Context(), newFake(t, honest(some...)).target(version, p))
		if r.Outcome != vouch.Up || fieldsOf(r, "a") != 9 || fieldsOf(r, "b") != 1 || r.Detail != "" {
			t.Errorf("v%s: Probe = %v (%s) with %d and %d values, want 9 and 1", version, r.Outcome, r.Detail, fieldsOf(r, "a"), fieldsOf(r, "b"))
		}
	}
}

// What is not the answer is passed over: a forged datagram costs neither a retry nor
// the wait.
func TestQuirkForeignDatagramsArePassedOver(t *testing.T) {
	forged := map[string]func(asked) []byte{
		"nothing": func(asked) []byte { return nil },
		"garbage": func(asked) []byte { return []byte("not SNMP") },
		"cut off": func(q asked) []byte {
			q.ID, q.MsgID = 5, 5
			b := q.Answer(q.engine, 0, 0, uptime(1))
			return b[:len(b)-9]
		},
		"request-id":  func(q asked) []byte { q.ID++; q.MsgID++; return q.Answer(q.engine, 0, 0, uptime(1)) },
		"id zero":     func(q asked) []byte { q.ID, q.MsgID = 0, 0; return q.Answer(q.engine, 0, 0, uptime(1)) },
		"a huge size": func(asked) []byte { return []byte{0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 2, 1, 1} },
		"version":     func(q asked) []byte { q.Version ^= 1; return q.Answer(q.engine, 0, 0, uptime(1)) },
	}
	for _, version := range []string{probes.SNMPv1, probes.SNMPv2c, probes.SNMPv3} {
		for name, forge := range forged {
			f := newFake(t, func(q asked) {
				q.send(forge(q))
				if q.Version != 3 {
					other := q
					other.Community = "private"
					q.send(other.Answer(q.engine, 0, 0, uptime(1)))
				}
				q.reply(newWalk(uptime(9)).lookup(q.Question)...)
			})
			r := newProber(t).Probe(t.Context(), f.target(version, nil))
			if got := value(r, "snmp", "sys_uptime_ticks"); r.Outcome != vouch.Up || r.Lost != 0 || got != "265" {
				t.Errorf("v%s after a datagram of %s: Probe = %v %v (%s), lost %d, uptime %s; want up, 265", version, name, r.Outcome, r.Reason, r.Detail, r.Lost, got)
			}
		}
	}
}

// An answer that comes after the request was sent again is one to it.
func TestQuirkLateAnswerToAnEarlierTry(t *testing.T) {
	t.Parallel()
	var first *asked
	f := newFake(t, func(q asked) {
		if first == nil {
			first = &q
			return
		}
		first.reply(newWalk(uptime(9)).lookup(first.Question)...)
	})
	tg := f.target(probes.SNMPv2c, nil)
	tg.Check.Timeout = 4 * time.Second
	r := newProber(t).Probe(t.Context(), tg)
	if r.Outcome != vouch.Up || r.Sent != 2 || r.Lost != 1 || r.RTT.Avg < tg.Check.Timeout/4 {
		t.Errorf("Probe = %v %v (%s), lost %d of %d, RTT %v; want up by the first request", r.Outcome, r.Reason, r.Detail, r.Lost, r.Sent, r.RTT.Avg)
	}
}

func TestQuirkAnswerNamesOtherObjects(t *testing.T) {
	for _, version := range []string{probes.SNMPv1, probes.SNMPv2c, probes.SNMPv3} {
		f := newFake(t, func(q asked) { q.reply(snmp.Bind{Name: "1.3.6.1.2.1.1.7.0", Tag: integer, Data: []byte{78}}) })
		r := newProber(t).Probe(t.Context(), f.target(version, nil))
		if r.Outcome != vouch.Unknown || r.Reason != vouch.ReasonProtocol || !strings.Contains(r.Detail, "names none") {
			t.Errorf("v%s: Probe = %v %v (%s), want unknown protocol", version, r.Outcome, r.Reason, r.Detail)
		}
	}
}

// A device with several addresses answers from the wrong one: refused, and it is said
// what came from where.
func TestQuirkAnswerFromAnotherAddress(t *testing.T) {
	for _, version := range []string{probes.SNMPv1, probes.SNMPv2c, probes.SNMPv3} {
		t.Run("v"+version, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, honest(uptime(9)))
			f.elsewhere.Store(true)
			tg := f.target(version, nil)
			tg.Check.Timeout = 2 * time.Second
			r := newProber(t).Probe(t.Context(), tg)
			want := fmt.Sprintf("came from %s, not from %s", f.other, f.addr)
			if r.Outcome != vouch.Unknown || r.Reason != vouch.ReasonProtocol || !strings.Contains(r.Detail, want) {
				t.Errorf("Probe = %v %v (%s), want unknown protocol (%s)", r.Outcome, r.Reason, r.Detail, want)
			}
		})
	}
}

// GETBULK answers whose names do not grow strictly are not believed, also where they
// go astray inside one answer.
func TestQuirkNamesThatDoNotIncrease(t *testing.T) {
	for _, order := range [][]int{{1, 3, 2, 4}, {2, 1, 3, 4}, {1, 1, 2, 3}, {1, 2, 3, 3}} {
		for _, version := range []string{probes.SNMPv2c, probes.SNMPv3} {
			p, objects := twoColumns(4)
			p.Tables[0].Columns = p.Tables[0].Columns[:1]
			f := newFake(t, func(q asked) {
				if q.PDU == snmp.AskGet {
					q.reply(objects.lookup(q.Question)...)
					return
				}
				var out []snmp.Bind
				for _, i := range order {
					out = append(out, snmp.Bind{Name: fmt.Sprint("1.3.6.1.4.1.99999.3.1.2.", i), Tag: gauge32, Data: []byte{1}})
				}
				q.reply(out...)
			})
			r := newProber(t).Probe(t.Context(), f.target(version, p))
			if r.Outcome != vouch.Up || len(rows(r, "t")) != 0 || !strings.Contains(r.Detail, "do not increase") {
				t.Errorf("v%s, order %v: Probe = %v (%s) with %d rows, want up without rows", version, order, r.Outcome, r.Detail, len(rows(r, "t")))
			}
		}
	}
}

// Whatever error a device breaks a table off with, no half of it passes as whole.
func TestQuirkErrorInTheMiddleOfATable(t *testing.T) {
	for _, version := range []string{probes.SNMPv1, probes.SNMPv2c, probes.SNMPv3} {
		for status := 1; status <= 18; status++ {
			for _, index := range []int{0, 1, 99} {
				p, objects := twoColumns(60)
				f := newFake(t, func(q asked) {
					if q.PDU != snmp.AskGet && slices.ContainsFunc(objects.lookup(q.Question), func(b snmp.Bind) bool { return strings.HasSuffix(b.Name, "3.1.2.40") }) {
						q.send(q.Answer(q.engine, status, index))
						return
					}
					q.reply(objects.lookup(q.Question)...)
				})
				r := newProber(t).Probe(t.Context(), f.target(version, p))
				for _, name := range []string{"a", "b"} {
					n := fieldsOf(r, name)
					if r.Outcome != vouch.Up || n != 0 && n != 60 && !(version == probes.SNMPv1 && status == 2) {
						t.Errorf("v%s, error-status %d, index %d: Probe = %v (%s) with %d values of %s, want none or all", version, status, index, r.Outcome, r.Detail, n, name)
					}
					if n == 0 && r.Detail == "" {
						t.Errorf("v%s, error-status %d, index %d: nothing says why %s is missing", version, status, index, name)
					}
				}
			}
		}
	}
}

// tooBig halves what is asked for; once the device takes more, more is asked again.
func TestQuirkTooBigHalvesAndRecovers(t *testing.T) {
	for _, version := range []string{probes.SNMPv2c, probes.SNMPv3} {
		var limit, refused atomic.Int64
		limit.Store(20)
		p, objects := twoColumns(50)
		f := newFake(t, func(q asked) {
			if l := int(limit.Load()); l > 0 && q.PDU == snmp.AskGetBulk && len(q.Names)*q.Reps > l {
				refused.Add(1)
				q.send(q.Answer(q.engine, 1, 0))
				return
			}
			q.reply(objects.lookup(q.Question)...)
		})
		prober, tg := newProber(t), f.target(version, p)
		poll := func() {
			t.Helper()
			if r := prober.Probe(t.Context(), tg); r.Outcome != vouch.Up || len(rows(r, "t")) != 50 || r.Detail != "" {
				t.Fatalf("v%s: Probe = %v (%s) with %d rows, want 50", version, r.Outcome, r.Detail, len(rows(r, "t")))
			}
		}
		poll()
		if got := snmp.Most(prober, 0); got > 20 || refused.Load() == 0 {
			t.Errorf("v%s: after tooBig %d bindings are asked for, want at most 20", version, got)
		}
		before := refused.Load()
		for range 5 {
			poll()
		}
		if refused.Load() != before {
			t.Errorf("v%s: the device said tooBig again, want it remembered", version)
		}
		limit.Store(0)
		for range 1000 {
			if snmp.Most(prober, 0) == snmp.MaxBinds {
				break
			}
			poll()
		}
		if got := snmp.Most(prober, 0); got != snmp.MaxBinds {
			t.Errorf("v%s: after 1,000 good polls %d bindings are asked for, want %d", version, got, snmp.MaxBinds)
		}
	}
}

// What a device can carry is remembered beyond the hour after which its objects are
// looked for again.
func TestQuirkTooBigIsRememberedBeyondTheHour(t *testing.T) {
	p, objects := twoColumns(30)
	f := newFake(t, honest(objects.binds...))
	prober, tg := newProber(t), f.target(probes.SNMPv2c, p)
	prober.Probe(t.Context(), tg)
	snmp.Most(prober, 16)
	snmp.Relearn(prober)
	prober.Probe(t.Context(), tg)
	if got := snmp.Most(prober, 0); got != 16 {
		t.Errorf("an hour later %d bindings are asked for, want 16", got)
	}
}

// A device, or the way to it, cuts long answers off: shorter ones are asked for.
func TestQuirkLongAnswersAreCutOff(t *testing.T) {
	for _, version := range []string{probes.SNMPv2c, probes.SNMPv3} {
		p, objects := twoColumns(50)
		f := newFake(t, func(q asked) {
			b := q.Answer(q.engine, 0, 0, objects.lookup(q.Question)...)
			q.send(b[:min(len(b), 400)])
		})
		prober, tg := newProber(t), f.target(version, p)
		for round := range 2 {
			r := prober.Probe(t.Context(), tg)
			if r.Outcome != vouch.Up || fieldsOf(r, "a") != 50 || fieldsOf(r, "b") != 50 || r.Lost != 0 {
				t.Errorf("v%s, round %d: Probe = %v (%s) with %d rows, lost %d; want 50", version, round, r.Outcome, r.Detail, len(rows(r, "t")), r.Lost)
			}
		}
	}
}

// Long answers vanish, as fragments do behind many firewalls: the table is missing
// once, and then read in shorter answers.
func TestQuirkLongAnswersAreLost(t *testing.T) {
	t.Parallel()
	for _, version := range []string{probes.SNMPv2c, probes.SNMPv3} {
		p, objects := twoColumns(50)
		f := newFake(t, func(q asked) {
			if b := q.Answer(q.engine, 0, 0, objects.lookup(q.Question)...); len(b) < 450 {
				q.send(b)
			}
		})
		prober, tg := newProber(t), f.target(version, p)
		tg.Check.Timeout = time.Second
		var r vouch.Result
		for range 10 {
			if r = prober.Probe(t.Context(), tg); fieldsOf(r, "a") == 50 {
				break
			}
			if r.Outcome == vouch.Up && r.Detail == "" {
				t.Errorf("v%s: nothing says why the table is missing", version)
			}
		}
		if fieldsOf(r, "a") != 50 || fieldsOf(r, "b") != 50 {
			t.Errorf("v%s: the last Probe = %v (%s) with %d rows, want 50", version, r.Outcome, r.Detail, len(rows(r, "t")))
		}
	}
}

// Answers may hold fewer bindings than were asked for, and end in the middle of a row
// (RFC 3416 section 4.2.3); and more, which nobody asked for.
func TestQuirkFewerAndMoreBindingsThanAsked(t *testing.T) {
	for _, version := range []string{probes.SNMPv2c, probes.SNMPv3} {
		for _, most := range []int{1, 2, 7, 100_000} {
			p, objects := twoColumns(30)
			f := newFake(t, func(q asked) {
				if q.PDU == snmp.AskGetBulk {
					if most > 100 {
						q.Reps += 20
					}
					binds := objects.lookup(q.Question)
					q.reply(binds[:min(len(binds), most)]...)
					return
				}
				q.reply(objects.lookup(q.Question)...)
			})
			r := newProber(t).Probe(t.Context(), f.target(version, p))
			if r.Outcome != vouch.Up || fieldsOf(r, "a") != 30 || fieldsOf(r, "b") != 30 {
				t.Errorf("v%s, %d bindings at most: Probe = %v (%s) with %d rows, want 30", version, most, r.Outcome, r.Detail, len(rows(r, "t")))
			}
		}
	}
}
