// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package ical writes and reads events of iCalendar (RFC 5545), as far as announced
// works need it: VEVENT with its times, and what recurs of it. It is pure.
package ical

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// ContentType is that of an iCalendar file (RFC 5545, section 8.1).
const ContentType = "text/calendar; charset=utf-8"

// Event is an event as it is written.
type Event struct {
	UID         string
	Stamp       time.Time // when it was last changed: the same event gives the same bytes
	Sequence    int       // raised whenever times or state changed
	From, To    time.Time
	Summary     string
	Description string
	Cancelled   bool
}

// Write returns a calendar of a name. Times are UTC, so that no definition of a zone is
// needed; lines are folded at 75 octets, never within a character.
func Write(product, name string, events []Event) []byte {
	var w writer
	w.line("BEGIN:VCALENDAR")
	w.line("VERSION:2.0")
	w.text("PRODID", product)
	w.line("CALSCALE:GREGORIAN")
	w.line("METHOD:PUBLISH")
	w.text("X-WR-CALNAME", name)
	for _, e := range events {
		w.line("BEGIN:VEVENT")
		w.text("UID", e.UID)
		w.time("DTSTAMP", e.Stamp)
		w.time("DTSTART", e.From)
		w.time("DTEND", e.To)
		w.text("SUMMARY", e.Summary)
		if e.Description != "" {
			w.text("DESCRIPTION", e.Description)
		}
		w.line("SEQUENCE:" + strconv.Itoa(e.Sequence))
		state := "CONFIRMED"
		if e.Cancelled {
			state = "CANCELLED"
		}
		w.line("STATUS:" + state)
		w.line("TRANSP:TRANSPARENT")
		w.line("END:VEVENT")
	}
	w.line("END:VCALENDAR")
	return []byte(w.b.String())
}

type writer struct{ b strings.Builder }

// maxOctets is the length of a line without its end (RFC 5545, section 3.1).
const maxOctets = 75

// line writes a content line, folded.
func (w *writer) line(s string) {
	room := maxOctets
	for len(s) > room {
		n := room
		for n > 0 && !utf8.RuneStart(s[n]) {
			n--
		}
		w.b.WriteString(s[:n] + "\r\n ")
		s, room = s[n:], maxOctets-1
	}
	w.b.WriteString(s + "\r\n")
}

func (w *writer) time(name string, t time.Time) {
	w.line(name + ":" + t.UTC().Format("20060102T150405Z"))
}

// text writes a TEXT value: escaped, and without what a calendar may not hold.
func (w *writer) text(name, s string) {
	s = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || r != '\n' && unicode.IsControl(r) {
			return -1
		}
		return r
	}, s)
	w.line(name + ":" + strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\n", `\n`).Replace(s))
}
