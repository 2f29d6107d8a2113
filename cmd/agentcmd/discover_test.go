// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agentcmd

import (
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/configs"
	"github.com/vouch-sla/vouch/internal/lab"
)

func TestSweepOf(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want string
		err  string
	}{
		{[]string{"192.0.2.0/29"}, "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5 192.0.2.6", ""},
		{[]string{"192.0.2.5/31"}, "192.0.2.4 192.0.2.5", ""},
		{[]string{"192.0.2.9/32", "192.0.2.9", "::ffff:192.0.2.9"}, "192.0.2.9", ""},
		{[]string{"2001:db8::/126"}, "2001:db8:: 2001:db8::1 2001:db8::2 2001:db8::3", ""},
		{[]string{"255.255.255.254/31"}, "255.255.255.254 255.255.255.255", ""},
		{[]string{"10.0.0.0/8"}, "", "more than 4096 addresses"},
		{[]string{"2001:db8::/32"}, "", "more than 4096 addresses"},
		{[]string{"router.example.net"}, "", "neither an IP address nor a network"},
		{nil, "", "give a network"},
	} {
		addrs, err := sweepOf(tt.args)
		var got []string
		for _, a := range addrs {
			got = append(got, a.String())
		}
		if strings.Join(got, " ") != tt.want || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("sweepOf(%v) = %v, %v, want %s and %q", tt.args, got, err, tt.want, tt.err)
		}
	}
}

// The base that is printed is one that can be used, whatever devices call themselves.
func TestBaseOfWhatWasFound(t *testing.T) {
	at := func(a string, d *deviceReport) found {
		f := found{Address: a, addr: netip.MustParseAddr(a), ICMP: true, Device: d}
		if d != nil {
			f.Credential, f.Version = "lab", "3"
		}
		return f
	}
	list := []found{
		at("192.0.2.1", &deviceReport{Name: "Edge-1.customer.example", Class: vouch.ClassRouter, Profile: "cisco-router", Vendor: "Cisco", Model: "ISR", Serial: `F"1: #x`}),
		at("192.0.2.2", &deviceReport{Name: "Edge-1.customer.example", Class: vouch.ClassRouter, Profile: "cisco-router", Vendor: "Cisco", Serial: `F"1: #x`}),
		at("192.0.2.3", &deviceReport{Name: "edge-1", Class: vouch.ClassOther, Profile: "generic", EngineID: "80", Description: "x: y\n- z # {"}),
		at("192.0.2.4", &deviceReport{Name: "\x1b[31m", Class: vouch.ClassOther, Profile: "generic", EngineID: "80"}),
		at("192.0.2.5", nil),
		{Address: "192.0.2.6", addr: netip.MustParseAddr("192.0.2.6"), SIP: 404, Server: "PBX 7: \n x"},
		at("2001:db8::1", nil),
	}
	text := baseOf([]string{"192.0.2.0/24"}, list, time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC))
	path := filepath.Join(t.TempDir(), "base.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := configs.Check(configs.OS(), path).Err(); err != nil {
		t.Errorf("the base cannot be used: %v\n%s", err, text)
	}
	for _, want := range []string{"id: edge-1\n", "id: edge-1-2\n", "id: at-2001-db8--1\n", "- {address: 192.0.2.2, role: management}", "snmp: {version: 3}", "Cisco ISR", "class: telephony     # answers SIP; PBX 7: x\n", "sip: {}", "31m\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("the base lacks %q:\n%s", want, text)
		}
	}
	if n := strings.Count(text, "- id: "); n != 6+3 {
		t.Errorf("%d identifiers, want one for each of six devices, one customer, site and location:\n%s", n, text)
	}
}

func TestDiscover(t *testing.T) {
	router := netip.MustParseAddrPort(device(t, lab.Router()))
	phone := sipServer(t, "200 OK")
	port := []string{"--sip-port", strings.TrimPrefix(phone, "127.0.0.1:"), "--port", strings.TrimPrefix(router.String(), "127.0.0.1:"), "--rate", "500", "--timeout", "1s"}
	code, out, errs := call(t, append([]string{"discover", "127.0.0.1/32", "--community", "sesame", "--json"}, port...)...)
	var list []found
	if err := json.Unmarshal([]byte(out), &list); err != nil || code != 0 || len(list) != 1 || list[0].Device == nil || list[0].Credential != "lab" || list[0].SIP != 200 {
		t.Errorf("discover = exit %d, %s (%v), want the router", code, out, err)
	}
	if !strings.Contains(errs, "1 addresses asked, 1 answer, 1 of them over SNMP, 1 over SIP") {
		t.Errorf("summary = %q", errs)
	}
	code, out, _ = call(t, append([]string{"discover", "127.0.0.1", "--community", "sesame", "--name", "core"}, port...)...)
	if code != 0 || !strings.Contains(out, "credential: core") || !strings.Contains(out, "class: ") {
		t.Errorf("discover = exit %d, %s, want a base with the router", code, out)
	}
	for _, args := range [][]string{{}, {"x"}, {"127.0.0.1", "--rate", "0"}, {"127.0.0.1", "--name", "a b"}, {"127.0.0.1", "--config", "nowhere.yaml"}} {
		if code, _, errs := call(t, append([]string{"discover"}, args...)...); code != 2 || errs == "" {
			t.Errorf("discover %v = exit %d, %q, want 2 and a sentence", args, code, errs)
		}
	}
}
