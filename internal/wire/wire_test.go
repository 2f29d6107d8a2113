// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/wire"
)

func assignment() wire.Assignment {
	return wire.Assignment{
		Agent: "ams1-a", Location: "ams1", From: time.Date(2026, 11, 1, 0, 0, 0, 123e6, time.UTC),
		Customers: []vouch.CustomerID{"acme", "globex"}, Sealing: time.Minute, Heartbeat: 10 * time.Second,
		Devices: []wire.Device{{Customer: "acme", ID: "router-1", Class: vouch.ClassRouter, Profiles: []string{"if-mib"}, Checks: []vouch.Check{
			{Name: "ping", Kind: vouch.KindICMP, Addr: netip.MustParseAddr("192.0.2.1"), Interval: 10 * time.Second, Timeout: 3 * time.Second, Count: 3, Spacing: 250 * time.Millisecond, Size: 56,
				Watch: vouch.Watch{RTT: 80 * time.Millisecond, Loss: 34}},
			{Name: "snmp", Kind: vouch.KindSNMP, Addr: netip.MustParseAddr("2001:db8::1"), Port: 1161, Interval: time.Minute, Timeout: 5 * time.Second, Version: "3", Credential: "acme-v3", Profile: "if-mib",
				Values: []string{"interface.ifOperStatus{ifName=wan1}", "temperature"},
				Unit:   vouch.Unit{Serials: []string{"FX1", "FX2"}, From: time.Date(2026, 6, 15, 8, 30, 0, 0, time.UTC)}, Interfaces: []string{"wan1", "alias:WAN *"}},
			{Name: "sip", Kind: vouch.KindSIP, Addr: netip.MustParseAddr("192.0.2.1"), Port: 5061, Interval: time.Minute, Timeout: 5 * time.Second,
				SIP: vouch.SIP{Transport: "tls", Accept: []string{"2xx", "404"}, User: "100", Host: "pbx.example.net", TLSName: "pbx.example.net", TLSPin: strings.Repeat("a1", 32)}},
		}}},
		References: []wire.Reference{{Reference: vouch.Reference{Name: "gw", Gateway: true, Kind: vouch.KindTCP, Addr: netip.MustParseAddr("192.0.2.254"), Port: 443}, Customers: []vouch.CustomerID{"acme"}}},
		Profiles: []vouch.Profile{{Name: "if-mib", Class: vouch.ClassRouter, Scalars: []vouch.Symbol{{OID: "1.3.6.1.2.1.1.3.0", Name: "sysUpTime", Type: vouch.TypeTicks}},
			Tables: []vouch.Table{{Name: "interface", Columns: []vouch.Symbol{{OID: "1.3.6.1.2.1.31.1.1.1.6", Name: "ifHCInOctets", Type: vouch.TypeCounter, Bits: 32}},
				Tags: []vouch.Symbol{{OID: "1.3.6.1.2.1.31.1.1.1.1", Name: "ifName", Type: vouch.TypeText}}, MaxRows: 64,
				Rules: []vouch.Rule{{Tag: "ifName", Match: "^(wan|eth)"}, {Tag: "ifName", Match: "^lo$", Except: true}}}}}, {
			Name: "pbx", Class: vouch.ClassTelephony, Kind: "pbx", Uptime: []vouch.Clock{vouch.ClockHost}, NoBulk: true, Repetitions: 9,
			Facts: vouch.DeviceFacts{
				Vendor: []vouch.FactSource{{Value: "Acme"}}, Model: []vouch.FactSource{{OID: "1.3.6.1", Extract: "(x)", Mapping: []vouch.Mapped{{Value: "1", Name: "one"}}}},
				Version: []vouch.FactSource{{OID: "1.3.6.2"}}, Serial: []vouch.FactSource{{OID: "1.3.6.3", Where: "1.3.6.4", WhereEquals: "3"}},
			},
			Scalars: []vouch.Symbol{{OID: "1.3.6.5", Name: "a.b", Type: vouch.TypeState, Unit: "u", Scale: 0.1, Extract: "(y)", Mapping: []vouch.Mapped{{Value: "2", Name: "up"}}, OK: []string{"up"}, Ignore: []string{"down"}}},
			Tables:  []vouch.Table{{Name: "t", Columns: []vouch.Symbol{{OID: "1.3.6.6", Name: "c", Type: vouch.TypeGauge}}, Tags: []vouch.Symbol{{Name: "i", Type: vouch.TypeText, Index: vouch.IndexText}}}},
			Traps:   []vouch.Trap{{OID: "1.3.6.7", Name: "door"}},
		}},
		Secrets: []wire.SealedSecret{{Name: "acme-v3", Sealed: []byte("sealed")}, {Name: "lab", Sealed: []byte{0, 1, 255}}},
	}
}

func TestEncodeAssignmentRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*wire.Assignment)
		want   string
	}{
		{"no agent", func(a *wire.Assignment) { a.Agent = "" }, "agent: "},
		{"no sealing", func(a *wire.Assignment) { a.Sealing = 0 }, "at least 100ms"},
		{"a device twice", func(a *wire.Assignment) { a.Devices = append(a.Devices, a.Devices[0]) }, "device router-1 of acme stands twice"},
		{"a foreign customer", func(a *wire.Assignment) { a.Devices[0].Customer = "initech" }, "not among the customers"},
		{"a check twice", func(a *wire.Assignment) { a.Devices[0].Checks[1].Name = "ping" }, "check ping stands twice"},
		{"a timeout as long as the interval", func(a *wire.Assignment) { a.Devices[0].Checks[0].Timeout = 10 * time.Second }, "below the interval"},
		{"a profile that is missing", func(a *wire.Assignment) { a.Profiles = nil }, "is not in the assignment"},
		{"a value that is no name", func(a *wire.Assignment) { a.Devices[0].Checks[1].Values = []string{"a b"} }, `check snmp: value "a b"`},
		{"a value twice", func(a *wire.Assignment) { a.Devices[0].Checks[1].Values = []string{"cpu", "cpu"} }, "none stands twice"},
		{"too many values", func(a *wire.Assignment) { a.Devices[0].Checks[1].Values = make([]string, 65) }, "it names 65 values, at most 64"},
		{"a line in whom SIP asks for", func(a *wire.Assignment) { a.Devices[0].Checks[2].SIP.User = "a\r\nb" }, "check sip: user"},
		{"a SIP answer that is none", func(a *wire.Assignment) { a.Devices[0].Checks[2].SIP.Accept = []string{"1xx"} }, "check sip: accept"},
		{"a unit told in two ways", func(a *wire.Assignment) { a.Devices[0].Checks[1].Unit.EngineID = "8000000001" }, "not by both"},
		{"too many interfaces", func(a *wire.Assignment) { a.Devices[0].Checks[1].Interfaces = make([]string, 65) }, "it names 65 interfaces"},
		{"an interface without a name", func(a *wire.Assignment) { a.Devices[0].Checks[1].Interfaces = []string{"alias:"} }, "is empty or longer"},
		{"a reference twice", func(a *wire.Assignment) { a.References = append(a.References, a.References[0]) }, `reference "gw" has no name or stands twice`},
		{"a secret twice", func(a *wire.Assignment) { a.Secrets[1].Name = "acme-v3" }, "none stands twice"},
		{"a secret without a name", func(a *wire.Assignment) { a.Secrets[0].Name = "" }, "secret: "},
		{"a secret of nothing", func(a *wire.Assignment) { a.Secrets[0].Sealed = nil }, "has 0 bytes sealed"},
		{"a secret that is too large", func(a *wire.Assignment) { a.Secrets[0].Sealed = make([]byte, 1<<20) }, "are allowed"},
		{"a turn below 0", func(a *wire.Assignment) { a.Devices[0].Turn = -1 }, "turn -1"},
		{"too many secrets", func(a *wire.Assignment) { a.Secrets = make([]wire.SealedSecret, 1025) }, "it holds 1025 secrets"},
	} {
		a := assignment()
		c.change(&a)
		_, _, err := wire.EncodeAssignment(a)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
	for _, body := range []string{"", "{}", "[]", `{"agent":1}`, `{"agent":"a","location":"b","sealing":"ten","heartbeat":"1s"}`, `{"agent":"a","location":"b","sealing":"-1s","heartbeat":"1s"}`} {
		if a, err := wire.DecodeAssignment([]byte(body)); err == nil {
			t.Errorf("DecodeAssignment(%s) = %+v, want an error", body, a)
		}
	}
}

