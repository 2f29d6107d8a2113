// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package ical_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/vouch-sla/vouch/internal/ical"
)

func brussels(t testing.TB) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation("Europe/Brussels")
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func at(t testing.TB, s string) time.Time {
	t.Helper()
	x, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// calendar is one with events of these lines.
func calendar(events ...string) string {
	var b strings.Builder
	b.WriteString("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\n")
	for _, e := range events {
		b.WriteString("BEGIN:VEVENT\r\n" + strings.ReplaceAll(strings.TrimSpace(e), "\n", "\r\n") + "\r\nEND:VEVENT\r\n")
	}
	return b.String() + "END:VCALENDAR\r\n"
}

// read reads what lies in 2026 and 2027.
func read(t testing.TB, data string) []ical.Occurrence {
	t.Helper()
	out, err := ical.Read([]byte(data), brussels(t), at(t, "2026-01-01T00:00:00Z"), at(t, "2028-01-01T00:00:00Z"))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func utc(list []ical.Occurrence) []string {
	var out []string
	for _, o := range list {
		out = append(out, o.From.UTC().Format("2006-01-02T15:04Z")+"/"+o.To.Sub(o.From).String())
	}
	return out
}

// Worked by hand. Brussels sets its clocks at 01:00 UTC on 29 March and 25 October 2026.
func TestRules(t *testing.T) {
	for name, c := range map[string]struct {
		event string
		want  []string
	}{
		"once, in UTC":           {"DTSTART:20261130T210000Z\nDTEND:20261130T220000Z", []string{"2026-11-30T21:00Z/1h0m0s"}},
		"floating: the contract": {"DTSTART:20260701T220000\nDURATION:PT90M", []string{"2026-07-01T20:00Z/1h30m0s"}},
		"a zone":                 {"DTSTART;TZID=America/New_York:20260701T220000\nDURATION:PT1H", []string{"2026-07-02T02:00Z/1h0m0s"}},
		"Outlook's zone":         {`DTSTART;TZID="Romance Standard Time":20260701T220000` + "\nDURATION:PT1H", []string{"2026-07-01T20:00Z/1h0m0s"}},
		"weekly across the change: the clock on the wall stays": {"DTSTART;TZID=Europe/Brussels:20260322T220000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;COUNT=3",
			[]string{"2026-03-22T21:00Z/1h0m0s", "2026-03-29T20:00Z/1h0m0s", "2026-04-05T20:00Z/1h0m0s"}},
		"in UTC it does not": {"DTSTART:20260322T210000Z\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;COUNT=2",
			[]string{"2026-03-22T21:00Z/1h0m0s", "2026-03-29T21:00Z/1h0m0s"}},
		"a time that is skipped is none, and not counted": {"DTSTART;TZID=Europe/Brussels:20260328T023000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=3",
			[]string{"2026-03-28T01:30Z/1h0m0s", "2026-03-30T00:30Z/1h0m0s", "2026-03-31T00:30Z/1h0m0s"}},
		"a skipped time by itself: the offset of before": {"DTSTART;TZID=Europe/Brussels:20260329T023000\nDURATION:PT1H", []string{"2026-03-29T01:30Z/1h0m0s"}},
		"a time shown twice is the first":                {"DTSTART;TZID=Europe/Brussels:20261025T023000\nDURATION:PT1H", []string{"2026-10-25T00:30Z/1h0m0s"}},
		"a day's length by the calendar":                 {"DTSTART;TZID=Europe/Brussels:20261024T120000\nDURATION:P1D", []string{"2026-10-24T10:00Z/25h0m0s"}},
		"the last Tuesday of each month": {"DTSTART:20260127T200000Z\nDURATION:PT1H\nRRULE:FREQ=MONTHLY;BYDAY=-1TU;COUNT=4",
			[]string{"2026-01-27T20:00Z/1h0m0s", "2026-02-24T20:00Z/1h0m0s", "2026-03-31T20:00Z/1h0m0s", "2026-04-28T20:00Z/1h0m0s"}},
		"the first Sunday of a quarter's month": {"DTSTART:20260104T200000Z\nDURATION:PT1H\nRRULE:FREQ=MONTHLY;INTERVAL=3;BYDAY=1SU;COUNT=3",
			[]string{"2026-01-04T20:00Z/1h0m0s", "2026-04-05T20:00Z/1h0m0s", "2026-07-05T20:00Z/1h0m0s"}},
		"the 31st where there is one": {"DTSTART:20260131T200000Z\nDURATION:PT1H\nRRULE:FREQ=MONTHLY;UNTIL=20260601T000000Z",
			[]string{"2026-01-31T20:00Z/1h0m0s", "2026-03-31T20:00Z/1h0m0s", "2026-05-31T20:00Z/1h0m0s"}},
		"the last day of February and March": {"DTSTART:20260228T200000Z\nDURATION:PT1H\nRRULE:FREQ=MONTHLY;BYMONTHDAY=-1;BYMONTH=2,3;COUNT=3",
			[]string{"2026-02-28T20:00Z/1h0m0s", "2026-03-31T20:00Z/1h0m0s", "2027-02-28T20:00Z/1h0m0s"}},
		"every second week, Monday and Thursday": {"DTSTART:20260105T200000Z\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH;COUNT=4",
			[]string{"2026-01-05T20:00Z/1h0m0s", "2026-01-08T20:00Z/1h0m0s", "2026-01-19T20:00Z/1h0m0s", "2026-01-22T20:00Z/1h0m0s"}},
		"working days, but for one": {"DTSTART:20260102T200000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR;UNTIL=20260106\nEXDATE:20260105T200000Z",
			[]string{"2026-01-02T20:00Z/1h0m0s", "2026-01-06T20:00Z/1h0m0s"}},
		"yearly, and once more": {"DTSTART:20260301T200000Z\nDTEND:20260301T210000Z\nRRULE:FREQ=YEARLY\nRDATE:20260501T200000Z",
			[]string{"2026-03-01T20:00Z/1h0m0s", "2026-05-01T20:00Z/1h0m0s", "2027-03-01T20:00Z/1h0m0s"}},
		"begun years ago, counted from then": {"DTSTART:20200101T200000Z\nDURATION:PT1H\nRRULE:FREQ=YEARLY;COUNT=7", []string{"2026-01-01T20:00Z/1h0m0s"}},
		"an alarm in it is nobody's work":    {"DTSTART:20261130T210000Z\nDTEND:20261130T220000Z\nBEGIN:VALARM\nDURATION:PT5M\nTRIGGER:-PT15M\nEND:VALARM", []string{"2026-11-30T21:00Z/1h0m0s"}},
	} {
		got := utc(read(t, calendar("UID:1\nSUMMARY:x\n"+c.event)))
		if !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %q\nwant %q", name, got, c.want)
		}
	}
}

// One occurrence was moved, another one called off.
func TestReplaced(t *testing.T) {
	got := read(t, calendar(
		"UID:w\nSUMMARY:weekly\nDTSTART:20260105T200000Z\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;COUNT=3",
		"UID:w\nSUMMARY:moved\nRECURRENCE-ID:20260112T200000Z\nDTSTART:20260113T210000Z\nDURATION:PT2H",
		"UID:w\nSUMMARY:off\nRECURRENCE-ID:20260119T200000Z\nDTSTART:20260119T200000Z\nDURATION:PT1H\nSTATUS:CANCELLED"))
	want := []string{"2026-01-05T20:00Z/1h0m0s", "2026-01-13T21:00Z/2h0m0s", "2026-01-19T20:00Z/1h0m0s"}
	if !slices.Equal(utc(got), want) || got[1].Summary != "moved" || !got[2].Cancelled || got[0].Cancelled {
		t.Errorf("got %+v, want %q, the second moved, the third called off", got, want)
	}
}

// What is not understood is said, and nothing is left out in silence.
func TestRefused(t *testing.T) {
	ok := "UID:1\nSUMMARY:x\nDTSTART:20260105T200000Z\nDURATION:PT1H\n"
	for data, want := range map[string]string{
		"":                               "empty",
		"hello":                          "no property",
		"BEGIN:VEVENT\nEND:VEVENT":       "no iCalendar file",
		"BEGIN:VCALENDAR\n":              "cut off",
		"BEGIN:VCALENDAR\nEND:VEVENT":    "ends nothing",
		"\xff\xfe":                       "not UTF-8",
		calendar("UID:1\nDURATION:PT1H"): "no DTSTART",
		calendar("UID:1\nDTSTART;VALUE=DATE:20260105\nDTEND;VALUE=DATE:20260106"):  "whole day",
		calendar("UID:1\nDTSTART:20260105T200000Z"):                                "no end",
		calendar("UID:1\nDTSTART:20260105T200000Z\nDTEND:20260105T200000Z"):        "ends before it begins",
		calendar("UID:1\nDTSTART;TZID=Mars/Olympus:20260105T200000\nDURATION:P1D"): "is not known",
		calendar(ok + "RRULE:FREQ=HOURLY"):                                         "DAILY, WEEKLY, MONTHLY and YEARLY are",
		calendar(ok + "RRULE:FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1"):                    "BYSETPOS is not understood",
		calendar(ok + "RRULE:FREQ=DAILY;INTERVAL=0"):                               "from 1 to 1000",
		calendar(ok + "RRULE:FREQ=DAILY;FREQ=DAILY"):                               "cannot be read",
		calendar(ok + "RRULE:FREQ=DAILY"):                                          "more than 500 occurrences",
		calendar(ok + "RRULE:FREQ=WEEKLY\nRRULE:FREQ=DAILY"):                       "two rules",
		calendar(ok + "EXRULE:FREQ=WEEKLY"):                                        "EXDATE",
		calendar(ok + "EXDATE;VALUE=DATE:20260105"):                                "dates with times",
		calendar("UID:1\nDTSTART:20260105T200000Z\nDURATION:P900D"):                "no duration",
		calendar("UID:1\nDTSTART:20260105T200000Z\nDURATION:PT"):                   "no duration",
		calendar(ok + "SUMMARY:" + strings.Repeat("x", 20000)):                     "longer than",
	} {
		_, err := ical.Read([]byte(data), brussels(t), at(t, "2026-01-01T00:00:00Z"), at(t, "2028-01-01T00:00:00Z"))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80q: %v, want an error with %q", data, err, want)
		}
	}
}

