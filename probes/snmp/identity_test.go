// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp_test

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/internal/lab"
	"github.com/vouch-sla/vouch/probes"
	"github.com/vouch-sla/vouch/probes/snmp"
)

const (
	entSerial = "1.3.6.1.2.1.47.1.1.1.1.11"
	entClass  = "1.3.6.1.2.1.47.1.1.1.1.5"
	engineOID = "1.3.6.1.6.3.10.2.1.1.0"
	boardedAt = "1.3.6.1.4.1.8072.9999.1.0"
)

// place is an address at which one device after the other may stand.
type place struct {
	t    *testing.T
	addr netip.AddrPort
	stop func()
	now  *lab.Device
}

func newPlace(t *testing.T, w lab.Walk) *place {
	p := &place{t: t, addr: netip.MustParseAddrPort("127.0.0.1:0"), stop: func() {}}
	p.put(w)
	p.addr = p.now.Addr()
	t.Cleanup(func() { p.stop() })
	return p
}

// put takes away the device that stands there and puts another in its place.
func (p *place) put(w lab.Walk) {
	p.t.Helper()
	p.stop()
	d, err := lab.Listen(p.addr, w, lab.Options{Still: true})
	if err != nil {
		p.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	p.now, p.stop = d, func() {
		cancel()
		if err := <-done; err != nil {
			p.t.Errorf("Run() = %v, want nil", err)
		}
	}
}

// serialProfile reads the interfaces, and knows where the chassis tells its serial number.
func serialProfile() *vouch.Profile {
	p := snmp.Generic()
	p.Facts.Serial = []vouch.FactSource{{OID: boardedAt}, {OID: entSerial, Where: entClass, WhereEquals: "3"}}
	return p
}

// box returns the walk of a router with a serial number, in a row of the entity table.
func box(serial, row, name string) lab.Walk {
	w := lab.Router().Without(entSerial).Without(entClass).WithName(name).
		With(entSerial+"."+row, 4, []byte(serial)).With(entClass+"."+row, 2, []byte{3})
	return w.With(entSerial+".9", 4, []byte("CARD9")).With(entClass+".9", 2, []byte{9})
}

func unit(serials ...string) vouch.Unit {
	return vouch.Unit{Serials: serials, From: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)}
}

func TestUnitOnRecord(t *testing.T) {
	for _, c := range []struct {
		name    string
		walk    lab.Walk
		unit    vouch.Unit
		version string
		reason  vouch.Reason
		told    string // field serial or engine_id
	}{
		{"the serial on record", box("FX1", "1", "r"), unit("FX1"), probes.SNMPv2c, "", "FX1"},
		{"over SNMPv1", box("FX1", "1", "r"), unit("FX1"), probes.SNMPv1, "", "FX1"},
		{"white space and case mean nothing", box(" fx1 \x00", "1", "r"), unit("FX1"), probes.SNMPv2c, "", "fx1"},
		{"one of a pair", box("FX2", "1", "r"), unit("FX1", "FX2"), probes.SNMPv2c, "", "FX2"},
		{"another serial", box("FX2", "1", "r"), unit("FX1"), probes.SNMPv2c, vouch.ReasonIdentity, "FX2"},
		{"another serial over SNMPv1", box("FX2", "1", "r"), unit("FX1"), probes.SNMPv1, vouch.ReasonIdentity, "FX2"},
		{"no serial told", box("FX2", "1", "r").Without(entSerial), unit("FX1"), probes.SNMPv2c, "", ""},
		{"an empty serial", box("", "1", "r"), unit("FX1"), probes.SNMPv2c, "", ""},
		{"nothing on record", box("FX2", "1", "r"), vouch.Unit{}, probes.SNMPv2c, "", ""},
		{"the engine on record", lab.Router().With(engineOID, 4, []byte{0x80, 0, 0, 9, 3, 1}), vouch.Unit{EngineID: "800000090301"}, probes.SNMPv2c, "", "800000090301"},
		{"another engine", lab.Router().With(engineOID, 4, []byte{0x80, 0, 0, 9, 3, 2}), vouch.Unit{EngineID: "800000090301"}, probes.SNMPv2c, vouch.ReasonIdentity, "800000090302"},
		{"no engine told", lab.Router().Without(engineOID), vouch.Unit{EngineID: "800000090301"}, probes.SNMPv2c, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tg := target(run(t, c.walk, lab.Options{Still: true}), c.version)
			tg.Profile, tg.Check.Unit = serialProfile(), c.unit
			r := newProber(t).Probe(t.Context(), tg)
			want := vouch.Up
			if c.reason != "" {
				want = vouch.Unknown
			}
			if r.Outcome != want || r.Reason != c.reason {
				t.Fatalf("Probe = %v %q (%s), want %v %q", r.Outcome, r.Reason, r.Detail, want, c.reason)
			}
			if got := text(r, "snmp", "serial") + text(r, "snmp", "engine_id"); got != c.told {
				t.Errorf("the poll tells %q, want %q", got, c.told)
			}
			if c.reason == "" {
				if len(rows(r, "interface")) == 0 || text(r, "snmp", "sys_name") == "" {
					t.Errorf("a poll of the unit on record measured %v", r.Points)
				}
				return
			}
			if len(r.Points) != 1 || len(r.Points[0].Fields) != 1 {
				t.Errorf("a poll of another unit holds %v, want what it told alone", r.Points)
			}
			for _, part := range []string{"another unit than recorded", c.told, "vouch reload"} {
				if !strings.Contains(r.Detail, part) {
					t.Errorf("detail %q lacks %q", r.Detail, part)
				}
			}
		})
	}
}

