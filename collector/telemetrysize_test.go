// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector"
	"github.com/vouch-sla/vouch/evidence"
)

// polled are the lines of one poll of a device: so many interfaces of twelve values, and
// ten more.
func polled(t *testing.T, agent vouch.AgentID, device string, at time.Time, interfaces int, n uint64) []byte {
	t.Helper()
	points := []vouch.Point{system(n, n)}
	for i := range 7 {
		points[0].Fields = append(points[0].Fields, vouch.Field{Name: fmt.Sprint("scalar_", i), Value: vouch.Uint(n)})
	}
	for i := range interfaces {
		p := port{fmt.Sprint("GigabitEthernet0/0/", i), 1, n, n, n, 1000, 0, 7}.point()
		p.Tags = append([]vouch.Tag{{Key: "ifAlias", Value: fmt.Sprintf("uplink of %s to floor %d", device, i)}}, p.Tags...)
		for _, name := range []string{"in_discards", "out_discards", "out_errors", "in_ucast_pkts", "out_ucast_pkts"} {
			p.Fields = append(p.Fields, vouch.Field{Name: name, Value: vouch.Uint(n)})
		}
		points = append(points, p)
	}
	s := vouch.Sample{
		Customer: "acme", Agent: agent, Location: "AMS", Device: vouch.DeviceID(device), Check: "snmp", Kind: vouch.KindSNMP, Interval: 10 * time.Second, Timeout: time.Second,
		Result: vouch.Result{Start: at, Outcome: vouch.Up, Sent: 1, Points: points},
	}
	var e evidence.Encoder
	lines, err := e.AppendSample(nil, s, vouch.Telemetry)
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// The last values of a thousand devices with ten interfaces, 130 values each, take a few
// megabytes, however often they are told.
func TestTelemetryIsSmall(t *testing.T) {
	const devices = 1000
	at := time.Date(2026, 6, 9, 12, 0, 0, 0, time.UTC)
	heap := func() int {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	empty := heap()
	tele := collector.NewTelemetry()
	agents := []vouch.AgentID{"AMS-1", "BRU-1", "RTM-1"}
	for n, agent := range agents {
		for poll := range 3 {
			for d := range devices {
				tele.Take("acme", agent, polled(t, agent, fmt.Sprint("router-", d), at.Add(time.Duration(poll)*10*time.Second), 10, uint64(1000+poll)))
			}
		}
		used := heap() - empty
		t.Logf("%d devices, 130 values, %d agents: %.1f MB, %.1f KB a device", devices, n+1, float64(used)/1e6, float64(used)/1e3/devices)
		if most := (n+1)*6e6 + 6e6; used > most {
			t.Errorf("%d agents: %d bytes, want at most %d", n+1, used, most)
		}
	}
	runtime.KeepAlive(tele)
}

// What devices tell is bounded, and what they no longer tell is forgotten.
func TestTelemetryIsBounded(t *testing.T) {
	tele := collector.NewTelemetry()
	at := time.Date(2026, 6, 9, 12, 0, 0, 0, time.UTC)
	tele.Take("acme", "AMS-1", polled(t, "AMS-1", "router", at, 2000, 1000))
	if got := tele.Points("acme", "router"); got != 1024 {
		t.Errorf("%d points of 2001 are remembered, want 1024", got)
	}
	for i := range 100 {
		agent := vouch.AgentID(fmt.Sprint("A", i))
		tele.Take("acme", agent, polled(t, agent, "router", at.Add(time.Minute), 1, 1000))
	}
	tele.Take("acme", "AMS-1", polled(t, "AMS-1", "router", at.Add(59*time.Minute), 2, 1000))
	if got := tele.Points("acme", "router"); got != 1024 {
		t.Errorf("%d points are remembered within the hour, want 1024", got)
	}
	tele.Take("acme", "AMS-1", polled(t, "AMS-1", "router", at.Add(2*time.Hour), 3, 1000))
	if got := tele.Points("acme", "router"); got != 4 {
		t.Errorf("%d points are remembered, want the four that are still told", got)
	}
}
