// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// deviceModel is what the template of a device reads.
type deviceModel struct {
	Device
	Words        sentence
	OtherUnit    string // a sentence; empty while the unit on record answers
	CustomerHref string
	SiteWords    string
	IncidentLine *incidentLine
	Heartbeat    *stamp
	Through      *stamp
	Period       string
	Spans        []link
	Abbr         string
	Lanes        []laneLine
	Axis         axis
	Table        []laneRow
	TableMore    int
	Charts       []rttChart
	BinWords     string
	Coarse       *coarseTable
	Interfaces   []interfaceLine
	RateWords    string
	Sparks       bool // some interface has a curve
	Values       []valueLine
	ValuesMore   int
	Answer       *stamp
	AnswerOld    bool
	Contract     contractLine
	Month        monthLine
	Uptime       string
	Restarts     []restartLine
	Lease        string
	Heard        string
	Statement    string
	Works        []workLine
	Traps        []trapLine
	SpanWords    string
}

func (s *server) devicePage(r *http.Request, v Viewer) (sheet, error) {
	d, err := s.device(r, v)
	if err != nil {
		return sheet{}, err
	}
	return sheet{view: d, name: "device", title: string(d.ID), nav: "/", asOf: d.AsOf, model: d.model(r)}, nil
}

func (d Device) model(r *http.Request) deviceModel {
	c := d.clock()
	sp := span{d.From, d.To}
	m := deviceModel{
		Device: d, Words: d.Verdict.words(c), CustomerHref: fleetChoice{customer: string(d.Customer)}.href(), SiteWords: d.SiteName,
		Heartbeat: c.opt(d.HeartbeatAt), Through: c.opt(d.FiguresThrough), Abbr: c.stamp(d.Now).Zone(),
		Period: periodWords(c, sp), Axis: sp.axis(c), SpanWords: lengthWords(Span{d.From, d.To}),
		Answer: c.opt(d.InterfacesAt), Statement: "/statement/" + string(d.Customer),
	}
	if d.Incident != nil {
		line := d.Incident.line(c)
		m.IncidentLine = &line
	}
	for _, p := range spans() {
		m.Spans = append(m.Spans, link{Path: r.URL.Path + "?span=" + p.Name, Word: p.Word, Current: d.To.Sub(d.From) == p.Length})
	}
	m.Lanes = lanes(c, sp, d.VerdictLane, d.Lanes, d.Window, d.Contract.words())
	m.Table, m.TableMore = laneTable(c, sp, d.VerdictLane, d.Lanes)
	m.charts(c, sp, d)
	if d.InterfacesAt != nil {
		m.AnswerOld = d.Now.Sub(*d.InterfacesAt) > 5*time.Minute
	}
	m.told(c, sp, d)
	m.Contract = d.contract(c)
	m.Month = d.Month.line(c)
	m.facts(c, d.Facts)
	if v := d.Voice; v != nil {
		m.Heard = fmt.Sprintf("R %.1f, MOS %.2f (%s, from RTT/2 of %s, no part of any verdict)", v.R, v.MOS, v.Codec, strings.ToUpper(string(v.Kind)))
	}
	m.OtherUnit = d.Facts.otherUnit(c)
	for _, w := range d.Works {
		m.Works = append(m.Works, w.line(c))
	}
	for _, t := range d.Traps {
		m.Traps = append(m.Traps, t.line(c))
	}
	return m
}

// charts draws round-trip time and loss of every location on one scale.
func (m *deviceModel) charts(c clock, s span, d Device) {
	sc := newScale(d.Rounds)
	for _, r := range d.Rounds {
		var own []Segment
		now := ""
		for _, l := range d.Lanes {
			if l.Location == r.Location {
				own = l.Segments
			}
		}
		for _, w := range d.Verdict.Witnesses {
			if w.Location == r.Location {
				now = nowWords(w, r)
			}
		}
		ch := s.rttChart(r, sc, d.VerdictLane.Segments, own, d.Window)
		ch.Now = now
		m.Charts = append(m.Charts, ch)
		if m.BinWords == "" && r.Width > 0 {
			m.BinWords = "ms, bins of " + r.Width.Term() + ", check " + string(r.Check) + "; same time axis as above"
		}
	}
	m.Coarse = s.coarse(c, d.Rounds)
}

