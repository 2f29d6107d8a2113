// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sip_test

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes"
	"github.com/vouch-sla/vouch/probes/probetest"
	"github.com/vouch-sla/vouch/probes/sip"
)

func TestSuite(t *testing.T) {
	c, err := certificate()
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{c}}
	servers := map[string]func(says) probes.Target{
		"udp": func(s says) probes.Target { return overUDP(t, s) },
		"tcp": func(s says) probes.Target { return overStream(t, vouch.SIPOverTCP, nil, s) },
		"tls": func(s says) probes.Target { return overStream(t, vouch.SIPOverTLS, config, s) },
	}
	for transport, serve := range servers {
		t.Run(transport, func(t *testing.T) {
			answers := serve(status("200 OK"))
			unsendable := answers
			unsendable.Source = netip.MustParseAddr("192.0.2.77")
			probetest.Run(t, probetest.Suite{Prober: &sip.Prober{}, Answers: answers, Silent: serve(silence), Unsendable: unsendable})
		})
	}
}

// field is a field of the result's only line of telemetry.
func field(r vouch.Result, name string) (vouch.Value, bool) {
	if len(r.Points) != 1 || r.Points[0].Measurement != sip.Measurement {
		return vouch.Value{}, false
	}
	for _, f := range r.Points[0].Fields {
		if f.Name == name {
			return f.Value, true
		}
	}
	return vouch.Value{}, false
}

func TestFinalAnswers(t *testing.T) {
	tests := []struct {
		line    string
		accept  []string
		outcome vouch.Outcome
		status  int64
	}{
		{"200 OK", nil, vouch.Up, 200},
		{"200", nil, vouch.Up, 200},
		{"302 Moved Temporarily", nil, vouch.Up, 302},
		{"401 Unauthorized", nil, vouch.Up, 401},
		{"404 Not Found", nil, vouch.Up, 404},
		{"405 Method Not Allowed", nil, vouch.Up, 405},
		{"407 Proxy Authentication Required", nil, vouch.Up, 407},
		{"404 Not Found", []string{"2xx"}, vouch.Down, 404},
		{"408 Request Timeout", nil, vouch.Down, 408},
		{"503 Service Unavailable", nil, vouch.Down, 503},
		{"503 Service Unavailable", []string{"2xx", "503"}, vouch.Up, 503},
		{"603 Decline", nil, vouch.Down, 603},
	}
	for _, tt := range tests {
		for transport, serve := range map[string]func(says) probes.Target{
			"udp": func(s says) probes.Target { return overUDP(t, s) },
			"tcp": func(s says) probes.Target { return overStream(t, vouch.SIPOverTCP, nil, s) },
		} {
			t.Run(fmt.Sprint(tt.line, " ", transport, " ", tt.accept), func(t *testing.T) {
				target := serve(status(tt.line))
				target.Check.SIP.Accept = tt.accept
				r := (&sip.Prober{}).Probe(t.Context(), target)
				if r.Outcome != tt.outcome || r.Outcome == vouch.Down && (r.Reason != vouch.ReasonRejected || !strings.Contains(r.Detail, fmt.Sprint(tt.status))) {
					t.Errorf("Probe = %v %q (%s), want %v", r.Outcome, r.Reason, r.Detail, tt.outcome)
				}
				if r.Sent != 1 || r.Lost != 0 || r.RTT.Avg <= 0 {
					t.Errorf("Probe = %d sent, %d lost, RTT %v; want 1, 0 and a round trip: it answered", r.Sent, r.Lost, r.RTT.Avg)
				}
				if v, _ := field(r, "status"); v.Int() != tt.status {
					t.Errorf("status = %d, want %d", v.Int(), tt.status)
				}
				if v, _ := field(r, "server"); v.Text() != "Test PBX 1.0" {
					t.Errorf("server = %q, want Test PBX 1.0", v.Text())
				}
				if v, _ := field(r, "rtt_us"); v.Int() != r.RTT.Avg.Microseconds() {
					t.Errorf("rtt_us = %d, want %d", v.Int(), r.RTT.Avg.Microseconds())
				}
			})
		}
	}
}

// What the request asks for is in its first line, and tells apart user, host and port.
func TestRequest(t *testing.T) {
	lines := make(chan asked, 100)
	say := func(q asked) []string {
		lines <- q
		return []string{q.answer("200 OK", "")}
	}
	udp, tcp := overUDP(t, say), overStream(t, vouch.SIPOverTCP, nil, say)
	full := udp
	full.Check.SIP.User, full.Check.SIP.Host = "+3212345", "pbx.example.net"
	for want, target := range map[string]probes.Target{
		fmt.Sprintf("OPTIONS sip:127.0.0.1:%d SIP/2.0", udp.Check.Port):                udp,
		fmt.Sprintf("OPTIONS sip:+3212345@pbx.example.net:%d SIP/2.0", udp.Check.Port): full,
		fmt.Sprintf("OPTIONS sip:127.0.0.1:%d;transport=tcp SIP/2.0", tcp.Check.Port):  tcp,
	} {
		if r := (&sip.Prober{}).Probe(t.Context(), target); r.Outcome != vouch.Up {
			t.Errorf("Probe = %v %q (%s), want up", r.Outcome, r.Reason, r.Detail)
		}
		got := <-lines
		if got.line != want || !strings.HasSuffix(got.via, ";rport") || got.callID == "" || got.body != "" {
			t.Errorf("the request is %+v, want it to begin %q and to have what an answer repeats", got, want)
		}
	}
}

