// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs_test

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/configs"
)

// overSIP is the example with a contract that measures SIP.
func overSIP(t *testing.T) files {
	t.Helper()
	f := example()
	f.edit(t, "contract.yaml", "#tcp: {port: 443,", "sip: {interval: 20s}\n      #tcp: {port: 443,")
	return f
}

// A device is asked over SIP when it has the key, as that says, and the contract measures it.
func TestAssignedSIP(t *testing.T) {
	f := overSIP(t)
	f.edit(t, "base.yaml", "checks: [icmp]          #", "checks: [icmp, sip]\n            sip: {transport: tls, accept: [2xx, 404], user: '100', host: pbx.example.net, tls: {name: pbx.example.net}}  #")
	f.edit(t, "base.yaml", "address: 192.0.2.131", "address: 192.0.2.131\n            sip: {}")
	c := mustLoad(t, f)
	got := map[vouch.DeviceID]vouch.Check{}
	for _, a := range configs.Assignments(c.Base, c.Contracts, time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC))[0].Assignments {
		if a.Check.Kind == vouch.KindSIP {
			a.Check.Addr = netip.Addr{}
			got[a.Device] = a.Check
		}
	}
	check := vouch.Check{Name: "sip", Kind: vouch.KindSIP, Port: 5061, Interval: 20 * time.Second, Timeout: 5 * time.Second,
		SIP: vouch.SIP{Transport: "tls", Accept: []string{"2xx", "404"}, User: "100", Host: "pbx.example.net", TLSName: "pbx.example.net"}}
	plain := check
	plain.Port, plain.SIP = 5060, vouch.SIP{Transport: "udp"}
	if want := map[vouch.DeviceID]vouch.Check{"phones": check, "firewall-1": plain}; !reflect.DeepEqual(got, want) {
		t.Errorf("checks over SIP = %+v, want %+v", got, want)
	}
}

func TestSIPMistakes(t *testing.T) {
	const old = "            checks: [icmp] "
	for _, c := range []struct{ name, new, want string }{
		{"another transport", "            checks: [icmp, sip]\n            sip: {transport: ▸sctp} ", `transport "sctp" is unknown, allowed are udp, tcp, tls`},
		{"provisional answers", "            checks: [icmp, sip]\n            sip: {accept: [▸1xx]} ", `accept "1xx": allowed are 2xx to 6xx and codes from 200 to 699`},
		{"a number of no class", "            checks: [icmp, sip]\n            sip: {accept: [2xx, ▸700]} ", `accept "700": allowed are 2xx to 6xx and codes from 200 to 699`},
		{"accepts nothing", "            checks: [icmp, sip]\n            sip: {accept: ▸[]} ", "accept is empty: nothing would ever be up, leave the key out for 2xx, 3xx and 4xx"},
		{"a certificate without tls", "            checks: [icmp, sip]\n            sip: ▸{tls: {name: pbx}} ", "sip: a certificate is spoken of, and the transport is not tls"},
		{"two words in the user", "            checks: [icmp, sip]\n            sip: ▸{user: \"a b\"} ", "sip: user \"a b\": allowed are at most 63 letters, digits and -_.!~*'()&=+$,"},
		{"any certificate", "            checks: [icmp, sip]\n            sip: {transport: tls, tls: {insecure: ▸true}} ", "warning: any certificate is taken: whoever stands in between can answer for the device, a pin keeps him out"},
		{"no word on how", "            ▸checks: [icmp, sip] ", "devices[3] is checked by sip and lacks the key sip, needed is how it is asked, as {transport: udp}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := overSIP(t)
			place := f.edit(t, "base.yaml", old, c.new)
			if c.name == "no word on how" {
				place = "base.yaml:76:13" // where the device begins
			}
			if got, want := lines(f.load("base.yaml")), place+": "+c.want; got != want {
				t.Errorf("problems =\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// What is measured by nothing, or decides by nothing, is said before it costs a month.
func TestSIPWithoutEffect(t *testing.T) {
	unmeasured := example()
	unmeasured.edit(t, "base.yaml", "checks: [icmp] ", "checks: [icmp]\n            sip: {} ")
	if got := lines(unmeasured.load("base.yaml")); !strings.Contains(got, "warning: devices[3] has the key sip, and contract gold measures no sip: it is not asked") {
		t.Errorf("problems =\n%s\nwant a warning that nothing measures it", got)
	}
	undecided := overSIP(t)
	undecided.edit(t, "contract.yaml", "reachable_by: [icmp, snmp]", "reachable_by: [sip]")
	if got := lines(undecided.load("base.yaml")); !strings.Contains(got, "devices[0] lacks the key sip, and nothing else that version 1 of contract gold measures decides, needed is sip or another check") {
		t.Errorf("problems =\n%s\nwant one about a device on which nothing decides", got)
	}
}
