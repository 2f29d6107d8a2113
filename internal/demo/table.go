// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/incident"
)

// style is how a piece of text stands out, as parameters of SGR (ECMA-48). Colour is
// never alone: a shape and a word always say the same.
type style string

const (
	regular style = ""
	faint   style = "2"
	bold    style = "1"
	green   style = "32"
	red     style = "1;31"
	solid   style = "1;97;41" // the only solid one: down, as the verdict
	yellow  style = "33"
	magenta style = "35"
	cyan    style = "36"
)

// row is a line that is being laid out.
type row struct {
	width  int // at most
	used   int
	color  bool
	pieces strings.Builder
}

// put appends text as far as there is room.
func (r *row) put(s style, text string) {
	runes := []rune(text)
	if room := r.width - r.used; len(runes) > room {
		runes = runes[:max(room, 0)]
	}
	r.used += len(runes)
	text = string(runes)
	if r.color && s != regular && strings.TrimSpace(text) != "" {
		text = "\x1b[" + string(s) + "m" + text + "\x1b[0m"
	}
	r.pieces.WriteString(text)
}

// cell appends text in a column of a width, cut where it is longer.
func (r *row) cell(width int, s style, text string) {
	runes := []rune(text)
	if len(runes) > width {
		runes = runes[:width]
	}
	r.put(s, string(runes))
	r.put(regular, strings.Repeat(" ", width-len(runes)))
}

// right is cell with the text at its right end.
func (r *row) right(width int, s style, text string) {
	r.put(regular, strings.Repeat(" ", max(width-len([]rune(text)), 0)))
	r.put(s, text)
}

func (r *row) String() string { return strings.TrimRight(r.pieces.String(), " ") }

// sheet is a table that is being laid out.
type sheet struct {
	frame
	width, height int
	color         bool
	columns       columns
}

// columns are the widths of the table's columns.
type columns struct{ name, seen, verdict, since, rtt int }

// render lays the frame out in at most height lines of at most width columns.
func render(f frame, width, height int, color bool) []string {
	s := &sheet{frame: f, width: width, height: height, color: color, columns: columns{12, 10, 11, 6, 9}}
	if width >= 110 {
		s.columns = columns{17, 16, 18, 8, 10}
	}
	top := append(s.head(), s.table()...)
	incidents, steps := s.incidents(), s.now(true)
	if len(top)+len(incidents)+len(steps) > height {
		steps = s.now(false)
	}
	if over := len(top) + len(incidents) + len(steps) - height; over > 0 {
		incidents = incidents[:max(len(incidents)-over, 0)]
	}
	all := slices.Concat(top, incidents, steps)
	return all[:min(len(all), max(height, 0))]
}

func (s *sheet) row() *row { return &row{width: s.width, color: s.color} }

func (s *sheet) line(st style, text string) string {
	r := s.row()
	r.put(st, text)
	return r.String()
}

// head says what this is and how far it is.
func (s *sheet) head() []string {
	r := s.row()
	r.put(bold, " vouch demo  ")
	r.put(regular, customerName)
	if s.page != "" {
		r.put(faint, "   page ")
		r.put(regular, s.page)
	}
	r.put(faint, "   Ctrl-C ends")
	return []string{r.String(), s.progress()}
}

// progress is the bar, with the time left until the result.
func (s *sheet) progress() string {
	r := s.row()
	r.put(regular, " ")
	if s.began.IsZero() {
		r.put(faint, s.phase)
		return r.String()
	}
	done := min(max(s.at().Sub(s.began), 0), s.pace.Length)
	bar := min(max(s.width/3, 10), 40)
	full := int(int64(bar) * int64(done) / int64(s.pace.Length))
	r.put(regular, strings.Repeat("█", full))
	r.put(faint, strings.Repeat("░", bar-full))
	r.put(regular, fmt.Sprintf(" %s of %s", span(done), span(s.pace.Length)))
	left := s.began.Add(s.pace.Length + s.pace.Lag + time.Second).Sub(s.at())
	if left > 0 {
		r.put(faint, fmt.Sprintf(", %s to the result", span(left+time.Second-1)))
	}
	if done == s.pace.Length {
		r.put(faint, "; "+s.phase)
	}
	return r.String()
}

func (s *sheet) at() time.Time { return s.frame.now }

