// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/statement"
)

// paper is a statement as a view: /api/v1/ sends it as package statement writes it,
// and the page shows the same values.
type paper struct{ statement.Statement }

func (p paper) owners() []ownerID { return []ownerID{p.Customer} }

// raw are the bytes that package statement writes: the same wherever they are asked for.
func (p paper) raw() []byte { return p.JSON() }

// zone is the statement's zone, for names such as CEST. Where the machine does not
// know it, the offset that each time carries is used.
func (p paper) zone() *time.Location {
	if loc, err := time.LoadLocation(p.Timezone); err == nil {
		return loc
	}
	return read(p.From).Location()
}

// read is an instant of a statement. Package statement writes them, always valid.
func read(i statement.Instant) time.Time { return i.Time() }

// statementModel is what the template of a statement reads.
type statementModel struct {
	tongue
	Title, CustomerName, Provider string
	Other                         link // the same in the other language
	JSON                          string
	Number, Issued, PeriodText    string
	Contract, ServiceHours        string
	Quorum, Resolution            string
	FewWitnesses                  bool
	Provisional                   bool
	Until                         string
	Checkpoint, Manifest          string
	Abbr                          string
	Heads                         [][]subjectLine // three to a row
	Total                         subjectLine
	Devices                       []subjectLine
	Months                        []monthChart
	Lanes                         []laneLine
	Axis                          axis
	Outages                       []outageLine
	Short                         string
	Unknowns                      []unknownLine
	Counted, Claimed              []exclusionLine
	Incidents                     []statementIncident
	More                          bool // some rows were left out
}

// subjectLine is one service or device with its figures and what they mean.
type subjectLine struct {
	Name string
	Figures
	Text, But, Class, Glyph string
	parts                   []contract.Part
}

// maxLines bounds each table of a statement's page; the JSON has every line.
const maxLines = 120

// maxDrawn bounds the services that are drawn day by day.
const maxDrawn = 6

func (s *server) statementPage(r *http.Request, v Viewer) (sheet, error) {
	t := tongue{}
	switch lang := r.URL.Query().Get("lang"); lang {
	case "", "en":
	case "nl":
		t.dutch = true
	default:
		return sheet{}, fmt.Errorf("%w: lang %.20q: allowed are en and nl", ErrBadRequest, lang)
	}
	p, err := s.statement(r, v)
	if err != nil {
		return sheet{}, err
	}
	m := p.model(t, r.URL)
	asOf := AsOf{Now: read(p.AsOf), Zone: Zone{p.zone()}}
	return sheet{view: p, name: "statement", title: m.Title, nav: "/statement/" + string(p.Customer), lang: t.code(), asOf: asOf, frozen: true, model: m}, nil
}

func (p paper) model(t tongue, at *url.URL) statementModel {
	loc := p.zone()
	c := clock{read(p.AsOf).In(loc), loc}
	sp := span{read(p.From).In(loc), read(p.To).In(loc)}
	m := statementModel{
		tongue: t, CustomerName: p.CustomerName, Provider: p.Provider, Other: otherTongue(t, at), JSON: "/api/v1" + at.Path,
		Number: p.Number, Issued: t.instant(c.stamp(c.now)), PeriodText: t.periodText(sp.from, sp.to),
		Provisional: p.State != statement.StateFinal, Manifest: p.Manifest, Abbr: c.stamp(sp.to.Add(-time.Second)).Zone(),
		Total: t.subject(t.T("All together"), p.Body),
	}
	if q := withLang(at, ""); len(q) > 0 {
		m.JSON += "?" + q.Encode()
	}
	m.Title = t.T("Availability statement") + m.titlePeriod(sp.from, sp.to)
	if p.Revision > 0 {
		m.Number = strings.TrimPrefix(fmt.Sprintf("%s, %s %d", m.Number, t.T("version"), p.Revision), ", ")
	}
	if p.Number == "" {
		m.Issued = t.T("not issued: computed") + " " + m.Issued
	}
	if k := p.Checkpoint; k != nil {
		m.Checkpoint = fmt.Sprintf("%s %d %s", k.Origin, k.Size, k.Root)
	}
	if p.CountedUntil != nil {
		m.Until = t.instant(c.stamp(read(*p.CountedUntil)))
	}
	m.terms(p)
	for i, sub := range p.Services {
		if i%3 == 0 {
			m.Heads = append(m.Heads, nil)
		}
		m.Heads[i/3] = append(m.Heads[i/3], t.subject(sub.Name, sub.Body))
	}
	for _, d := range firstLines(&m, p.Statement.Devices) {
		m.Devices = append(m.Devices, t.subject(d.Name, d.Body))
	}
	m.draw(c, sp)
	m.tables(c, p)
	return m
}

