// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package statement_test

import (
	"testing"
	"time"

	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/statement"
)

// TestOffsets compares what a statement makes of its offsets with the zone itself, every
// three quarters of an hour of two years and every hour of the clock on the wall.
func TestOffsets(t *testing.T) {
	for _, name := range []string{"Europe/Brussels", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kathmandu", "America/St_Johns", "UTC"} {
		loc, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		z := contract.ZoneOf(loc)
		year := z.Year(2026)
		for s := year.From - 366*86400; s < year.To; s += 2700 {
			got, want := statement.Local(z, year, s), s.Time().In(loc)
			if layout := "2006-01-02 15:04:05 -0700"; got.Format(layout) != want.Format(layout) {
				t.Fatalf("%s: %d is %s, want %s", name, s, got, want)
			}
			if a, _ := got.Zone(); a != "" && a != want.Format("MST") {
				t.Fatalf("%s: at %s the offset is called %s, want %s", name, want, a, want.Format("MST"))
			}
		}
		for h := range 365 * 24 {
			got := statement.InstantOf(z, year, 2026, 1, 1, h)
			want := time.Date(2026, 1, 1, h, 0, 0, 0, loc)
			shown := statement.Local(z, year, got)
			switch noon := time.Date(2026, 1, 1, h, 0, 0, 0, time.UTC); {
			case shown.Format(time.DateTime) == noon.Format(time.DateTime):
				if got > contract.Floor(want) {
					t.Fatalf("%s: %s is %s, but was shown before, at %s", name, noon.Format(time.DateTime), got.Time(), want)
				}
			case want.Format(time.DateTime) == noon.Format(time.DateTime):
				t.Fatalf("%s: %s is said to be %s, want %s", name, noon.Format(time.DateTime), shown, want)
			case shown.Format(time.DateTime) < noon.Format(time.DateTime) || shown.Sub(want).Abs() > time.Hour:
				t.Fatalf("%s: %s was skipped, and became %s", name, noon.Format(time.DateTime), shown)
			}
		}
	}
}