// What is written is read back, whatever stands in it; no line is too long.
func TestWrite(t *testing.T) {
	reason := "new firmware; \\ comma, semicolon; two\nlines, " + strings.Repeat("é€", 60) + "\x00\r"
	e := ical.Event{UID: "M-2026-0001.acme", Stamp: at(t, "2026-11-20T10:00:00Z"), From: at(t, "2026-11-30T22:00:00+01:00"), To: at(t, "2026-11-30T23:00:00+01:00"), Summary: reason, Description: reason}
	off := e
	off.UID, off.Cancelled, off.Sequence = "2", true, 1
	b := ical.Write("-//vouch//EN", "works", []ical.Event{e, off})
	if !bytes.Equal(b, ical.Write("-//vouch//EN", "works", []ical.Event{e, off})) {
		t.Error("two writings differ")
	}
	for l := range strings.SplitSeq(strings.TrimSuffix(string(b), "\r\n"), "\r\n") {
		if len(l) > 75 || strings.ContainsAny(l, "\r\n\x00") || !utf8.ValidString(l) {
			t.Errorf("a line of %d octets: %q", len(l), l)
		}
	}
	got := read(t, string(b))
	want := strings.ReplaceAll(strings.TrimRight(reason, "\x00\r"), "\n", " ")
	if len(got) != 2 || got[0].Summary != want || !got[0].From.Equal(e.From) || !got[0].To.Equal(e.To) || got[0].Cancelled == got[1].Cancelled {
		t.Errorf("read back: %+v, want %q", got, want)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(calendar("UID:1\nSUMMARY:x\nDTSTART;TZID=Europe/Brussels:20260328T023000\nDURATION:PT1H\nRRULE:FREQ=MONTHLY;BYDAY=-1TU,2MO;UNTIL=20261231T000000Z\nEXDATE:20260105T200000Z\nRDATE:20260105T200000Z"))
	f.Add(calendar("UID:1\nRECURRENCE-ID:20260112T200000Z\nDTSTART:20260113T210000Z\nDTEND:20260113T220000Z\nSTATUS:CANCELLED"))
	f.Add("BEGIN:VCALENDAR\n X\nEND:VCALENDAR")
	loc := brussels(f)
	from, until := at(f, "2026-01-01T00:00:00Z"), at(f, "2027-01-01T00:00:00Z")
	f.Fuzz(func(t *testing.T, data string) {
		out, err := ical.Read([]byte(data), loc, from, until)
		if err != nil {
			return
		}
		if len(out) > ical.MaxTimes {
			t.Fatalf("%d occurrences", len(out))
		}
		var events []ical.Event
		for i, o := range out {
			if o.From.Before(from) || !o.From.Before(until) || !o.To.After(o.From) {
				t.Fatalf("occurrence from %s to %s", o.From, o.To)
			}
			events = append(events, ical.Event{UID: fmt.Sprint(i), From: o.From.Truncate(time.Second), To: o.To.Truncate(time.Second), Summary: o.Summary, Cancelled: o.Cancelled})
		}
		again, err := ical.Read(ical.Write("x", "y", events), loc, from, until)
		if err != nil || !slices.Equal(utc(again), utc(out)) {
			t.Fatalf("written and read again: %v, %q, want %q", err, utc(again), utc(out))
		}
	})
}