// A box is put in the place of another, and the right one comes back: the first poll of
// each tells, although the serial number is not asked every time.
func TestSwappedUnit(t *testing.T) {
	const name = "r"
	other := box("FX2", "1", name).With("1.3.6.1.2.1.1.3.0", 67, []byte{1, 0})
	for _, c := range []struct {
		name  string
		walk  lab.Walk
		finds vouch.Outcome
	}{
		{"one that runs for less long", other, vouch.Unknown},
		{"one that runs for longer", other.With("1.3.6.1.2.1.1.3.0", 67, []byte{0x7f, 0, 0, 0}), vouch.Unknown},
		{"one with another name and the same clock", box("FX2", "1", "s"), vouch.Unknown},
		{"one that was started more often", box("FX2", "1", name).With("1.3.6.1.6.3.10.2.1.2.0", 2, []byte{77}), vouch.Unknown},
		{"the same, its rows renumbered, the card where the chassis was", box("FX1", "4", "s").With(entSerial+".1", 4, []byte("CARD1")).With(entClass+".1", 2, []byte{9}), vouch.Up},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			first := box("FX1", "1", name).With("1.3.6.1.6.3.10.2.1.2.0", 2, []byte{7})
			p := newPlace(t, first)
			prober, tg := newProber(t), target(p.now, probes.SNMPv2c)
			tg.Profile, tg.Check.Unit = serialProfile(), unit("FX1")
			up := func(want vouch.Outcome) (r vouch.Result) {
				t.Helper()
				if r = prober.Probe(t.Context(), tg); r.Outcome != want {
					t.Fatalf("Probe = %v %q (%s), want %v", r.Outcome, r.Reason, r.Detail, want)
				}
				return r
			}
			up(vouch.Up)
			up(vouch.Up)
			p.put(c.walk)
			up(c.finds)
			up(c.finds)
			if c.finds == vouch.Unknown {
				// Once the base says so, it is the right one.
				tg.Check.Unit = unit("FX2")
				if r := up(vouch.Up); len(rows(r, "interface")) == 0 {
					t.Errorf("the unit that is now on record is not measured: %v", r.Points)
				}
				tg.Check.Unit = unit("FX1")
				up(vouch.Unknown)
			}
			p.put(first)
			up(vouch.Up)
		})
	}
}

// The serial number costs requests in the first poll and hardly any after it.
func TestSerialIsNotReadEveryPoll(t *testing.T) {
	asked := func(u vouch.Unit) (first, later int) {
		d := run(t, box("FX1", "1", "r"), lab.Options{Still: true})
		prober, tg := newProber(t), target(d, probes.SNMPv2c)
		tg.Profile, tg.Check.Unit = serialProfile(), u
		for i := range 6 {
			before := d.Asked()
			r := prober.Probe(t.Context(), tg)
			if r.Outcome != vouch.Up {
				t.Fatalf("Probe = %v %q (%s)", r.Outcome, r.Reason, r.Detail)
			}
			if _, told := field(r, "snmp", "serial"); told != (i == 0 && u.Known()) {
				t.Errorf("poll %d tells the serial number: %v", i, told)
			}
			if i == 0 {
				first = d.Asked() - before
			}
			later = d.Asked() - before
		}
		return first, later
	}
	with, withLater := asked(unit("FX1"))
	without, withoutLater := asked(vouch.Unit{})
	if with <= without || withLater != withoutLater {
		t.Errorf("requests with a unit on record: %d, then %d a poll; without: %d, then %d", with, withLater, without, withoutLater)
	}
}

// A device that is silent when asked for its serial number is measured all the same.
func TestSilentAboutItsSerial(t *testing.T) {
	d := run(t, box("FX1", "1", "r"), lab.Options{Still: true})
	d.Set(lab.Behaviour{MuteAfter: 1})
	tg := target(d, probes.SNMPv2c)
	tg.Check.Timeout = 2 * time.Second
	tg.Profile, tg.Check.Unit = &vouch.Profile{Name: "p", Facts: serialProfile().Facts}, unit("FX2")
	began := time.Now()
	r := newProber(t).Probe(t.Context(), tg)
	if r.Outcome != vouch.Up || text(r, "snmp", "sys_name") == "" || r.Lost == 0 {
		t.Errorf("Probe = %v %q (%s) after %v, lost %d, want up with its name", r.Outcome, r.Reason, r.Detail, time.Since(began), r.Lost)
	}
}
