// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/vouch-sla/vouch/probes"
	"github.com/vouch-sla/vouch/probes/snmp"
)

// Over one socket for both families, a device is known by its address of either, and
// its informs are answered there.
func TestInformsOverBothFamilies(t *testing.T) {
	l, err := snmp.ListenTraps("[::]:0")
	if err != nil {
		t.Skipf("no IPv6 here: %v", err)
	}
	h := hearing(v2c("public"), userSHA256)
	got := make(chan heard, 100)
	h.Count = func(o probes.TrapOutcome, a netip.Addr) { got <- heard{outcome: o, from: a} }
	h.Accept = func(probes.Trap) {}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx, h) }()
	port := l.Addrs()[0].Port()
	for _, to := range []string{fmt.Sprintf("udp:127.0.0.1:%d", port), fmt.Sprintf("udp6:[::1]:%d", port)} {
		if out, err := tool(t, "snmptrap", append([]string{"-Ci", "-t", "20", "-v2c", "-c", "public", to}, interfaceDown()...)...); err != nil {
			t.Errorf("inform to %s: %v: %s", to, err, out)
			continue
		}
		if h := <-got; h.outcome != probes.TrapAccepted || !h.from.IsLoopback() || h.from.Is4In6() {
			t.Errorf("inform to %s: heard %+v", to, h)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Run = %v, want nil", err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

// A listener may be run again, as after the agent was assigned to another location.
func TestListenerRunsAgain(t *testing.T) {
	l, err := snmp.ListenTraps("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	to, err := net.Dial("udp", l.Addrs()[0].String())
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	for range 3 {
		h := hearing(v2c("public"))
		got := make(chan probes.TrapOutcome, 1)
		h.Count = func(o probes.TrapOutcome, _ netip.Addr) { got <- o }
		h.Accept = func(probes.Trap) {}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- l.Run(ctx, h) }()
		if _, err := to.Write(captured(t)["v2c-trap"]); err != nil {
			t.Fatal(err)
		}
		if o := <-got; o != probes.TrapAccepted {
			t.Errorf("heard %v, want accepted", o)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run = %v, want nil", err)
		}
	}
}

// A storm over the wire costs its sender the surplus, and the listener goes on.
func TestStormOverTheWire(t *testing.T) {
	l, err := snmp.ListenTraps("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := hearing(v2c("public"))
	var counts [16]atomic.Int64
	h.Count = func(o probes.TrapOutcome, _ netip.Addr) { counts[o].Add(1) }
	h.Accept = func(probes.Trap) {}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx, h) }()
	to, err := net.Dial("udp", l.Addrs()[0].String())
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	began := time.Now()
	trap := captured(t)["v2c-trap"]
	for counts[probes.TrapRateLimited].Load() < 2000 { // however many the kernel drops on the way
		if _, err := to.Write(trap); err != nil {
			t.Fatal(err)
		}
		if time.Since(began) > patience {
			t.Fatal("a storm is not heard as one within a minute")
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Run = %v, want nil", err)
	}
	most := int64(snmp.TrapBurst + snmp.TrapRate*time.Since(began).Seconds() + 1)
	if n := counts[probes.TrapAccepted].Load(); n < snmp.TrapBurst || n > most {
		t.Errorf("%d accepted of a storm, want %d to %d", n, snmp.TrapBurst, most)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

// Another sender of informs than net-snmp: gosnmp finds out our engine and its time.
func TestInformsOfAnotherSender(t *testing.T) {
	e := listen(t, userSHA256)
	g := &gosnmp.GoSNMP{
		Target: e.addr.Addr().String(), Port: e.addr.Port(), Version: gosnmp.Version3, Timeout: 20 * time.Second,
		SecurityModel: gosnmp.UserSecurityModel, MsgFlags: gosnmp.AuthPriv,
		SecurityParameters: &gosnmp.UsmSecurityParameters{
			UserName: userSHA256.User, AuthenticationProtocol: gosnmp.SHA256, AuthenticationPassphrase: "authpass1234",
			PrivacyProtocol: gosnmp.AES, PrivacyPassphrase: "privpass1234",
		},
	}
	if err := g.Connect(); err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	answer, err := g.SendTrap(gosnmp.SnmpTrap{IsInform: true, Variables: []gosnmp.SnmpPDU{
		{Name: "1.3.6.1.6.3.1.1.4.1.0", Type: gosnmp.ObjectIdentifier, Value: "." + linkDown},
	}})
	if err != nil || answer.PDUType != gosnmp.GetResponse || len(answer.Variables) != 2 || !strings.HasSuffix(fmt.Sprint(answer.Variables[1].Value), linkDown) {
		t.Errorf("the inform is answered with %+v, %v, want its own bindings", answer, err)
	}
	if h := e.settle(t); h.outcome != probes.TrapAccepted || h.trap.OID != linkDown {
		t.Errorf("heard %+v, want linkDown", h)
	}
}
