// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/web"
	"github.com/vouch-sla/vouch/configs"
)

// TestRestartAndRates is a router whose counters move: its page has their rates, and once it
// restarts, it says when that was and which poll saw it.
func TestRestartAndRates(t *testing.T) {
	w := newWorld(t)
	generic, err := configs.FindProfile(configs.Profiles(), "generic")
	if err != nil {
		t.Fatal(err)
	}
	w.profile = []vouch.Profile{generic.Profile}
	w.collect()
	w.measure()
	var page struct {
		Interfaces []web.Interface `json:"interfaces"`
		Facts      web.Facts       `json:"facts"`
	}
	// wan returns the busiest interface.
	read := func() (wan web.Interface) {
		t.Helper()
		req, err := http.NewRequestWithContext(w.ctx, http.MethodGet, w.web+"/api/v1/devices/acme/rt1", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		page.Interfaces, page.Facts = nil, web.Facts{}
		if err := json.NewDecoder(resp.Body).Decode(&page); err != nil {
			t.Fatal(err)
		}
		for _, i := range page.Interfaces {
			if i.In != nil && (wan.In == nil || *i.In > *wan.In) {
				wan = i
			}
		}
		return wan
	}
	var wan web.Interface
	w.wait("an interface has rates", func() bool { wan = read(); return wan.In != nil && *wan.In > 0 && wan.ErrorRate != nil })
	if wan.State != "up" || wan.Judged != web.JudgedOK || *wan.In > wan.Speed*11/10 {
		t.Errorf("interface = %+v, want it up, and no faster than it is", wan)
	}
	if r := page.Facts.Restarts; len(r) != 1 || r[0].Seen != nil || page.Facts.Uptime == nil {
		t.Errorf("restarts = %+v, want what the uptime tells", r)
	}

	restarted := time.Now()
	w.device.Reboot()
	w.wait("the restart shows", func() bool { read(); r := page.Facts.Restarts; return len(r) > 0 && r[0].Seen != nil })
	r := page.Facts.Restarts[0]
	if r.What != web.RestartOfDevice || len(page.Facts.Restarts) != 1 {
		t.Errorf("restarts = %+v, want one of the device", page.Facts.Restarts)
	}
	near(t, "restart", r.At, restarted, 5*time.Second)
	w.wait("there are rates again", func() bool { wan = read(); return wan.In != nil })
	// Three agents saw it, and it was one.
	if again := page.Facts.Restarts; len(again) != 1 || again[0].At.Sub(r.At).Abs() > 5*time.Second {
		t.Errorf("restarts = %+v, want the one of %v", again, r.At)
	}
}
