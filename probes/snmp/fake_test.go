// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp_test

import (
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes"
	"github.com/vouch-sla/vouch/probes/snmp"
)

// fake is a device on loopback whose every octet the test chooses. It speaks SNMPv1,
// v2c, and v3 without keys.
type fake struct {
	addr  netip.AddrPort
	other netip.AddrPort // a second address of it
	asked atomic.Int64
	// discovery is answered with usmStatsUnknownUserNames.
	discovery atomic.Bool
	// elsewhere has everything answered from the other address.
	elsewhere atomic.Bool
	engine    atomic.Pointer[snmp.Engine]
	answer    atomic.Pointer[answerer]
}

// asked is a question, with what sends datagrams back to who asked: from the address
// that was asked, or from another one.
type asked struct {
	snmp.Question
	engine snmp.Engine
	send   func([]byte)
	stray  func([]byte)
}

// reply answers as a device should.
func (q asked) reply(binds ...snmp.Bind) { q.send(q.Answer(q.engine, 0, 0, binds...)) }

// answerer answers a question: it sends what it likes. Calls come one after another.
type answerer func(q asked)

// newFake starts a device that ends with the test.
func newFake(t testing.TB, a answerer) *fake {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	other, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{addr: conn.LocalAddr().(*net.UDPAddr).AddrPort(), other: other.LocalAddr().(*net.UDPAddr).AddrPort()}
	f.engine.Store(&snmp.Engine{ID: "\x80\x00\x00\x00\x01\x02\x03\x04", Boots: 7, Clock: 1000})
	f.answer.Store(&a)
	var wg sync.WaitGroup
	wg.Go(func() {
		in := make([]byte, 64<<10)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(in)
			if err != nil {
				return
			}
			f.asked.Add(1)
			q, ok := snmp.ReadQuestion(in[:n])
			if !ok {
				continue
			}
			a := asked{q, *f.engine.Load(),
				func(b []byte) { _, _ = conn.WriteToUDPAddrPort(b, from) }, // who asked may have gone
				func(b []byte) { _, _ = other.WriteToUDPAddrPort(b, from) }}
			if f.elsewhere.Load() {
				a.send = a.stray
			}
			if q.Version == 3 && q.Engine != a.engine.ID {
				report := snmp.ReportUnknownEngine
				if f.discovery.Load() {
					report = snmp.ReportUnknownUser
				}
				a.send(q.Report(a.engine, report))
				continue
			}
			(*f.answer.Load())(a)
		}
	})
	t.Cleanup(func() {
		conn.Close()
		other.Close()
		wg.Wait()
	})
	return f
}

func (f *fake) set(a answerer) { f.answer.Store(&a) }

// target asks the device.
func (f *fake) target(version string, p *vouch.Profile) probes.Target {
	return probes.Target{
		Check: vouch.Check{Kind: vouch.KindSNMP, Addr: f.addr.Addr(), Port: f.addr.Port(), Timeout: 10 * time.Second, Version: version},
		Credential: map[bool]probes.Credential{
			true:  {Version: probes.SNMPv3, User: "reader"},
			false: {Version: version, Community: "public"},
		}[version == probes.SNMPv3],
		Profile: p,
	}
}

// walk is the objects of a device in their order.
type walk struct {
	binds []snmp.Bind
	names [][]byte
}

func newWalk(binds ...snmp.Bind) *walk {
	w := &walk{binds: slices.Clone(binds)}
	slices.SortFunc(w.binds, func(a, b snmp.Bind) int { return snmp.CompareOID(content(a.Name), content(b.Name)) })
	for _, b := range w.binds {
		w.names = append(w.names, content(b.Name))
	}
	return w
}

func content(name string) []byte {
	o, err := snmp.ParseOID(name)
	if err != nil {
		panic(err)
	}
	return o
}

// lookup answers a question as a device should.
func (w *walk) lookup(q snmp.Question) []snmp.Bind {
	var out []snmp.Bind
	if q.PDU == snmp.AskGet {
		for _, name := range q.Names {
			if i, found := slices.BinarySearchFunc(w.names, content(name), snmp.CompareOID); found {
				out = append(out, w.binds[i])
			} else {
				out = append(out, snmp.Bind{Name: name, Tag: noSuchObject})
			}
		}
		return out
	}
	at := make([]int, len(q.Names))
	for i, name := range q.Names {
		var found bool
		if at[i], found = slices.BinarySearchFunc(w.names, content(name), snmp.CompareOID); found {
			at[i]++
		}
	}
	reps := 1
	if q.PDU == snmp.AskGetBulk {
		reps = q.Reps
	}
	for rep := range reps {
		for i, name := range q.Names {
			if at[i]+rep < len(w.binds) {
				out = append(out, w.binds[at[i]+rep])
			} else {
				out = append(out, snmp.Bind{Name: name, Tag: endOfMibView})
			}
		}
	}
	return out
}

// honest answers from the objects, which need not be in order.
func honest(objects ...snmp.Bind) answerer {
	w := newWalk(objects...)
	return func(q asked) { q.reply(w.lookup(q.Question)...) }
}

// endless answers any question but those for scalars with made-up rows of the value,
// each answer after a while.
func endless(value snmp.Bind, after time.Duration) answerer {
	scalars := newWalk(uptime(9))
	return func(q asked) {
		if q.PDU == snmp.AskGet {
			q.reply(scalars.lookup(q.Question)...)
			return
		}
		reps := 1
		if q.PDU == snmp.AskGetBulk {
			reps = min(q.Reps, 10)
		}
		var out []snmp.Bind
		names := slices.Clone(q.Names)
		for range reps {
			for i, name := range names {
				names[i] = following(name)
				out = append(out, snmp.Bind{Name: names[i], Tag: value.Tag, Data: value.Data})
			}
		}
		time.Sleep(after) // as a slow device does
		q.reply(out...)
	}
}

// following returns the name of the row after one, in a column of the tests.
func following(name string) string {
	const arcs = 10 // of a column
	parts := strings.Split(name, ".")
	if len(parts) == arcs {
		return name + ".1"
	}
	n, err := strconv.Atoi(parts[arcs])
	if err != nil {
		panic(err)
	}
	parts[arcs] = strconv.Itoa(n + 1)
	return strings.Join(parts, ".")
}

// uptime is the one object that every device has.
func uptime(ticks byte) snmp.Bind {
	return snmp.Bind{Name: "1.3.6.1.2.1.1.3.0", Tag: 0x43, Data: []byte{1, ticks}}
}
