// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp_test

import (
	"context"
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/internal/lab"
	"github.com/vouch-sla/vouch/probes"
	"github.com/vouch-sla/vouch/probes/snmp"
)

const (
	tagCounter32 = 0x41
	tagCounter64 = 0x46
	inOctets     = "1.3.6.1.2.1.2.2.1.10."
	hcOctets     = "1.3.6.1.2.1.31.1.1.1.6."
)

// octetsOf says, for every row that has in_octets, "name=value/bits".
func octetsOf(r vouch.Result) string {
	var out []string
	for _, p := range rows(r, "interface") {
		bits, octets := 64, ""
		for _, f := range p.Fields {
			switch f.Name {
			case vouch.FieldCounterBits:
				bits = int(f.Value.Int())
			case "in_octets":
				octets = fmt.Sprint(f.Value.Uint())
			}
		}
		if octets != "" {
			out = append(out, fmt.Sprintf("%s=%s/%d", tagged(p, "ifName"), octets, bits))
		}
	}
	return strings.Join(out, " ")
}

// Rows that lack the 64-bit counters have the 32-bit ones, and say so; the others keep
// theirs. What the device lacks is remembered, and so is that nothing can be done.
func TestWidthOfEachRow(t *testing.T) {
	recording := func(name string) lab.Walk {
		return read(t, recordings(t, filepath.Join("recordings", name+".snmprec"))[0])
	}
	older := func(w lab.Walk, from, to int) lab.Walk {
		for i := from; i <= to; i++ {
			w = w.With(fmt.Sprint(inOctets, i), tagCounter32, []byte{byte(i)})
		}
		return w
	}
	const pfSense = "em0=0/64 em1=1252637958/64 em2=32812731/64"
	const isr = "Gi0/0/0=214369901303/64 Gi0/0/1=261270905459/64 Gi0=0/64 Vo0=0/64 Nu0=0/64 Gi0/0/0.4021=1061734623/64 Lo0=0/64 Gi0/0/0.300=208838148834/64"
	for _, tt := range []struct {
		name string
		walk lab.Walk
		want string
	}{
		{"pfSense as it was recorded, 3 of 7 and no older ones", recording("pfsense_232"), pfSense},
		{"pfSense with the older ones", older(recording("pfsense_232"), 1, 7), pfSense + " enc0=4/32 lo0=5/32 pflog0=6/32 pfsync0=7/32"},
		{"ISR4321 as it was recorded, 8 of 12", recording("cisco_isr4321_iosxe"), isr},
		{"ISR4321 with the older ones", older(recording("cisco_isr4321_iosxe"), 9, 10), isr + " VoiceOverIpPeer200=9/32 VoiceOverIpPeer410=10/32"},
		{"Vigor165, no 64-bit counter", recording("draytek_vigor165_vdsl"), "LAN=4509363/32 VDSL 08-0B-00-0F-00-07=0/32 Resrved=0/32 V-WAN3=0/32 V-WAN4=0/32 V-WAN5=0/32 " +
			"PVC channel 6=0/32 PVC channel 7=0/32 PVC channel 8=0/32 LAN_PORT1=4518898/32 LAN_PORT2=0/32"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := run(t, tt.walk, lab.Options{Still: true})
			p, tg := newProber(t), target(d, probes.SNMPv2c)
			tg.Profile = snmp.Generic()
			sent := 1 << 20
			for round := range 3 {
				r := p.Probe(t.Context(), tg)
				if got := octetsOf(r); got != tt.want || r.Detail != "" {
					t.Errorf("poll %d: %s (%s), want %s", round, got, r.Detail, tt.want)
				}
				if r.Sent > sent {
					t.Errorf("poll %d: %d requests, %d before", round, r.Sent, sent)
				}
				sent = r.Sent
			}
		})
	}
}

// SNMPv1 has no 64-bit counters: an agent leaves them out, and every row is narrow.
func TestWidthOverSNMPv1(t *testing.T) {
	w := lab.Gateway(2)
	for i := range 2 {
		w = w.With(fmt.Sprint(inOctets, i+1), tagCounter32, []byte{byte(i + 1)})
	}
	d := run(t, w, lab.Options{Still: true})
	tg := target(d, probes.SNMPv1)
	tg.Profile = snmp.Generic()
	if got, want := octetsOf(newProber(t).Probe(t.Context(), tg)), "Gi0/1=1/32 Gi0/2=2/32"; got != want {
		t.Errorf("in_octets = %s, want %s", got, want)
	}
}

