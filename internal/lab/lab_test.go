// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package lab_test

import (
	"bytes"
	"context"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/vouch-sla/vouch/internal/lab"
)

func TestParseSnmprec(t *testing.T) {
	tests := []struct {
		name, text, problem string
	}{
		{"too few parts", "1.3.6.1|4", "line 1: \"1.3.6.1|4\" is not of the form"},
		{"not an OID", "1.3.x|4|a", `part "x"`},
		{"unencodable OID", "1.77|4|a", "X.690"},
		{"part beyond 32 bits", "1.3.4294967296|4|a", "below 2^32"},
		{"unknown type", "1.3.6|99|a", "type 99"},
		{"type without number", "1.3.6|int|1", `type "int"`},
		{"bad hexadecimal", "1.3.6|4x|0", "hexadecimal"},
		{"bad integer", "1.3.6|2|one", "integer"},
		{"counter beyond 32 bits", "1.3.6|65|4294967296", "below 2^32"},
		{"counter beyond 64 bits", "1.3.6|70|18446744073709551616", "below 2^64"},
		{"bad address", "1.3.6|64|::1", "IPv4"},
		{"twice", "1.3.6|2|1\n1.3.6|2|2", "occurs twice"},
		{"second line", "1.3.6|2|1\n\n# comment\nx", "line 4"},
		{"good", "# c\n1.3.10|2|-129\n1.3.9|4|a|b\n1.3.8|4x|00ff\n1.3.7|5|\n1.3.6|6|1.3.6.1\n1.3.5|64|192.0.2.1\n1.3.4|70|18446744073709551615\n1.3.3|67|0\n1.3.2|44x|9f78043f800000\n", ""},
	}
	for _, test := range tests {
		w, err := lab.ParseSnmprec(strings.NewReader(test.text))
		switch {
		case test.problem != "" && (err == nil || !strings.Contains(err.Error(), test.problem)):
			t.Errorf("%s: ParseSnmprec = %v, want an error with %q", test.name, err, test.problem)
		case test.problem == "" && (err != nil || len(w) != 9 || w[0].OID.String() != "1.3.2"):
			t.Errorf("%s: ParseSnmprec = %d objects, %v; want 9 in order", test.name, len(w), err)
		}
	}
}

func TestWalks(t *testing.T) {
	for name, w := range map[string]lab.Walk{"router": lab.Router(), "firewall": lab.Firewall(), "telephony": lab.Telephony()} {
		table := len(w) - len(w.Without("1.3.6.1.2.1.2.2")) + len(w) - len(w.Without("1.3.6.1.2.1.31"))
		if rest := len(w) - table; rest < 20 || rest > 80 {
			t.Errorf("%s: %d objects beside the interfaces", name, rest)
		}
	}
	if n := len(lab.Gateway(10)); n != 435 {
		t.Errorf("Gateway(10) has %d objects, want 435", n)
	}
}

// run starts a device and returns gosnmp, an implementation that is not ours, to ask
// it with.
func run(t *testing.T, w lab.Walk, opts lab.Options, version gosnmp.SnmpVersion) (*lab.Device, *gosnmp.GoSNMP) {
	t.Helper()
	d, err := lab.Listen(netip.MustParseAddrPort("127.0.0.1:0"), w, opts)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	g := &gosnmp.GoSNMP{Target: d.Addr().Addr().String(), Port: d.Addr().Port(), Version: version, Community: "public", Timeout: 10 * time.Second}
	if err := g.Connect(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		g.Close()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run() = %v, want nil", err)
		}
	})
	return d, g
}

func TestWholeWalk(t *testing.T) {
	for _, version := range []gosnmp.SnmpVersion{gosnmp.Version1, gosnmp.Version2c} {
		_, g := run(t, lab.Router(), lab.Options{Still: true}, version)
		walk, counters64 := g.BulkWalkAll, 0
		if version == gosnmp.Version1 {
			walk, counters64 = g.WalkAll, 28 // of which SNMPv1 knows nothing
		}
		got, err := walk("1.3.6.1")
		if err != nil {
			t.Fatal(err)
		}
		if want := len(lab.Router()) - counters64; len(got) != want {
			t.Errorf("version %v: the walk has %d objects, want %d", version, len(got), want)
		}
	}
}

func TestMotion(t *testing.T) {
	d, g := run(t, lab.Router(), lab.Options{}, gosnmp.Version2c)
	read := func() (uptime, octets, errs, boots uint64) {
		t.Helper()
		p, err := g.Get([]string{"1.3.6.1.2.1.1.3.0", "1.3.6.1.2.1.31.1.1.1.6.1", "1.3.6.1.2.1.2.2.1.14.1", "1.3.6.1.6.3.10.2.1.2.0"})
		if err != nil {
			t.Fatal(err)
		}
		var v [4]uint64
		for i := range v {
			v[i] = gosnmp.ToBigInt(p.Variables[i].Value).Uint64()
		}
		return v[0], v[1], v[2], v[3]
	}
	up1, octets1, errs1, boots1 := read()
	up2, octets2, errs2 := up1, octets1, errs1
	for limit := time.Now().Add(10 * time.Second); up2 == up1 && time.Now().Before(limit); {
		up2, octets2, errs2, _ = read()
	}
	if up1 < 267840000 || up2 <= up1 || octets2 <= octets1 || errs2 != errs1 {
		t.Errorf("uptime %d -> %d, octets %d -> %d, errors %d -> %d; want the first two to grow", up1, up2, octets1, octets2, errs1, errs2)
	}
	d.Reboot()
	up3, octets3, _, boots3 := read()
	if up3 > 6000 || octets3 >= octets2 || boots3 != boots1+1 {
		t.Errorf("after a reboot: uptime %d, octets %d, boots %d -> %d", up3, octets3, boots1, boots3)
	}
}

