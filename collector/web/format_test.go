// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch/collector/web"
)

func TestDurations(t *testing.T) {
	for _, c := range []struct {
		in            time.Duration
		spoken, exact string
	}{
		{-90 * time.Second, "-1 min 30 s", "-0:01:30"},
		{0, "0 s", "0:00:00"},
		{999 * time.Millisecond, "0 s", "0:00:00"},
		{59 * time.Second, "59 s", "0:00:59"},
		{42*time.Minute + 6*time.Second, "42 min 06 s", "0:42:06"},
		{14*time.Hour + 5*time.Minute, "14 h 05 min", "14:05:00"},
		{23*time.Hour + 59*time.Minute + 59*time.Second, "23 h 59 min", "23:59:59"},
		{68 * time.Hour, "2 d 20 h", "68:00:00"},
	} {
		if got := strings.ReplaceAll(web.Spoken(c.in), "\u00a0", " "); got != c.spoken {
			t.Errorf("spoken(%v) = %q, want %q", c.in, got, c.spoken)
		}
		if got := web.Exact(c.in); got != c.exact {
			t.Errorf("exact(%v) = %q, want %q", c.in, got, c.exact)
		}
	}
}

// TestInstants: as much of the date as tells an instant from today, and its own zone.
func TestInstants(t *testing.T) {
	loc := brussels(t)
	now := time.Date(2026, 10, 26, 10, 0, 0, 0, loc)
	for _, c := range []struct {
		at   time.Time
		want string
	}{
		{time.Date(2026, 10, 26, 0, 0, 0, 0, loc), "00:00:00 CET"},
		{time.Date(2026, 10, 25, 1, 30, 0, 0, time.UTC), "Sun 02:30:00 CET"}, // the second 02:30 of that night
		{time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC), "Sun 02:30:00 CEST"},
		{time.Date(2026, 10, 20, 23, 0, 0, 0, loc), "Tue 23:00:00 CEST"},
		{time.Date(2026, 10, 19, 10, 0, 0, 0, loc), "19 October 10:00:00 CEST"},
		{time.Date(2025, 12, 31, 10, 0, 0, 0, loc), "31 Dec 2025 10:00:00 CET"},
	} {
		if got := strings.ReplaceAll(web.At(now, c.at), "\u00a0", " "); got != c.want {
			t.Errorf("at(%v) = %q, want %q", c.at, got, c.want)
		}
	}
	if got := web.ZoneWords(now.In(time.FixedZone("", -(3*3600 + 1800)))); got != "UTC-3:30" {
		t.Errorf("zoneWords(-03:30) = %q, want UTC-3:30", got)
	}
}

// TestTicks: ticks stand at round local times on the days of the clock change, too.
func TestTicks(t *testing.T) {
	loc := brussels(t)
	for _, day := range []time.Time{
		time.Date(2026, 3, 29, 0, 0, 0, 0, loc), // 23 hours
		time.Date(2026, 6, 9, 0, 0, 0, 0, loc),
		time.Date(2026, 10, 25, 0, 0, 0, 0, loc), // 25 hours
	} {
		var got []string
		for _, at := range web.RoundTimes(day, day.AddDate(0, 0, 1), 4*time.Hour) {
			got = append(got, at.Format("15:04"))
		}
		if want := "00:00 04:00 08:00 12:00 16:00 20:00"; strings.Join(got, " ") != want {
			t.Errorf("roundTimes(%s, 4h) = %v, want %s", day.Format("2 Jan"), got, want)
		}
	}
	for d, want := range map[time.Duration]time.Duration{90 * time.Second: 30 * time.Second, 10 * time.Minute: 2 * time.Minute, 6 * time.Hour: time.Hour, 24 * time.Hour: 4 * time.Hour, 7 * 24 * time.Hour: 24 * time.Hour, 365 * 24 * time.Hour: 7 * 24 * time.Hour} {
		if got := web.TickStep(d); got != want {
			t.Errorf("tickStep(%v) = %v, want %v", d, got, want)
		}
	}
	if got := web.RoundTimes(time.Unix(0, 0).UTC(), time.Unix(1e9, 0).UTC(), time.Hour); len(got) > 64 {
		t.Errorf("roundTimes over 30 years has %d ticks, want at most 64", len(got))
	}
}

// FuzzQuery sends any query to every page: it is answered, and a mistake is the
// visitor's, never ours.
func FuzzQuery(f *testing.F) {
	h := handler(f, nil)
	for _, p := range everyPage() {
		u, err := url.Parse(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(u.RawQuery)
	}
	f.Add("month=0000-00&span=%ff&page=-1&q=%00&from=2026-11-01T00:00:00 01:00&to=9999-12-31T23:59:59Z")
	f.Fuzz(func(t *testing.T, query string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			values = url.Values{"q": {query}}
		}
		for _, path := range []string{"/", "/device/noordhaven/nhv-mdk-fw1", "/incidents", "/statement/noordhaven"} {
			target := path + "?" + values.Encode()
			if w := get(h, "noc", target); w.Code != 200 && w.Code != 400 {
				t.Errorf("GET %s = %d, want 200 or 400", target, w.Code)
			}
		}
	})
}