// A counter of the newer column that the device itself types as one of 32 bits is one.
func TestWidthAsTheDeviceTypesIt(t *testing.T) {
	d := run(t, lab.Gateway(2).With(hcOctets+"2", tagCounter32, []byte{9}).With(hcOctets+"1", tagCounter64, []byte{7}), lab.Options{Still: true})
	tg := target(d, probes.SNMPv2c)
	tg.Profile = snmp.Generic()
	if got, want := octetsOf(newProber(t).Probe(t.Context(), tg)), "Gi0/1=7/64 Gi0/2=9/32"; got != want {
		t.Errorf("in_octets = %s, want %s", got, want)
	}
}

// A row that appears later without the newer counters gets the older ones at once; so
// do all where the newer ones vanish, and they are left alone when they are back.
func TestWidthOfRowsThatComeAndGo(t *testing.T) {
	w := lab.Gateway(3).With(inOctets+"1", tagCounter32, []byte{1}).With(inOctets+"2", tagCounter32, []byte{2}).With(inOctets+"3", tagCounter32, []byte{3})
	whole := w.With(hcOctets+"1", tagCounter64, []byte{11}).With(hcOctets+"2", tagCounter64, []byte{12}).With(hcOctets+"3", tagCounter64, []byte{13})
	p, at := newProber(t), netip.MustParseAddrPort("127.0.0.1:0")
	for _, step := range []struct {
		walk lab.Walk
		want string
	}{
		{whole, "Gi0/1=11/64 Gi0/2=12/64 Gi0/3=13/64"},
		{whole.Without(hcOctets + "3"), "Gi0/1=11/64 Gi0/2=12/64 Gi0/3=3/32"},
		{whole.Without(strings.TrimSuffix(hcOctets, ".")), "Gi0/1=1/32 Gi0/2=2/32 Gi0/3=3/32"},
		{whole, "Gi0/1=11/64 Gi0/2=12/64 Gi0/3=13/64"},
	} {
		d, err := lab.Listen(at, step.walk, lab.Options{Still: true})
		if err != nil {
			t.Fatal(err)
		}
		at = d.Addr()
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- d.Run(ctx) }()
		tg := target(d, probes.SNMPv2c)
		tg.Profile = snmp.Generic()
		for round := range 2 {
			if got := octetsOf(p.Probe(t.Context(), tg)); got != step.want {
				t.Errorf("poll %d: in_octets = %s, want %s", round, got, step.want)
			}
		}
		stop()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
}

// What the profile says to have 32 bits says nothing of itself.
func TestWidthOfAScalar(t *testing.T) {
	w := lab.Gateway(0).With("1.3.6.1.4.1.99999.1.0", tagCounter32, []byte{7}).With("1.3.6.1.4.1.99999.2.0", tagCounter32, []byte{8})
	d := run(t, w, lab.Options{Still: true})
	for _, tt := range []struct {
		bits int
		want bool
	}{{32, false}, {0, true}} {
		tg := target(d, probes.SNMPv2c)
		tg.Profile = &vouch.Profile{Name: "own", Scalars: []vouch.Symbol{
			{OID: "1.3.6.1.4.1.99999.1.0", Name: "own.calls", Type: vouch.TypeCounter, Bits: tt.bits},
			{OID: "1.3.6.1.4.1.99999.2.0", Name: "own.failed", Type: vouch.TypeCounter, Bits: 32},
		}}
		r := newProber(t).Probe(t.Context(), tg)
		if v, ok := field(r, "own", vouch.FieldCounterBits); ok != tt.want || ok && v.Int() != 32 {
			t.Errorf("bits %d: %s = %d, %v, want it: %v", tt.bits, vouch.FieldCounterBits, v.Int(), ok, tt.want)
		}
		if v, _ := field(r, "own", "calls"); v.Uint() != 7 {
			t.Errorf("calls = %d, want 7", v.Uint())
		}
		if _, ok := field(r, "snmp", vouch.FieldCounterBits); ok {
			t.Errorf("the system group bears %s", vouch.FieldCounterBits)
		}
	}
}