func TestNothingListens(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().(*net.TCPAddr).AddrPort()
	l.Close()
	for _, transport := range []string{"", vouch.SIPOverTCP, vouch.SIPOverTLS} {
		r := (&sip.Prober{}).Probe(t.Context(), target(addr, vouch.SIP{Transport: transport}))
		if r.Outcome != vouch.Down || r.Reason != vouch.ReasonRefused || r.Sent != 1 || r.Lost != 0 {
			t.Errorf("transport %q: Probe = %v %q (%s), %d sent %d lost; want down (refused), 1 and 0", transport, r.Outcome, r.Reason, r.Detail, r.Sent, r.Lost)
		}
	}
}

func TestOwnMistakes(t *testing.T) {
	good := overUDP(t, status("200 OK"))
	for name, s := range map[string]vouch.SIP{
		"another transport": {Transport: "carrier pigeon"},
		"a line in a name":  {User: "a\r\nX: y"},
	} {
		bad := good
		bad.Check.SIP = s
		if r := (&sip.Prober{}).Probe(t.Context(), bad); r.Outcome != vouch.Unknown || r.Reason != vouch.ReasonSocket {
			t.Errorf("%s: Probe = %v %q, want unknown (own socket)", name, r.Outcome, r.Reason)
		}
	}
}

func TestCertificates(t *testing.T) {
	c, err := certificate()
	if err != nil {
		t.Fatal(err)
	}
	answers := overStream(t, vouch.SIPOverTLS, &tls.Config{Certificates: []tls.Certificate{c}}, status("200 OK"))
	picky := overStream(t, vouch.SIPOverTLS, &tls.Config{Certificates: []tls.Certificate{c}, ClientAuth: tls.RequireAnyClientCert}, status("200 OK"))
	unsecured := overStream(t, vouch.SIPOverTLS, nil, status("200 OK"))
	tests := []struct {
		name    string
		target  probes.Target
		sip     vouch.SIP
		outcome vouch.Outcome
		detail  string
	}{
		{"known root, address as the name", answers, vouch.SIP{}, vouch.Up, ""},
		{"known root, name", answers, vouch.SIP{TLSName: "pbx.example.net"}, vouch.Up, ""},
		{"known root, another name", answers, vouch.SIP{TLSName: "other.example.net"}, vouch.Unknown, "pbx.example.net"},
		{"pinned", answers, vouch.SIP{TLSPin: pinOf(c)}, vouch.Up, ""},
		{"pinned, another name", answers, vouch.SIP{TLSPin: strings.ToUpper(pinOf(c)), TLSName: "other.example.net"}, vouch.Up, ""},
		{"another pin", answers, vouch.SIP{TLSPin: strings.Repeat("00", 32)}, vouch.Unknown, pinOf(c)},
		{"insecure", answers, vouch.SIP{TLSInsecure: true}, vouch.Up, "insecure"},
		{"the server wants a certificate of ours", picky, vouch.SIP{}, vouch.Unknown, "TLS"},
		{"the server speaks no TLS", unsecured, vouch.SIP{}, vouch.Unknown, "TLS"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.target.Check.SIP = tt.sip
			tt.target.Check.SIP.Transport = vouch.SIPOverTLS
			r := (&sip.Prober{}).Probe(t.Context(), tt.target)
			if r.Outcome != tt.outcome || !strings.Contains(r.Detail, tt.detail) {
				t.Errorf("Probe = %v %q (%s), want %v with %q", r.Outcome, r.Reason, r.Detail, tt.outcome, tt.detail)
			}
			if r.Outcome == vouch.Unknown && r.Reason != vouch.ReasonProtocol {
				t.Errorf("reason = %q, want protocol", r.Reason)
			}
		})
	}
}

// A server of IPv6 is asked by its address in brackets.
func TestIPv6(t *testing.T) {
	conn, err := net.ListenUDP("udp6", &net.UDPAddr{IP: net.IPv6loopback})
	if err != nil {
		t.Skip("this host has no IPv6: ", err)
	}
	defer conn.Close()
	got := make(chan asked, 1)
	go func() {
		b := make([]byte, 64<<10)
		n, from, err := conn.ReadFromUDPAddrPort(b)
		if err != nil {
			return
		}
		q := read(b[:n])
		_, _ = conn.WriteToUDPAddrPort([]byte(q.answer("200 OK", "")), from)
		got <- q
	}()
	addr := conn.LocalAddr().(*net.UDPAddr).AddrPort()
	if r := (&sip.Prober{}).Probe(t.Context(), target(addr, vouch.SIP{})); r.Outcome != vouch.Up {
		t.Fatalf("Probe = %v %q (%s), want up", r.Outcome, r.Reason, r.Detail)
	}
	q := <-got
	if want := fmt.Sprintf("OPTIONS sip:[::1]:%d SIP/2.0", addr.Port()); q.line != want || !strings.Contains(q.via, "UDP [::1]:") {
		t.Errorf("request %q, Via %q; want %q and a Via of [::1]", q.line, q.via, want)
	}
}

func TestPort(t *testing.T) {
	for want, c := range map[uint16]vouch.Check{
		5060: {}, 5061: {SIP: vouch.SIP{Transport: vouch.SIPOverTLS}}, 15060: {Port: 15060, SIP: vouch.SIP{Transport: vouch.SIPOverTLS}},
	} {
		if got := sip.Port(c); got != want {
			t.Errorf("Port(%+v) = %d, want %d", c, got, want)
		}
	}
}
