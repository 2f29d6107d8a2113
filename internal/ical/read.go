// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package ical

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Bounds of what is read.
const (
	MaxBytes  = 512 << 10 // of a file
	maxEvents = 500       // in a file
	MaxTimes  = 500       // occurrences that a file may come to
	maxLine   = 16 << 10  // bytes of a line once it is unfolded
	maxDates  = 500       // of an event: EXDATE and RDATE
)

// Occurrence is one time at which an event takes place.
type Occurrence struct {
	UID       string
	From, To  time.Time
	Summary   string
	Cancelled bool // the calendar says that it does not take place, after all
}

// Read returns what a calendar holds between two instants: events that begin at or
// after from and before until, recurring ones expanded, in order of time. Times without
// a zone are those of floating. What it does not understand is an error that says so:
// no event is left out in silence. VTIMEZONE is not read; a zone is known by its name
// in the IANA database, or by the name that Outlook gives it.
func Read(data []byte, floating *time.Location, from, until time.Time) ([]Occurrence, error) {
	if len(data) > MaxBytes {
		return nil, fmt.Errorf("the calendar has %d bytes, at most %d are read: export a part of it", len(data), MaxBytes)
	}
	if !utf8.Valid(data) {
		return nil, errors.New("the calendar is not UTF-8: export it as iCalendar (.ics)")
	}
	events, err := parse(string(data), floating)
	if err != nil {
		return nil, err
	}
	var out []Occurrence
	for _, e := range events {
		list, err := e.expand(from, until)
		if err != nil {
			return nil, fmt.Errorf("event %.60q, line %d: %w", e.summary, e.line, err)
		}
		if len(out)+len(list) > MaxTimes {
			return nil, fmt.Errorf("the calendar comes to more than %d occurrences: read a shorter time of it", MaxTimes)
		}
		out = append(out, list...)
	}
	out = replaced(out, events, from, until)
	slices.SortStableFunc(out, func(a, b Occurrence) int { return a.From.Compare(b.From) })
	return out, nil
}

// replaced puts single occurrences that were changed in the place of those that their
// rules made (RECURRENCE-ID, RFC 5545 section 3.8.4.4).
func replaced(out []Occurrence, events []event, from, until time.Time) []Occurrence {
	for _, e := range events {
		if e.instead.IsZero() {
			continue
		}
		out = slices.DeleteFunc(out, func(o Occurrence) bool { return o.UID == e.uid && o.From.Equal(e.instead) })
	}
	for _, e := range events {
		if !e.instead.IsZero() && !e.start.Before(from) && e.start.Before(until) {
			out = append(out, Occurrence{e.uid, e.start, e.end(e.start), e.summary, e.cancelled})
		}
	}
	return out
}

// event is a VEVENT as it was read.
type event struct {
	line      int
	uid       string
	summary   string
	start     time.Time // in the zone that its rule is expanded in
	exact     time.Duration
	days      int // of a duration: by the calendar
	rule      string
	except    []time.Time
	also      []time.Time
	instead   time.Time // RECURRENCE-ID
	cancelled bool
}

func (e event) end(start time.Time) time.Time {
	if e.days > 0 {
		start, _ = local(wall(start).AddDate(0, 0, e.days), start.Location())
	}
	return start.Add(e.exact)
}

// property is one content line.
type property struct {
	line   int
	name   string
	params map[string]string
	value  string
}

// parse reads the events of a calendar.
func parse(data string, floating *time.Location) ([]event, error) {
	lines, err := unfold(data)
	if err != nil {
		return nil, err
	}
	var out []event
	var open []string
	var current []property
	for _, l := range lines {
		p, err := content(l.text)
		if p.line = l.number; err != nil {
			return nil, fmt.Errorf("line %d: %w", l.number, err)
		}
		name := strings.ToUpper(p.value)
		switch {
		case p.name == "BEGIN":
			if len(open) == 0 && name != "VCALENDAR" || len(open) > 4 {
				return nil, fmt.Errorf("line %d: BEGIN:%.40s does not belong there: this is no iCalendar file", p.line, p.value)
			}
			if open = append(open, name); name == "VEVENT" && len(open) == 2 {
				current = []property{{line: p.line}}
			}
		case p.name == "END":
			if len(open) == 0 || open[len(open)-1] != name {
				return nil, fmt.Errorf("line %d: END:%.40s ends nothing", p.line, p.value)
			}
			if name == "VEVENT" && len(open) == 2 {
				if len(out) == maxEvents {
					return nil, fmt.Errorf("the calendar has more than %d events", maxEvents)
				}
				e, err := newEvent(current, floating)
				if err != nil {
					return nil, err
				}
				out = append(out, e)
			}
			open = open[:len(open)-1]
		case len(open) == 0:
			return nil, fmt.Errorf("line %d: this is no iCalendar file: it begins with BEGIN:VCALENDAR", p.line)
		case len(open) == 2 && open[1] == "VEVENT": // what is nested in it, an alarm, is nobody's work
			current = append(current, p)
		}
	}
	if len(open) > 0 {
		return nil, fmt.Errorf("the calendar ends within %s: it was cut off", open[len(open)-1])
	}
	if lines == nil {
		return nil, errors.New("the calendar is empty")
	}
	return out, nil
}

type numbered struct {
	number int
	text   string
}

