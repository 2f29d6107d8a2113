// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp_test

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/internal/lab"
	"github.com/vouch-sla/vouch/probes"
)

// run starts a device that ends with the test.
func run(t testing.TB, w lab.Walk, opts lab.Options) *lab.Device {
	t.Helper()
	d, err := lab.Listen(netip.MustParseAddrPort("127.0.0.1:0"), w, opts)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run() = %v, want nil", err)
		}
	})
	return d
}

// target asks the device with the community "public" and a timeout that a test on a
// busy machine does not run into.
func target(d *lab.Device, version string) probes.Target {
	return probes.Target{
		Check: vouch.Check{
			Kind: vouch.KindSNMP, Addr: d.Addr().Addr(), Port: d.Addr().Port(),
			Timeout: 10 * time.Second, Version: version,
		},
		Credential: probes.Credential{Community: "public"},
	}
}

// rows returns the points of the measurement.
func rows(r vouch.Result, measurement string) []vouch.Point {
	var out []vouch.Point
	for _, p := range r.Points {
		if p.Measurement == measurement {
			out = append(out, p)
		}
	}
	return out
}

// field returns the field of the first point of the measurement.
func field(r vouch.Result, measurement, name string) (vouch.Value, bool) {
	for _, p := range rows(r, measurement)[:min(1, len(rows(r, measurement)))] {
		for _, f := range p.Fields {
			if f.Name == name {
				return f.Value, true
			}
		}
	}
	return vouch.Value{}, false
}

func text(r vouch.Result, measurement, name string) string {
	v, _ := field(r, measurement, name)
	return v.Text()
}

// tagged returns the value of a tag of the point.
func tagged(p vouch.Point, key string) string {
	for _, t := range p.Tags {
		if t.Key == key {
			return t.Value
		}
	}
	return ""
}
