// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs_test

import (
	"encoding/json"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/vouch-sla/vouch/configs"
	"github.com/vouch-sla/vouch/contract"
)

// TestZoneHoldsEveryChange compares the zone that is written into a contract record
// with the one that it was made of, through the bytes.
func TestZoneHoldsEveryChange(t *testing.T) {
	for _, name := range []string{
		"UTC", "Europe/Brussels", "Europe/Amsterdam", "Europe/Dublin", "Australia/Sydney", "Australia/Lord_Howe",
		"America/New_York", "America/Sao_Paulo", "Asia/Kathmandu", "Africa/Casablanca", "Pacific/Apia", "Antarctica/Troll",
	} {
		z, err := configs.Zone(name)
		if err != nil {
			t.Errorf("Zone(%s): %v", name, err)
			continue
		}
		b, err := json.Marshal(z)
		if err != nil {
			t.Errorf("Zone(%s): encode: %v", name, err)
			continue
		}
		var again contract.Zone
		if err := json.Unmarshal(b, &again); err != nil {
			t.Errorf("Zone(%s): decode: %v", name, err)
			continue
		}
		if len(b) > 8000 {
			t.Errorf("Zone(%s) has %d bytes, want at most 8000", name, len(b))
		}
		want, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		sameClock(t, name, want, again.Location())
	}
}

// sameClock compares two locations every three hours from 2000 to 2100.
func sameClock(t *testing.T, name string, want, got *time.Location) {
	t.Helper()
	end := time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	for at := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC); at.Before(end); at = at.Add(3 * time.Hour) {
		wantName, wantOffset := at.In(want).Zone()
		gotName, gotOffset := at.In(got).Zone()
		if wantName != gotName || wantOffset != gotOffset || at.In(want).IsDST() != at.In(got).IsDST() {
			t.Errorf("%s at %v: %s %d, want %s %d", name, at, gotName, gotOffset, wantName, wantOffset)
			return
		}
		if _, change := at.In(got).ZoneBounds(); !change.IsZero() && !change.After(at) {
			t.Errorf("%s at %v: ZoneBounds ends at %v, want a later instant", name, at, change)
			return
		}
	}
}

func TestZoneRefuses(t *testing.T) {
	for _, name := range []string{"", "Local", "/etc/localtime", "../UTC", "Europe/Brussel", "CEST+1"} {
		if z, err := configs.Zone(name); err == nil {
			t.Errorf("Zone(%q) = %v, want an error", name, z.Name())
		}
	}
}