// nowWords is what the newest round says.
func nowWords(w Seen, r Rounds) string {
	switch w.State {
	case StateDown:
		return "now: no answer"
	case StateUp, StateDegraded:
		if n := len(r.Bins); n > 0 && r.Bins[n-1].RTT != nil {
			return "now " + r.Bins[n-1].RTT.Median.MS() + nbsp + "ms"
		}
		return "now: " + w.State.Word()
	case StateMaintenance, StateOutside:
		return "now: " + w.State.Word()
	}
	return "now: cannot ask"
}

// coarseTable is round-trip time and loss as a table of at most twelve rows.
type coarseTable struct {
	Heads []string
	Rows  []coarseRow
}

type coarseRow struct {
	From  string
	Cells []string
}

func (s span) coarse(c clock, rounds []Rounds) *coarseTable {
	const rows = 12
	if len(rounds) == 0 {
		return nil
	}
	t := &coarseTable{}
	step := s.to.Sub(s.from) / rows
	for i := range rows {
		at := c.stamp(s.from.Add(time.Duration(i) * step))
		t.Rows = append(t.Rows, coarseRow{From: at.At()})
	}
	for _, r := range rounds {
		t.Heads = append(t.Heads, string(r.Location))
		for i := range rows {
			lo := s.from.Add(time.Duration(i) * step)
			t.Rows[i].Cells = append(t.Rows[i].Cells, coarseCell(r, lo, lo.Add(step)))
		}
	}
	return t
}

func coarseCell(r Rounds, from, to time.Time) string {
	var low, high Micros
	sent, lost, any := 0, 0, false
	for _, b := range r.Bins {
		if b.At.Before(from) || !b.At.Before(to) {
			continue
		}
		sent, lost = sent+b.Sent, lost+b.Lost
		if b.RTT != nil {
			if !any || b.RTT.Min < low {
				low = b.RTT.Min
			}
			high, any = max(high, b.RTT.Max), true
		}
	}
	switch {
	case sent == 0:
		return "not measured"
	case !any:
		return fmt.Sprintf("no answer to %d", sent)
	}
	return fmt.Sprintf("%s to %s ms, %d of %d lost", low.MS(), high.MS(), lost, sent)
}

// monthLine is the month to date.
type monthLine struct {
	Month
	Name string
	To   stamp
}

func (m Month) line(c clock) monthLine {
	return monthLine{m, m.From.In(c.loc).Format("January") + " so far", c.stamp(m.To)}
}

// otherUnit says that another unit than the one on record answers, if one does.
func (f Facts) otherUnit(c clock) string {
	since := c.opt(f.Another)
	if since == nil {
		return ""
	}
	s := "Another unit than recorded answers here since " + since.AtZ()
	if f.Says != "" {
		s += ": it says " + f.Says
	}
	if f.Serial != "" {
		s += ", on record is " + f.Serial
	}
	return s + "."
}

func (m *deviceModel) facts(c clock, f Facts) {
	if f.Uptime != nil {
		m.Uptime = f.Uptime.Spoken()
		if at := c.opt(f.UptimeAt); at != nil {
			m.Uptime += " at " + at.AtZ()
		}
	}
	for _, r := range f.Restarts {
		m.Restarts = append(m.Restarts, r.line(c))
	}
	from, until := c.opt(f.LeaseFrom), c.opt(f.LeaseUntil)
	var lease []string
	if from != nil {
		lease = append(lease, "from "+from.t.Format("2 Jan 2006"))
	}
	if until != nil {
		lease = append(lease, "until "+until.t.Format("2 Jan 2006"))
	} else if from != nil {
		lease = append(lease, "open-ended")
	}
	m.Lease = strings.Join(lease, ", ")
}