// unfold joins what was folded (section 3.1). Line ends may be CRLF or LF.
func unfold(data string) ([]numbered, error) {
	var out []numbered
	data = strings.TrimPrefix(data, "\ufeff")
	n := 0
	for l := range strings.SplitSeq(data, "\n") {
		n++
		l = strings.TrimSuffix(l, "\r")
		switch {
		case l == "":
		case l[0] == ' ' || l[0] == '\t':
			if len(out) == 0 {
				return nil, fmt.Errorf("line %d goes on with nothing before it", n)
			}
			last := &out[len(out)-1]
			if len(last.text)+len(l) > maxLine {
				return nil, fmt.Errorf("line %d is longer than %d bytes", last.number, maxLine)
			}
			last.text += l[1:]
		default:
			if len(l) > maxLine {
				return nil, fmt.Errorf("line %d is longer than %d bytes", n, maxLine)
			}
			out = append(out, numbered{n, l})
		}
	}
	return out, nil
}

// content reads NAME;PARAM=VALUE;PARAM="VALUE":VALUE.
func content(s string) (property, error) {
	i := strings.IndexAny(s, ";:")
	if i < 1 {
		return property{}, fmt.Errorf("%.40q is no property: NAME:VALUE is needed", s)
	}
	p := property{name: strings.ToUpper(s[:i]), params: map[string]string{}}
	for s = s[i:]; strings.HasPrefix(s, ";"); {
		name, rest, ok := strings.Cut(s[1:], "=")
		if !ok || len(p.params) == 20 {
			return property{}, fmt.Errorf("the parameters of %.40s cannot be read", p.name)
		}
		var value string
		if strings.HasPrefix(rest, `"`) {
			value, rest, ok = strings.Cut(rest[1:], `"`)
			if !ok {
				return property{}, fmt.Errorf("a quotation mark of %.40s is not closed", p.name)
			}
			s = rest
		} else {
			j := strings.IndexAny(rest, ";:")
			if j < 0 {
				return property{}, fmt.Errorf("%.40s has no value", p.name)
			}
			value, s = rest[:j], rest[j:]
		}
		p.params[strings.ToUpper(name)] = value
	}
	if !strings.HasPrefix(s, ":") {
		return property{}, fmt.Errorf("%.40s has no value", p.name)
	}
	p.value = s[1:]
	return p, nil
}

// newEvent reads the properties of an event; the first only says where it begins.
func newEvent(list []property, floating *time.Location) (event, error) {
	e := event{line: list[0].line}
	var start, finish, length, rule *property
	fail := func(p *property, err error) (event, error) {
		return e, fmt.Errorf("line %d, %s: %w", p.line, p.name, err)
	}
	for i := range list[1:] {
		p := &list[i+1]
		switch p.name {
		case "UID":
			e.uid = plain(p.value)
		case "SUMMARY":
			e.summary = plain(p.value)
		case "STATUS":
			e.cancelled = strings.EqualFold(p.value, "CANCELLED")
		case "DTSTART":
			start = p
		case "DTEND":
			finish = p
		case "DURATION":
			length = p
		case "RRULE":
			if rule != nil {
				return fail(p, errors.New("an event with two rules cannot be read: make two events of it"))
			}
			rule, e.rule = p, p.value
		case "EXRULE":
			return fail(p, errors.New("rules of exceptions are not read: leave out the dates with EXDATE"))
		case "RECURRENCE-ID":
			if p.params["RANGE"] != "" {
				return fail(p, errors.New("a change of this and all later occurrences is not read: end the rule and begin another event"))
			}
			at, err := instants(p, floating)
			if err != nil {
				return fail(p, err)
			}
			e.instead = at[0]
		case "EXDATE", "RDATE":
			at, err := instants(p, floating)
			if err != nil {
				return fail(p, err)
			}
			if p.name == "EXDATE" {
				e.except = append(e.except, at...)
			} else {
				e.also = append(e.also, at...)
			}
			if len(e.except)+len(e.also) > maxDates {
				return fail(p, fmt.Errorf("more than %d dates", maxDates))
			}
		}
	}
	if start == nil {
		return e, fmt.Errorf("the event of line %d has no DTSTART", e.line)
	}
	if strings.EqualFold(start.params["VALUE"], "DATE") || len(start.value) == 8 {
		return fail(start, errors.New("a whole day is no time of work: say from when to when"))
	}
	at, err := instants(start, floating)
	if err != nil {
		return fail(start, err)
	}
	e.start = at[0]
	switch {
	case finish != nil && length != nil:
		return fail(length, errors.New("an event has DTEND or DURATION, not both"))
	case finish != nil:
		at, err := instants(finish, floating)
		if err != nil {
			return fail(finish, err)
		}
		e.exact = at[0].Sub(e.start)
	case length != nil:
		if e.days, e.exact, err = duration(length.value); err != nil {
			return fail(length, err)
		}
	default:
		return fail(start, errors.New("the event has no end: DTEND or DURATION is needed"))
	}
	if !e.end(e.start).After(e.start) {
		return fail(start, errors.New("the event ends before it begins"))
	}
	return e, nil
}

// plain is a TEXT value as it is meant (section 3.3.11).
func plain(s string) string {
	return strings.TrimSpace(strings.NewReplacer(`\\`, `\`, `\;`, ";", `\,`, ",", `\n`, " ", `\N`, " ").Replace(s))
}