// table is every device by location, with its verdict.
func (s *sheet) table() []string {
	if s.live == nil {
		return nil
	}
	c := s.columns
	remark := s.line(faint, " *the customer's own location is heard, and does not vote")
	top, under := s.row(), s.row()
	top.cell(c.name, regular, "")
	under.cell(c.name, regular, "")
	for _, l := range s.live.Locations {
		top.cell(c.seen, bold, title(l.ID))
		under.cell(c.seen, faint, custody(l.Custody))
	}
	top.cell(c.verdict, bold, "verdict")
	top.right(c.since, faint, "since")
	top.right(c.rtt, faint, "RTT")
	under.cell(c.verdict, faint, "2 of 3")
	out := []string{remark, top.String(), under.String()}
	for _, st := range sites() {
		out = append(out, s.line(faint, " "+st.Name))
		for _, d := range s.live.Devices {
			if d.Site == st.ID {
				out = append(out, s.device(d))
			}
		}
	}
	return out
}

// custody is the word under a location; that of the customer does not vote.
func custody(c vouch.Custody) string {
	if c == vouch.CustodyCustomer {
		return "customer*"
	}
	return string(c)
}

func (s *sheet) device(d admin.LiveDevice) string {
	c, r := s.columns, s.row()
	r.cell(c.name, regular, "  "+string(d.Class))
	for _, x := range d.Seen {
		st, text := mark(x.State)
		r.cell(c.seen, st, text)
	}
	st, text := mark(d.State)
	if d.State == "down" {
		st = solid
	}
	if d.State == "maintenance" && c.verdict < 15 {
		text = "[·] maint."
	}
	r.put(st, text)
	r.put(regular, strings.Repeat(" ", max(c.verdict-len([]rune(text)), 0)))
	since := ""
	if d.Since.Year() > 1970 {
		since = span(s.live.Now.Sub(d.Since))
	}
	r.right(c.since, regular, since)
	r.right(c.rtt, faint, roundTrip(d.RTTMicros))
	return r.String()
}

// mark is the shape and the word of a state.
func mark(state string) (style, string) {
	switch state {
	case "up":
		return green, "● up"
	case "down":
		return red, "■ down"
	case "degraded":
		return yellow, "▲ slow"
	case "unknown":
		return magenta, "◇ unknown"
	case "maintenance":
		return cyan, "[·] maintenance"
	case "":
		return faint, "·"
	}
	return faint, "- " + state
}

// roundTrip prints microseconds as people read them.
func roundTrip(us int64) string {
	switch {
	case us <= 0:
		return "-"
	case us < 10_000:
		return fmt.Sprintf("%.1f ms", float64(us)/1000)
	}
	return fmt.Sprintf("%d ms", us/1000)
}

// span prints a duration as m:ss.
func span(d time.Duration) string {
	n := int64(max(d, 0) / time.Second)
	return fmt.Sprintf("%d:%02d", n/60, n%60)
}

// incidents lists them, open ones first.
func (s *sheet) incidents() []string {
	if s.live == nil {
		return nil
	}
	out := []string{"", s.line(bold, " Incidents")}
	for _, i := range s.live.Incidents {
		r := s.row()
		seen := "by " + strings.Join(titles(i.Witnesses), " ")
		switch {
		case i.Status == incident.Withdrawn:
			r.put(faint, fmt.Sprintf("  - %s  %s  withdrawn", i.ID, joined(i.Devices)))
		case i.To == nil:
			r.put(red, fmt.Sprintf("  ■ %s  ", i.ID))
			r.put(bold, fmt.Sprintf("%-15s", joined(i.Devices)))
			r.put(regular, fmt.Sprintf("open since %s  %5s  ", clock(i.From), span(s.live.Now.Sub(i.From))))
			r.put(faint, seen)
		default:
			r.put(green, "  ● ")
			r.put(regular, fmt.Sprintf("%s  %-15s%s - %s  %5s  ", i.ID, joined(i.Devices), clock(i.From), clock(*i.To), span(time.Duration(i.Counted)*time.Second)))
			r.put(faint, seen)
		}
		out = append(out, r.String())
	}
	if len(s.live.Incidents) == 0 {
		out = append(out, s.line(faint, "  none"))
	}
	return out
}

// now tells the steps under way, in full with what must come of them.
func (s *sheet) now(full bool) []string {
	if s.began.IsZero() {
		return nil
	}
	out := []string{"", s.line(bold, " Under way")}
	for i, st := range s.steps {
		if doneAt(s.deeds, i, ActBegin).IsZero() || !doneAt(s.deeds, i, ActEnd).IsZero() {
			continue
		}
		out = append(out, s.line(regular, "  > "+st.What))
		if full {
			out = append(out, s.line(faint, "    "+st.Expect))
		}
	}
	if len(out) == 2 {
		out = append(out, s.line(faint, "  nothing: all is quiet"))
	}
	return out
}