func TestStopDropsDelayedAnswers(t *testing.T) {
	d, err := lab.Listen(netip.MustParseAddrPort("127.0.0.1:0"), lab.Router(), lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	d.Set(lab.Behaviour{Delay: time.Hour})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	conn, err := net.Dial("udp", d.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	p := &gosnmp.SnmpPacket{Version: gosnmp.Version2c, Community: "public", PDUType: gosnmp.GetRequest, RequestID: 1,
		Variables: []gosnmp.SnmpPDU{{Name: ".1.3.6.1.2.1.1.3.0", Type: gosnmp.Null}}}
	b, err := p.MarshalMsg()
	if err != nil {
		t.Fatal(err)
	}
	for d.Asked() == 0 {
		if _, err := conn.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run() = %v, want nil", err)
	}
	if d.Answered() != 0 {
		t.Errorf("%d answers were sent, want 0", d.Answered())
	}
}

func TestListenReportsAddressInUse(t *testing.T) {
	d, err := lab.Listen(netip.MustParseAddrPort("127.0.0.1:0"), nil, lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := lab.Listen(d.Addr(), nil, lab.Options{}); err == nil || !strings.Contains(err.Error(), d.Addr().String()) {
		t.Errorf("Listen(%s) a second time = %v, want an error that names the address", d.Addr(), err)
	}
}

// FuzzAnswer sends a device what no manager would: it must say something that is
// well-formed, or nothing.
func FuzzAnswer(f *testing.F) {
	for _, pdu := range []gosnmp.PDUType{gosnmp.GetRequest, gosnmp.GetNextRequest, gosnmp.GetBulkRequest} {
		p := &gosnmp.SnmpPacket{Version: gosnmp.Version2c, Community: "public", PDUType: pdu, RequestID: 7, MaxRepetitions: 20,
			Variables: []gosnmp.SnmpPDU{{Name: ".1.3.6.1.2.1.2.2.1.10", Type: gosnmp.Null}}}
		b, err := p.MarshalMsg()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	w := lab.Router()
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, behaviour := range []lab.Behaviour{{}, {Loop: true}, {Endless: true}, {BadColumn: "1.3.6.1.2.1.2.2.1.11"}, {MaxBinds: 3}} {
			out := lab.Answer(w, b, behaviour)
			if out == nil {
				continue
			}
			if len(out) > 1400+len(b) {
				t.Errorf("%+v: %d octets of answer", behaviour, len(out))
			}
			if _, err := gosnmp.Default.SnmpDecodePacket(out); err != nil {
				t.Errorf("%+v: Answer(%x) = %x: %v", behaviour, b, out, err)
			}
		}
	})
}

func FuzzParseSnmprec(f *testing.F) {
	b, err := os.ReadFile("walks/router.snmprec")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte("1.3.6|4x|00\n1.3|2|-1\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		w, err := lab.ParseSnmprec(bytes.NewReader(b))
		if err != nil {
			return
		}
		for _, v := range w {
			if again, err := lab.ParseOID(v.OID.String()); err != nil || again.String() != v.OID.String() {
				t.Errorf("ParseOID(%s) = %s, %v", v.OID, again, err)
			}
		}
	})
}

func TestServe(t *testing.T) {
	addr, stop, err := lab.Serve(t.Context(), []byte("1.3.6.1.2.1.1.3.0|67|4294967295\n1.3.6.1.2.1.1.5.0|4|edge\n"), lab.Options{Still: true})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	if !addr.Addr().IsLoopback() {
		t.Errorf("Serve answers at %s, want a loopback address", addr)
	}
	g := &gosnmp.GoSNMP{Target: addr.Addr().String(), Port: addr.Port(), Version: gosnmp.Version2c, Community: "public", Timeout: 10 * time.Second}
	if err := g.Connect(); err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	p, err := g.Get([]string{"1.3.6.1.2.1.1.3.0", "1.3.6.1.2.1.1.5.0"})
	if err != nil || p.Variables[0].Value != uint32(4294967295) || string(p.Variables[1].Value.([]byte)) != "edge" {
		t.Errorf("Get = %+v, %v; want what stands in the recording", p, err)
	}
	stop()
	if again, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(addr)); err != nil {
		t.Errorf("after stop the socket is still open: %v", err)
	} else {
		again.Close()
	}
	if _, _, err := lab.Serve(t.Context(), []byte("1.3.6|2|1\nrubbish\n"), lab.Options{}); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("Serve of an unreadable recording = %v, want an error with its line", err)
	}
}
