// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/contract"
)

// planned is a calendar with a work each day, from an instant on, of an hour.
func planned(from time.Time, times int, more string) string {
	return strings.ReplaceAll(fmt.Sprintf("BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:daily\nSUMMARY:new firmware\\, all units\nDTSTART:%s\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=%d\nEND:VEVENT\n%sEND:VCALENDAR\n",
		from.UTC().Format("20060102T150405Z"), times, more), "\n", "\r\n")
}

// A calendar is first only compared; applied, its events are announcements like any
// other; imported again nothing is announced twice.
func TestCalendar(t *testing.T) {
	c := newCentreOf(t, func(c *centre) {
		c.terms.Exclusions = []contract.ExclusionRule{{Kind: contract.Maintenance, Announced: contract.NoticeBefore, Ahead: contract.TimeLimit{N: 2, Unit: contract.Days}, Short: contract.Refuse}}
	})
	first := ago(-36 * time.Hour) // less than two days ahead; the next three are more
	put := func(data string, apply bool) []admin.CalendarLine {
		t.Helper()
		var out []admin.CalendarLine
		err := c.client().Post(t.Context(), admin.PathCalendar, admin.NewCalendar{Customer: "acme", Device: "rt1", Data: data, Apply: apply}, &out)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	works := func() []admin.Maintenance {
		t.Helper()
		var out []admin.Maintenance
		if err := c.client().Get(t.Context(), admin.PathMaintenance, nil, &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	actions := func(lines []admin.CalendarLine) (out []string) {
		for _, l := range lines {
			out = append(out, l.Action)
		}
		return out
	}
	dry := put(planned(first, 4, ""), false)
	if a := actions(dry); !slices.Equal(a, []string{"new", "new", "new", "new"}) || dry[0].Reason != "new firmware, all units" || len(works()) != 0 {
		t.Fatalf("a dry run = %+v and %d works, want four that are new and none announced", dry, len(works()))
	}
	if len(dry[0].Warnings) != 1 || !strings.Contains(dry[0].Warnings[0], "does not count") || len(dry[1].Warnings) != 0 {
		t.Errorf("warnings = %q, %q: the first has too short a notice, the second has not", dry[0].Warnings, dry[1].Warnings)
	}
	done := put(planned(first, 4, ""), true)
	if len(works()) != 4 || !done[3].Done || done[3].ID == "" || !slices.Equal(done[0].Warnings, dry[0].Warnings) || len(done[1].Warnings) != 0 {
		t.Errorf("applied = %+v, want what the dry run said, done", done)
	}
	// Once more, with three of them: nothing twice, and the fourth is left.
	if a := actions(put(planned(first, 3, ""), true)); !slices.Equal(a, []string{"announced already", "announced already", "announced already", "not in the file"}) || len(works()) != 4 {
		t.Errorf("imported again = %q, %d works", a, len(works()))
	}
	off := "BEGIN:VEVENT\nUID:daily\nSUMMARY:x\nRECURRENCE-ID:" + first.Add(24*time.Hour).UTC().Format("20060102T150405Z") + "\nDTSTART:" + first.Add(24*time.Hour).UTC().Format("20060102T150405Z") + "\nDURATION:PT1H\nSTATUS:CANCELLED\nEND:VEVENT\n"
	if a := actions(put(planned(first, 4, off), true)); !slices.Equal(a, []string{"announced already", "cancel", "announced already", "announced already"}) {
		t.Errorf("with one called off = %q", a)
	}
	cancelled := 0
	for _, w := range works() {
		if !w.CancelledAt.IsZero() {
			cancelled++
		}
	}
	if cancelled != 1 {
		t.Errorf("%d works are cancelled, want one", cancelled)
	}

	out, err := c.client().Bytes(t.Context(), admin.PathCalendar, url.Values{"customer": {"acme"}})
	if err != nil || strings.Count(string(out), "BEGIN:VEVENT") != 4 || strings.Count(string(out), "STATUS:CANCELLED") != 1 {
		t.Errorf("exported = %s, %v, want four events, one called off", out, err)
	}
	if other, err := c.client().Bytes(t.Context(), admin.PathCalendar, url.Values{"customer": {"other"}}); err != nil || strings.Contains(string(other), "VEVENT") {
		t.Errorf("exported of another customer = %s, %v", other, err)
	}
	// What was exported of one is what another imports.
	if a := actions(put(string(out), false)); !slices.Equal(a, []string{"announced already", "called off", "announced already", "announced already"}) {
		t.Errorf("the export imported = %q", a)
	}

	bad := func(what string, in admin.NewCalendar, want string) {
		t.Helper()
		refused(t, what, c.client().Post(t.Context(), admin.PathCalendar, in, new([]admin.CalendarLine)), want)
	}
	bad("no calendar", admin.NewCalendar{Customer: "acme", Data: "hello"}, "no property")
	bad("an unknown scope", admin.NewCalendar{Customer: "acme", Device: "nobody", Data: planned(first, 1, "")}, "has no device there")
	bad("too far ahead", admin.NewCalendar{Customer: "acme", Data: planned(first, 1, ""), Until: ago(-500 * 24 * time.Hour)}, "at most 400 days")
	bad("no title", admin.NewCalendar{Customer: "acme", Data: strings.ReplaceAll(planned(first, 1, ""), "SUMMARY:new firmware\\, all units", "SUMMARY:")}, "has no title")
}
