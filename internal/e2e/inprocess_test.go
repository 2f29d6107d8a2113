// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"net/netip"
	"net/url"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/incident"
	"github.com/vouch-sla/vouch/internal/lab"
)

// TestOutage is the main job in one process: a device that goes silent for everybody
// opens an incident, which closes when it answers again; one that goes silent for one
// location opens none; and the statement's seconds are those of the outage.
func TestOutage(t *testing.T) {
	w := newWorld(t)
	w.collect()
	w.measure()
	w.wait("the router is up for everybody", func() bool {
		d := w.live()
		up := 0
		for _, s := range d.Seen {
			if s.State == "up" {
				up++
			}
		}
		return d.State == "up" && up == len(sites)
	})
	from := time.Now()

	w.device.Set(lab.Behaviour{Ignore: []netip.Addr{w.sources["AMS-1"]}})
	w.wait("AMS alone sees it down", func() bool {
		return w.live().Seen[0].State == "down"
	})
	if d := w.live(); d.State != "up" {
		t.Errorf("verdict with one location of three down = %s, want up", d.State)
	}

	silenced := time.Now()
	w.device.Set(lab.Behaviour{Silent: true})
	w.wait("an incident opens", func() bool {
		list := w.incidents()
		return len(list) == 1 && list[0].Status == incident.Open
	})
	t.Logf("incident opened %v after the device went silent", time.Since(silenced).Round(time.Millisecond))
	w.wait("the batches confirm it", func() bool { return !w.incidents()[0].Pending })
	answered := time.Now()
	w.device.Set(lab.Behaviour{})
	w.wait("it closes", func() bool { return w.incidents()[0].Status == incident.Closed })

	i := w.incidents()[0]
	if len(i.Devices) != 1 || i.Devices[0] != "rt1" || len(w.incidents()) != 1 {
		t.Errorf("incidents = %+v, want one of rt1", w.incidents())
	}
	// An edge is known to within an interval and a timeout, and is told in whole seconds.
	tolerance := 2 * time.Second
	near(t, "beginning of the incident", i.From, silenced, tolerance)
	near(t, "end of the incident", *i.To, answered, tolerance)
	w.checkStatement(from, answered.Sub(silenced), tolerance)
}

func near(t *testing.T, what string, got, want time.Time, within time.Duration) {
	t.Helper()
	if d := got.Sub(want); d < -within || d > within {
		t.Errorf("%s = %v, want within %v of %v", what, got.UTC(), within, want.UTC())
	}
}

// checkStatement compares the statement from an instant until now with what was done.
func (w *world) checkStatement(from time.Time, down, within time.Duration) {
	w.t.Helper()
	end := time.Now()
	var s struct {
		Agreed  int64  `json:"agreed_s"`
		Up      int64  `json:"up_s"`
		Down    int64  `json:"down_s"`
		Unknown int64  `json:"unknown_s"`
		Pct     string `json:"availability_pct"`
		Devices []struct {
			ID   vouch.DeviceID `json:"id"`
			Down int64          `json:"down_s"`
		} `json:"devices"`
	}
	w.wait("the figures reach the end", func() bool { return time.Since(end) > w.terms.Lag+time.Second })
	q := url.Values{"customer": {string(customer)}, "from": {from.Format(time.RFC3339)}, "to": {end.Format(time.RFC3339)}, "format": {"json"}}
	raw, err := w.client().Bytes(w.ctx, admin.PathStatement, q)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		w.t.Fatalf("statement is not JSON: %v\n%s", err, raw)
	}
	if s.Agreed != s.Up+s.Down+s.Unknown || s.Agreed == 0 {
		w.t.Errorf("agreed %d = up %d + down %d + unknown %d does not hold", s.Agreed, s.Up, s.Down, s.Unknown)
	}
	if got := time.Duration(s.Down) * time.Second; got < down-within || got > down+within {
		w.t.Errorf("down = %v, want within %v of %v\n%s", got, within, down, raw)
	}
	if len(s.Devices) != 1 || s.Devices[0].ID != "rt1" || s.Devices[0].Down != s.Down {
		w.t.Errorf("devices of the statement = %+v, want rt1 with %d s down", s.Devices, s.Down)
	}
}
