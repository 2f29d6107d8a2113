// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// aCase has a bit of everything: a holiday, time outside the window, an outage, an
// unknown, one maintenance in time and one too late, a customer's agent without a vote.
const aCase = `{
  "id": "E1", "title": "A day and a holiday", "timezone": "Europe/Brussels",
  "period": ["2026-07-20T00:00:00+02:00", "2026-07-22T00:00:00+02:00"],
  "service_window": {"days": ["Mon", "Tue", "Wed", "Thu", "Fri"], "from": "08:00", "to": "18:00"},
  "holidays": ["2026-07-21"], "quorum": 2, "incident": {"confirm_s": 120, "clear_s": 300},
  "agents": [
    {"id": "a", "location": "ams", "custody": "provider", "default": "up", "intervals": [
      {"from": "2026-07-20T09:00:00+02:00", "to": "2026-07-20T09:30:00+02:00", "state": "down"},
      {"from": "2026-07-20T16:00:00+02:00", "to": "2026-07-20T16:10:00+02:00", "state": "unknown"}]},
    {"id": "b", "location": "bru", "custody": "neutral", "default": "up", "intervals": [
      {"from": "2026-07-20T09:00:00+02:00", "to": "2026-07-20T09:40:00+02:00", "state": "down"},
      {"from": "2026-07-20T12:00:00+02:00", "to": "2026-07-20T12:30:00+02:00", "state": "down"}]},
    {"id": "c", "location": "site", "custody": "customer", "default": "up"}],
  "maintenance": [
    {"id": "M1", "from": "2026-07-20T12:00:00+02:00", "to": "2026-07-20T12:30:00+02:00", "announced_at": "2026-07-06T09:00:00+02:00"},
    {"id": "M2", "from": "2026-07-20T09:00:00+02:00", "to": "2026-07-20T09:15:00+02:00", "announced_at": "2026-07-20T09:05:00+02:00"},
    {"id": "M3", "from": "2026-07-20T22:00:00+02:00", "to": "2026-07-20T23:00:00+02:00", "announced_at": "2026-07-06T09:00:00+02:00"},
    {"id": "M4", "from": "2026-08-20T22:00:00+02:00", "to": "2026-08-20T23:00:00+02:00", "announced_at": "2026-07-06T09:00:00+02:00"}],
  "outside_control": [
    {"id": "X1", "from": "2026-07-20T09:30:00+02:00", "to": "2026-07-20T09:40:00+02:00", "cause": "power failure", "recorded_at": "2026-07-21T09:00:00+02:00", "accepted": false}]
}`

func caseFile(t *testing.T, body string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "case.json")
	if err := os.WriteFile(name, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestAvailabilityExplained(t *testing.T) {
	out, errs, code := run(newAvailabilityCmd(), "--explain", caseFile(t, aCase))
	if code != 0 {
		t.Fatalf("availability --explain = %q, %d", errs, code)
	}
	golden(t, "availability.txt", out)
	for i, line := range strings.Split(out, "\n") {
		if n := len([]rune(line)); n > 100 {
			t.Errorf("line %d has %d characters, want at most 100: %s", i+1, n, line)
		}
	}
}

// TestAvailabilityExplainedAddsUp adds the segments up by hand.
func TestAvailabilityExplainedAddsUp(t *testing.T) {
	out, errs, code := run(newAvailabilityCmd(), "--json", "--explain", caseFile(t, "["+aCase+"]"))
	var got []struct {
		Agreed   int64 `json:"agreed_s"`
		Excluded int64 `json:"excluded_s"`
		Up       int64 `json:"up_s"`
		Down     int64 `json:"down_s"`
		Unknown  int64 `json:"unknown_s"`
		Segments []struct {
			From, To, Class string
			Seconds         int64
		}
		Exclusions []struct {
			ID     string
			Counts bool
			Why    string
		}
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != 0 || len(got) != 1 {
		t.Fatalf("availability --json --explain = %q, %q, %d, %v", out, errs, code, err)
	}
	e := got[0]
	sums, at := map[string]int64{}, "2026-07-20T00:00:00+02:00"
	for _, s := range e.Segments {
		if s.From != at {
			t.Errorf("a segment begins at %s, want %s: they tile the period", s.From, at)
		}
		at = s.To
		sums[s.Class] += s.Seconds
	}
	if at != "2026-07-22T00:00:00+02:00" {
		t.Errorf("the segments end at %s, want the end of the period", at)
	}
	if sums["up"] != e.Up || sums["down"] != e.Down || sums["unknown"] != e.Unknown || sums["excluded"] != e.Excluded ||
		sums["outside window"] != 2*86400-e.Agreed {
		t.Errorf("sums of the segments = %v, want the totals %+v", sums, e)
	}
	if e.Down != 2400 || e.Unknown != 600 || e.Excluded != 1800 {
		t.Errorf("down, unknown, excluded = %d, %d, %d, want 2400, 600, 1800", e.Down, e.Unknown, e.Excluded)
	}
	for _, x := range e.Exclusions {
		want := map[string]string{"M1": "announced 2026-07-06", "M2": "announced after it began;", "M3": "it touches no service time;", "M4": "it lies outside the period;", "X1": "not accepted;"}[x.ID]
		if x.Counts != (x.ID == "M1") || !strings.HasPrefix(x.Why, want) {
			t.Errorf("exclusion %s counts = %v, why = %q, want only M1 to count and why = %q", x.ID, x.Counts, x.Why, want)
		}
	}
}

// TestAvailabilityJSONIsTheAnswerAlone keeps --json without --explain as it is.
func TestAvailabilityJSONIsTheAnswerAlone(t *testing.T) {
	out, _, code := run(newAvailabilityCmd(), "--json", caseFile(t, aCase))
	if code != 0 || strings.Contains(out, "segments") || !strings.Contains(out, `"coverage_pct"`) {
		t.Errorf("availability --json = %s, %d, want the answer's fields alone", out, code)
	}
}

func TestAvailabilityRefuses(t *testing.T) {
	for _, body := range []string{"", "{", strings.Replace(aCase, `"quorum": 2`, `"quorum": 0`, 1), strings.Replace(aCase, `"holidays"`, `"holiday"`, 1)} {
		if out, errs, code := run(newAvailabilityCmd(), "--explain", caseFile(t, body)); out != "" || !strings.Contains(errs, "case.json: ") || code != 2 {
			t.Errorf("availability of a malformed case = %q, %q, %d, want the file, the field, the reason and 2", out, errs, code)
		}
	}
	if _, errs, code := run(newClockCmd(), "--explain", "-"); code == 0 || errs == "" {
		t.Errorf("clock --explain = %q, %d, want a refusal", errs, code)
	}
}