func TestAssignmentRoundTrip(t *testing.T) {
	body, etag, err := wire.EncodeAssignment(assignment())
	if err != nil {
		t.Fatal(err)
	}
	if err := evidence.CheckCanonical(body); err != nil {
		t.Errorf("the assignment is not canonical: %v", err)
	}
	got, err := wire.DecodeAssignment(body)
	if err != nil || !reflect.DeepEqual(got, assignment()) {
		t.Errorf("DecodeAssignment = %+v, %v, want %+v", got, err, assignment())
	}
	_, again, err := wire.EncodeAssignment(got)
	if err != nil || again != etag || len(etag) != 34 {
		t.Errorf("ETag %s after a round trip, %v, want %s", again, err, etag)
	}
	other := assignment()
	other.Devices[0].Turn = 1
	if _, changed, err := wire.EncodeAssignment(other); err != nil || changed == etag {
		t.Errorf("ETag %s of another assignment, %v, want another than %s", changed, err, etag)
	}
	if !bytes.Contains(body, []byte(`"interval":"10s"`)) {
		t.Errorf("the assignment spells no duration as a string: %s", body)
	}
	later := bytes.Replace(body, []byte(`{"agent"`), []byte(`{"a_key_of_a_later_version":1,"agent"`), 1)
	if _, err := wire.DecodeAssignment(later); err != nil {
		t.Errorf("DecodeAssignment with an unknown key: %v", err)
	}
}

func TestAnswers(t *testing.T) {
	in := wire.HeadsAnswer{Heads: []wire.Head{{Customer: "acme", Stream: vouch.Availability, Epoch: 5, Seq: 7, Hash: evidence.Hash{1}, Through: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)}}}
	b, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var out wire.HeadsAnswer
	if err := wire.ReadJSON(bytes.NewReader(b), wire.MaxAnswer, &out); err != nil || !reflect.DeepEqual(out, in) {
		t.Errorf("ReadJSON(%s) = %+v, %v, want %+v", b, out, err, in)
	}
	if got, want := out.Heads[0].Chain(), (evidence.Chain{Epoch: 5, Seq: 7, Hash: evidence.Hash{1}, Through: in.Heads[0].Through}); got != want {
		t.Errorf("Chain = %+v, want %+v", got, want)
	}
	if err := wire.ReadJSON(bytes.NewReader(b), 10, &out); !errors.Is(err, wire.ErrTooLarge) {
		t.Errorf("ReadJSON beyond its bound: %v, want ErrTooLarge", err)
	}
	if err := wire.ReadJSON(strings.NewReader("{"), 10, &out); err == nil {
		t.Error("ReadJSON of half an object: no error")
	}
	for s, want := range map[wire.Status]bool{wire.StatusStored: true, wire.StatusDuplicate: true, wire.StatusRejected: true, wire.StatusRefused: false, "": false} {
		if got := s.Acknowledged(); got != want {
			t.Errorf("Acknowledged(%q) = %t, want %t", s, got, want)
		}
	}
}

func FuzzDecodeAssignment(f *testing.F) {
	body, _, err := wire.EncodeAssignment(assignment())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body)
	f.Fuzz(func(t *testing.T, in []byte) {
		a, err := wire.DecodeAssignment(in)
		if err != nil {
			return
		}
		out, _, err := wire.EncodeAssignment(a)
		if err != nil {
			return // a number that canonical JSON does not allow
		}
		if _, err := wire.DecodeAssignment(out); err != nil {
			t.Errorf("DecodeAssignment(%s): %v", out, err)
		}
	})
}
