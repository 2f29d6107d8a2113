// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"strings"
	"testing"
	"time"
)

// rects draws one clock and returns "class from-to" in percent, off hours left aside.
func rects(k Clock, now string, service ...string) (string, clockLine) {
	at := func(s string) time.Time {
		t, err := time.Parse("2006-01-02 15:04", "2026-06-"+s)
		if err != nil {
			panic(err)
		}
		return t
	}
	var spans []Span
	for _, s := range service {
		from, to, _ := strings.Cut(s, "/")
		spans = append(spans, Span{at(from), at(to)})
	}
	c := clock{at(now), time.UTC}
	lines := []clockLine{k.line(c)}
	drawClocks(c, lines, spans)
	var out []string
	for _, r := range lines[0].Rects {
		if !r.Off {
			out = append(out, strings.TrimPrefix(r.Class, "c-")+" "+r.X+"+"+r.W)
		}
	}
	return strings.Join(out, ", "), lines[0]
}

func june(day, hour, minute int) time.Time {
	return time.Date(2026, 6, day, hour, minute, 0, 0, time.UTC)
}

// TestClockPicture draws a clock of 8 h over a night, the drawing 2 % longer than the
// clock: what is used is ink up to now, what is left an outline up to the deadline, and
// the night a sliver of 3 %.
func TestClockPicture(t *testing.T) {
	due := june(9, 12, 0)
	k := Clock{Kind: "resolution", Started: june(8, 16, 0), Deadline: &due, Running: true, Target: Seconds(8 * time.Hour), Used: Seconds(4 * time.Hour), Left: Seconds(4 * time.Hour)}
	got, l := rects(k, "09 08:00", "08 08:00/08 18:00", "09 06:00/09 18:00")
	// 8 h and 24 min of service time on 97 %: 11.55 % an hour.
	if want := "ink 0+23.1, ink 26.1+23.1, left 49.19+46.19"; got != want {
		t.Errorf("picture = %s, want %s", got, want)
	}
	if l.Dead != "95.38" || l.Now != "49.19" || l.State != "50\u00a0% used" || l.Class != "" || l.After != "left to resolve" {
		t.Errorf("line = %+v", l)
	}
	k.Pauses = []Span{{june(9, 6, 0), june(9, 7, 0)}}
	if got, _ := rects(k, "09 08:00", "08 08:00/08 18:00", "09 06:00/09 18:00"); got != "ink 0+23.1, ink 37.64+11.55, left 49.19+46.19, susp 26.1+11.55" {
		t.Errorf("with a suspension = %s", got)
	}
	k.Pauses, k.Exceeded, k.Left, k.Used = nil, Seconds(time.Hour), 0, Seconds(9*time.Hour)
	got, l = rects(k, "09 13:00", "08 08:00/08 18:00", "09 06:00/09 18:00")
	if !strings.Contains(got, "down ") || strings.Contains(got, "left") || l.Class != "late" || l.After != "too late to resolve" {
		t.Errorf("overrun = %s, %s %s", got, l.Class, l.After)
	}
	k.Deadline, k.Exceeded, k.Suspended, k.Left = nil, 0, true, Seconds(time.Hour)
	if _, l := rects(k, "09 13:00"); l.Dead != "" || l.Due != "none while suspended" {
		t.Errorf("without a deadline = %q, %q", l.Dead, l.Due)
	}
}
