// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp_test

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/internal/lab"
	"github.com/vouch-sla/vouch/probes"
	"github.com/vouch-sla/vouch/probes/snmp"
)

// However many targets come and go, what is remembered of them has an end.
func TestMemoryIsBounded(t *testing.T) {
	p := newProber(t)
	tg := probes.Target{Check: vouch.Check{Addr: netip.MustParseAddr("127.0.0.1"), Port: freePort(t).Port(), Timeout: 5 * time.Second, Version: probes.SNMPv2c}}
	for i := range 8300 {
		tg.Credential.Community = vouch.Secret(fmt.Sprint("community", i))
		if r := p.Probe(t.Context(), tg); r.Outcome == vouch.Up {
			t.Fatal("Probe of a closed port is up")
		}
	}
	if n := snmp.KnownTargets(p); n > 8192 {
		t.Errorf("%d targets are remembered, want at most 8192", n)
	}
}

// An attempt reuses what the one before it made. However often profiles and tables of
// different widths take turns, that does not grow.
func TestBuffersAreBounded(t *testing.T) {
	p := newProber(t)
	room := snmp.OneAttempt(p)
	d := run(t, lab.Gateway(2), lab.Options{})
	column := func(n int) vouch.Symbol {
		return vouch.Symbol{OID: fmt.Sprintf("1.3.6.1.2.1.2.2.1.%d", n), Name: fmt.Sprint("c", n), Type: vouch.TypeGauge}
	}
	profiles := []*vouch.Profile{
		{Tables: []vouch.Table{{Name: "narrow", Columns: []vouch.Symbol{column(8)}}, {Name: "wide", Columns: []vouch.Symbol{column(7), column(8), column(10)}}}},
		{Scalars: []vouch.Symbol{{OID: "1.3.6.1.2.1.2.1.0", Name: "number", Type: vouch.TypeGauge}}},
	}
	poll := func(times int) {
		for range times {
			for _, profile := range profiles {
				tg := target(d, probes.SNMPv2c)
				tg.Profile = profile
				if r := p.Probe(t.Context(), tg); r.Outcome != vouch.Up {
					t.Fatalf("Probe = %v (%s), want up", r.Outcome, r.Detail)
				}
			}
		}
	}
	poll(2)
	before := room()
	poll(40)
	if after := room(); after != before {
		t.Errorf("after 40 rounds an attempt keeps room for %d elements, want the %d of the first", after, before)
	}
}

// Attempts at different devices, and several at one, do not disturb one another.
func TestConcurrentAttempts(t *testing.T) {
	p := newProber(t)
	profile := snmp.Generic()
	var wg sync.WaitGroup
	for _, n := range []int{1, 3, 10, 30} {
		d := run(t, lab.Gateway(n).WithName(fmt.Sprint("device-", n)), lab.Options{})
		tg := target(d, probes.SNMPv2c)
		tg.Profile = profile
		for range 4 {
			wg.Go(func() {
				for range 10 {
					r := p.Probe(t.Context(), tg)
					if name := text(r, "snmp", "sys_name"); r.Outcome != vouch.Up || len(rows(r, "interface")) != n || name != fmt.Sprint("device-", n) {
						t.Errorf("Probe of device-%d = %v (%s) with %d rows of %q", n, r.Outcome, r.Detail, len(rows(r, "interface")), name)
					}
				}
			})
		}
	}
	wg.Wait()
}

func TestConcurrentAttemptsOverV3(t *testing.T) {
	a := snmpd(t)
	p := newProber(t)
	var wg sync.WaitGroup
	for _, c := range combinations()[:4] {
		for range 3 {
			wg.Go(func() {
				for range 5 {
					if r := p.Probe(t.Context(), a.target(c.credential())); r.Outcome != vouch.Up {
						t.Errorf("%s: Probe = %v %v (%s), want up", c.user, r.Outcome, r.Reason, r.Detail)
					}
				}
			})
		}
	}
	wg.Wait()
	if n := snmp.KnownEngines(p); n != 4 {
		t.Errorf("%d engines are known, want 4", n)
	}
	p.Close()
	if n := snmp.KnownEngines(p); n != 0 {
		t.Errorf("%d engines are known after Close, want 0", n)
	}
}

func TestIPv6(t *testing.T) {
	d, err := lab.Listen(netip.MustParseAddrPort("[::1]:0"), lab.Router(), lab.Options{})
	if err != nil {
		t.Skipf("no IPv6 on this host: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	defer func() { cancel(); <-done }()
	tg := target(d, probes.SNMPv2c)
	tg.Source = netip.MustParseAddr("::1")
	if r := newProber(t).Probe(t.Context(), tg); r.Outcome != vouch.Up {
		t.Errorf("Probe = %v %v (%s), want up", r.Outcome, r.Reason, r.Detail)
	}
}
