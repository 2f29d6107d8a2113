// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/evidence/bundle"
	"github.com/vouch-sla/vouch/internal/lab"
	"github.com/vouch-sla/vouch/internal/pythontest"
	"github.com/vouch-sla/vouch/probes/snmp"
)

// Where the router of the lab tells its serial number (ENTITY-MIB).
const serialOID = "1.3.6.1.2.1.47.1.1.1.1.11"

// stand puts a device at the address of the router of the world and returns what takes
// it away again.
func (w *world) stand(addr netip.AddrPort, walk lab.Walk) (*lab.Device, func()) {
	w.t.Helper()
	d, err := lab.Listen(addr, walk, lab.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(w.ctx)
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	return d, func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Errorf("the device ended with: %v", err)
		}
	}
}

// TestSwappedUnit is a box that is swapped without a word, found by its serial number
// and by its engine, and put back: the time between is unknown, everybody hears of it,
// and whoever checks the statement finds the same.
func TestSwappedUnit(t *testing.T) {
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	engine := func(last byte) []byte { return []byte{0x80, 0, 0, 9, 3, 0, 0, 0, last} }
	const engineOID = "1.3.6.1.6.3.10.2.1.1.0"
	for _, c := range []struct {
		name         string
		unit         vouch.Unit
		right, wrong lab.Walk
		says         string
	}{
		{"by serial", vouch.Unit{Serials: []string{"VCH0000R001"}, From: from}, lab.Router(), lab.Router().With(serialOID+".1", 4, []byte("VCH0000R999")).WithName("rtr-new"), "serial VCH0000R999"},
		{"by engine", vouch.Unit{EngineID: "800000090300000001", From: from}, lab.Router().With(engineOID, 4, engine(1)), lab.Router().With(engineOID, 4, engine(2)).WithName("rtr-new"), "engine 800000090300000002"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.every, w.terms.Interval, w.terms.Timeout = time.Second, time.Second, 900*time.Millisecond
			w.unit = c.unit
			router := snmp.Generic()
			router.Facts.Serial = []vouch.FactSource{{OID: serialOID}}
			w.profile, w.chosen = []vouch.Profile{*router}, []string{"Gi0/0/0", "alias:back-up *"}
			var leave func()
			w.device, leave = w.stand(netip.MustParseAddrPort("127.0.0.1:0"), c.right)
			at := w.device.Addr()
			t.Cleanup(func() { leave() })
			w.collect()
			w.measure()
			w.wait("the router is up", func() bool { return w.live().State == "up" })
			w.wait("the chosen interfaces are shown, and no other", func() bool { return slices.Equal(w.interfaces(), []string{"Ce0/1/0", "Gi0/0/0"}) })
			begin := time.Now().Truncate(time.Second)

			leave()
			_, leave = w.stand(at, c.wrong)
			w.wait("another unit is met", func() bool { d := w.live(); return d.State == "unknown" && d.Reason == "identity" })
			var s admin.Status
			status := func() []admin.OtherUnit {
				if err := w.client().Get(w.ctx, admin.PathStatus, nil, &s); err != nil {
					t.Fatal(err)
				}
				return s.Units
			}
			w.wait("it is told what it says", func() bool { u := status(); return len(u) == 1 && u[0].Says == c.says })
			if u := s.Units[0]; u.Customer != customer || u.Device != "rt1" || u.OnRecord != c.unit.String() {
				t.Errorf("status says %+v", u)
			}

			leave()
			_, leave = w.stand(at, c.right)
			w.wait("the right one is up again", func() bool { return w.live().State == "up" && len(status()) == 0 })
			end := time.Now()
			w.wait("the figures reach the end", func() bool { return time.Since(end) > w.terms.Lag+2*time.Second })
			w.checkUnknown(begin, end.Truncate(time.Second))
		})
	}
}

// interfaces returns the names of the interfaces that the page of the router shows.
func (w *world) interfaces() (names []string) {
	w.t.Helper()
	resp, err := http.Get(w.web + "api/v1/devices/acme/rt1")
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	var d struct {
		Interfaces []struct {
			Name string `json:"name"`
		} `json:"interfaces"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&d); err != nil {
		w.t.Fatal(err)
	}
	for _, i := range d.Interfaces {
		names = append(names, i.Name)
	}
	slices.Sort(names)
	return names
}

// checkUnknown has the real verifiers compute a statement that has unknown time in it.
func (w *world) checkUnknown(from, to time.Time) {
	w.t.Helper()
	period := admin.NewIssue{Customer: customer, From: from, To: to}
	w.wait("the statement is issued", func() bool { return w.client().Post(w.ctx, admin.PathIssued, period, nil) == nil })
	q := url.Values{"customer": {string(customer)}, "from": {from.UTC().Format(time.RFC3339)}, "to": {to.UTC().Format(time.RFC3339)}}
	var b bytes.Buffer
	if _, err := w.client().Stream(w.ctx, admin.PathBundle, q, &b); err != nil {
		w.t.Fatal(err)
	}
	r, err := bundle.Verify(bytes.NewReader(b.Bytes()), int64(b.Len()), bundle.Options{})
	if err != nil || r.Verdict != bundle.Consistent || r.Figures == nil || r.Figures.Unknown == 0 {
		w.t.Fatalf("Verify = %+v, %v, want consistent with unknown time", r, err)
	}
	said, ok := pythontest.Verify(w.t, b.Bytes())
	if !ok || strings.Contains(said, "unknown_s 0") {
		w.t.Errorf("verify.py says %s", said)
	}
	raw, err := w.client().Bytes(w.ctx, admin.PathStatement, url.Values{"customer": q["customer"], "from": q["from"], "to": q["to"], "format": {"text"}})
	if err != nil || !strings.Contains(string(raw), "another unit than recorded") {
		w.t.Errorf("the statement does not say why (%v):\n%s", err, raw)
	}
}