// firstLines is as much of a list as a page shows, and notes what was left out.
func firstLines[T any](m *statementModel, list []T) []T {
	if len(list) > maxLines {
		m.More = true
		return list[:maxLines]
	}
	return list
}

// otherTongue leads to the same statement in the other language.
func otherTongue(t tongue, at *url.URL) link {
	if t.dutch {
		return link{Path: at.Path + "?" + withLang(at, "en").Encode(), Word: "English"}
	}
	return link{Path: at.Path + "?" + withLang(at, "nl").Encode(), Word: "Nederlands"}
}

func withLang(at *url.URL, lang string) url.Values {
	q := at.Query()
	q.Del("lang")
	if lang != "" {
		q.Set("lang", lang)
	}
	return q
}

// titlePeriod names a whole month; any other period stands beside the title only.
func (m *statementModel) titlePeriod(from, to time.Time) string {
	if from.Day() != 1 || !from.AddDate(0, 1, 0).Equal(to) {
		return ""
	}
	sep := ", "
	if m.dutch {
		sep = " "
	}
	return sep + m.month(from.Month()) + from.Format(" 2006")
}

// subject puts a figure's standing to its target into words.
func (t tongue) subject(name string, b statement.Body) subjectLine {
	seconds := func(n int64) Seconds { return Seconds(time.Duration(n) * time.Second) }
	out := subjectLine{
		Name: name, Class: "none", Glyph: "none", Text: t.T("no target agreed"), parts: b.Account.Parts,
		Figures: Figures{
			Agreed: seconds(b.Agreed), Excluded: seconds(b.Excluded), Up: seconds(b.Up), Down: seconds(b.Down), Unknown: seconds(b.Unknown), Eligible: seconds(b.Eligible),
			Availability: Pct(b.Availability.String()), Coverage: Pct(b.Coverage.String()), IfUnknownDown: Pct(b.IfUnknownDown.String()), IfUnknownUp: Pct(b.IfUnknownUp.String()),
		},
	}
	target := ""
	if b.Target != nil {
		target = t.Pct(Pct(*b.Target))
	}
	switch b.Result {
	case statement.ResultMet:
		out.Class, out.Glyph, out.Text = "up", "tick", t.T("meets the target of")+" "+target
		if b.OnlyIfNotDown {
			out.But = t.T("would miss it if the unknown time were down")
		}
	case statement.ResultNotMet:
		out.Class, out.Glyph, out.Text = "down", "down", t.T("target not met:")+" "+target
	case statement.ResultUnclear:
		out.Class, out.Glyph, out.Text = "unknown", "unknown", t.T("cannot be assessed: coverage is too low")
	}
	return out
}

// terms are the contract's, of the version that held last.
func (m *statementModel) terms(p paper) {
	m.Contract = string(p.Statement.Contract)
	if len(p.Versions) == 0 {
		return
	}
	var numbers []string
	for _, v := range p.Versions {
		numbers = append(numbers, fmt.Sprint(v.Number))
		m.FewWitnesses = m.FewWitnesses || v.FewWitnesses
	}
	m.Contract += ", " + m.T("version") + " " + strings.Join(numbers, ", ")
	last := p.Versions[len(p.Versions)-1]
	m.ServiceHours = statement.WindowWords(last.Windows, m.language()) + ", " + last.Timezone
	m.Quorum = m.quorum(last)
	m.Resolution = term(time.Duration(last.Resolution) * time.Second)
}

// draw chooses between a row a day and a lane: a day's row says nothing about an hour.
func (m *statementModel) draw(c clock, sp span) {
	drawn := slices.Concat(m.Heads...)
	if len(drawn) == 0 {
		drawn = m.Devices
	}
	drawn = drawn[:min(len(drawn), maxDrawn)]
	if sp.to.Sub(sp.from) > 36*time.Hour {
		m.Months = sp.months(c, m.tongue, drawn)
		return
	}
	for _, s := range drawn {
		m.Lanes = append(m.Lanes, sp.lane(c, s))
	}
	m.Axis = sp.axis(c)
}

// named is a stretch of time of one subject.
type named[T any] struct {
	name string
	of   T
}

// merge puts the stretches of several subjects into one list by their beginning.
func merge[T any](subjects []statement.Subject, of func(statement.Body) []T, from func(T) statement.Instant) []named[T] {
	var out []named[T]
	for _, s := range subjects {
		for _, x := range of(s.Body) {
			out = append(out, named[T]{s.Name, x})
		}
	}
	slices.SortStableFunc(out, func(a, b named[T]) int { return cmp.Compare(from(a.of), from(b.of)) })
	return out
}
