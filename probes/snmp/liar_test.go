// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp_test

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes"
	"github.com/vouch-sla/vouch/probes/snmp"
)

// liars are ways of lying. Each sends what it likes to a question that an honest
// device would answer from the walk.
func liars(w *walk) map[string]answerer {
	answer := func(q asked) []byte { return q.Answer(q.engine, 0, 0, w.lookup(q.Question)...) }
	tables := func(lie answerer) answerer { // honest about scalars
		return func(q asked) {
			if q.PDU == snmp.AskGet {
				q.send(answer(q))
				return
			}
			lie(q)
		}
	}
	huge := func(tag byte) []byte { return []byte{tag, 0x84, 0xff, 0xff, 0xff, 0xff} }
	return map[string]answerer{
		"an endless table":               endless(snmp.Bind{Tag: integer, Data: []byte{1}}, 0),
		"an endless table of long texts": endless(snmp.Bind{Tag: octets, Data: bytes.Repeat([]byte{'x'}, 2000)}, 0),
		"names that decrease": tables(func(q asked) {
			binds := w.lookup(q.Question)
			for i, j := 0, len(binds)-1; i < j; i, j = i+1, j-1 {
				binds[i], binds[j] = binds[j], binds[i]
			}
			q.reply(binds...)
		}),
		"always the same row": tables(func(q asked) {
			q.Names = []string{"1.3.6.1.4.1.99999.3.1.2", "1.3.6.1.4.1.99999.3.1.3"}[:len(q.Names)]
			q.reply(w.lookup(q.Question)...)
		}),
		"half of each answer": func(q asked) { b := answer(q); q.send(b[:len(b)/2]) },
		"half of each table":  tables(func(q asked) { b := answer(q); q.send(b[:len(b)/2]) }),
		"another address":     func(q asked) { q.stray(answer(q)) },
		"another request-id":  func(q asked) { q.ID ^= 0x2a2a; q.MsgID ^= 0x2a2a; q.send(answer(q)) },
		"request-id zero":     func(q asked) { q.ID, q.MsgID = 0, 0; q.send(answer(q)) },
		"a giant length":      func(q asked) { b := answer(q); q.send(append(huge(0x30), b[4:]...)) },
		"a giant list":        func(q asked) { q.send(q.Message(q.engine, 0xa2, 0, 0, append(huge(0x30), 6, 1))) },
		"a giant value": tables(func(q asked) {
			q.send(q.Message(q.engine, 0xa2, 0, 0, append([]byte{0x30, 40, 6, 1, 0x2b}, huge(4)...)))
		}),
		"thousands of bindings": tables(func(q asked) {
			q.send(q.Message(q.engine, 0xa2, 0, 0, bytes.Repeat([]byte{0x30, 5, 6, 1, 0x2b, 5, 0}, 8000)))
		}),
		"a giant error-index": tables(func(q asked) { q.send(q.Answer(q.engine, 5, 1<<30)) }),
		"a giant name": tables(func(q asked) {
			q.send(q.Message(q.engine, 0xa2, 0, 0, append(append([]byte{0x30, 0x81, 0xcd, 6, 0x81, 0xc8}, bytes.Repeat([]byte{1}, 200)...), 5, 0)))
		}),
		"a flood of datagrams": func(q asked) {
			for range 2000 {
				q.send([]byte("0\x81\x95\x02\x01\x01 not an answer"))
			}
		},
		"tooBig to everything":  tables(func(q asked) { q.send(q.Answer(q.engine, 1, 0)) }),
		"nothing but bad news":  tables(func(q asked) { q.send(q.Answer(q.engine, 5, 0)) }),
		"empty answers":         tables(func(q asked) { q.send(q.Answer(q.engine, 0, 0)) }),
		"silence after a while": tables(func(asked) {}),
	}
}

// A liar costs itself one cycle and no other device anything: one prober asks them
// all at the same time, and in the next cycle, in which all are honest, everything is
// right again.
func TestLiars(t *testing.T) {
	const n = 40 // rows
	p, w := twoColumns(n)
	for _, version := range []string{probes.SNMPv1, probes.SNMPv2c, probes.SNMPv3} {
		t.Run("v"+version, func(t *testing.T) {
			t.Parallel()
			prober := newProber(t)
			names, devices := []string{}, []*fake{}
			for name := range liars(w) {
				names, devices = append(names, name), append(devices, newFake(t, honest(w.binds...)))
			}
			for i := range 4 {
				names, devices = append(names, fmt.Sprint("honest ", i)), append(devices, newFake(t, honest(w.binds...)))
			}
			cycle := func(timeout time.Duration, check func(name string, r vouch.Result)) {
				t.Helper()
				var wg sync.WaitGroup
				for i, f := range devices {
					wg.Go(func() {
						tg := f.target(version, p)
						tg.Check.Timeout = timeout
						if strings.HasPrefix(names[i], "honest") {
							tg.Check.Timeout = time.Minute // whatever else this machine does
						}
						check(names[i], prober.Probe(t.Context(), tg))
					})
				}
				wg.Wait()
			}
			right := func(name string, r vouch.Result) {
				if r.Outcome != vouch.Up || fieldsOf(r, "a") != n || fieldsOf(r, "b") != n || r.Detail != "" {
					t.Errorf("%s: Probe = %v %v (%s) with %d and %d values, want %d", name, r.Outcome, r.Reason, r.Detail, fieldsOf(r, "a"), fieldsOf(r, "b"), n)
				}
			}
			cycle(time.Minute, right)
			for i, lie := range names {
				if lie, ok := liars(w)[lie]; ok {
					devices[i].set(lie)
				}
			}
			cycle(2*time.Second, func(name string, r vouch.Result) {
				if strings.HasPrefix(name, "honest") {
					right(name, r)
					return
				}
				a, b := fieldsOf(r, "a"), fieldsOf(r, "b")
				if a != 0 && a != n || b != 0 && b != n {
					t.Errorf("%s: Probe = %v %v (%s) with %d and %d values, want none or %d", name, r.Outcome, r.Reason, r.Detail, a, b, n)
				}
				if r.Detail == "" && r.Outcome != vouch.Down && a != n {
					t.Errorf("%s: Probe = %v %v without a word", name, r.Outcome, r.Reason)
				}
			})
			for _, f := range devices {
				f.set(honest(w.binds...))
			}
			cycle(time.Minute, right)
		})
	}
}
