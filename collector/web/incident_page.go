// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// incidentLine is an incident as a row of a table.
type incidentLine struct {
	Incident
	Href, DeviceHref string
	Name             string // the device, or how many
	Where            string
	Verdict          State // what its devices were; up once closed
	PrioClass        string
	From             stamp
	Opened           stamp
	To               *stamp
	Lasted           string
	Seen             []Seen
	Rule             []bool // per witness: a rule stands before it
	Flags            []string
	Words            string // state in words
	Clk              *clockLine
}

func (i Incident) line(c clock) incidentLine {
	out := incidentLine{
		Incident: i, Href: incidentHref(i.Customer, i.ID), PrioClass: strings.ToLower(i.Priority), Verdict: i.verdict(),
		From: c.stamp(i.From), Opened: c.stamp(i.OpenedAt), To: c.opt(i.To), Seen: sortSeen(i.Witnesses), Words: string(i.State),
	}
	for k, s := range out.Seen {
		out.Rule = append(out.Rule, !s.Votes && (k == 0 || out.Seen[k-1].Votes))
	}
	if i.State == IncidentOpen && i.Stage != "" {
		out.Words = i.Stage
	}
	if i.Clock != nil {
		k := i.Clock.line(c)
		out.Clk = &k
	}
	out.Lasted = out.From.Ago()
	if i.To != nil {
		out.Lasted = spoken(i.To.Sub(i.From))
	}
	out.Name, out.Where = i.subject()
	if len(i.Devices) == 1 {
		out.DeviceHref = deviceHref(i.Customer, i.Devices[0].ID)
	}
	if i.SingleWitness {
		out.Flags = append(out.Flags, "rests on one witness")
	}
	if i.EvidencePending {
		out.Flags = append(out.Flags, "evidence pending: opened on heartbeats")
	}
	if i.State == IncidentMerged && i.Successor != "" {
		out.Words = "merged into " + i.Successor
	}
	return out
}

// verdict is the loudest state among the devices while it was open.
func (i Incident) verdict() State {
	out := StateDown
	for k, d := range i.Devices {
		if k == 0 || d.State.loudness() > out.loudness() {
			out = d.State
		}
	}
	return out
}

// subject is what an incident is about and where.
func (i Incident) subject() (name, where string) {
	sites := map[string]bool{}
	for _, d := range i.Devices {
		sites[d.SiteName] = true
	}
	where = i.CustomerName
	if len(sites) == 1 && i.Devices[0].SiteName != "" {
		where += ", " + i.Devices[0].SiteName
	}
	if len(i.Devices) == 1 {
		return string(i.Devices[0].ID), where
	}
	return count(len(i.Devices), "device", "devices"), where
}

// incidentsModel is what the template of the list reads.
type incidentsModel struct {
	Headline, Abbr string
	Lines          []incidentLine
	Choices        []link
	Next           string
	Prios          bool
}

func (s *server) incidentsPage(r *http.Request, v Viewer) (sheet, error) {
	list, err := s.incidents(r, v)
	if err != nil {
		return sheet{}, err
	}
	c := list.clock()
	m := incidentsModel{Headline: "No open incidents", Abbr: c.stamp(list.Now).Zone()}
	if list.Open > 0 {
		m.Headline = count(list.Open, "open incident", "open incidents")
	}
	for _, i := range list.Items {
		m.Lines = append(m.Lines, i.line(c))
		m.Prios = m.Prios || i.Priority != ""
	}
	state := r.URL.Query().Get("state")
	for _, o := range []struct{ state, word string }{{"", "All"}, {"open", "Open"}, {"closed", "Closed"}} {
		href := "/incidents"
		if o.state != "" {
			href += "?state=" + o.state
		}
		m.Choices = append(m.Choices, link{Path: href, Word: o.word, Current: state == o.state || state == "all" && o.state == ""})
	}
	if list.Next != "" {
		q := url.Values{"before": {list.Next}}
		if state != "" {
			q.Set("state", state)
		}
		m.Next = "/incidents?" + q.Encode()
	}
	return sheet{view: list, name: "incidents", title: "Incidents", nav: "/incidents", asOf: list.AsOf, model: m}, nil
}

// incidentModel is what the template of an incident reads.
type incidentModel struct {
	IncidentDetail
	Line         incidentLine
	Title        string
	CustomerHref string
	Lead, Rest   string
	Notices      []notice
	Devices      []incidentDeviceLine
	Groups       []laneGroup
	GroupsMore   int
	Axis         axis
	Period       string
	Abbr         string
	Events       []eventLine
	Deliveries   []deliveryLine
	Statement    string
	Clocks       []clockLine
	ClockAxis    axis
	Tiers        []tierLine
}

// tierLine is one tier of escalation.
type tierLine struct {
	Number int
	On     bool
	Text   string
}

// incidentDeviceLine is one device of an incident.
type incidentDeviceLine struct {
	IncidentDevice
	Href, From, To, Lasted string
}

// laneGroup are the lanes of one device.
type laneGroup struct {
	Device string
	Href   string
	Lanes  []laneLine
}

// eventLine is one event with its shape.
type eventLine struct {
	Event
	Day, Clock string
	Late       string // when it was recorded, where that was later than a minute after
	Glyph      string // class of the glyph; empty for a dot
	Quiet      bool
	Words      string
}

// deliveryLine is one message that was or will be sent.
type deliveryLine struct {
	Delivery
	Time *stamp
}

func (s *server) incidentPage(r *http.Request, v Viewer) (sheet, error) {
	i, err := s.incident(r, v)
	if err != nil {
		return sheet{}, err
	}
	return sheet{view: i, name: "incident", title: i.ID, nav: "/incidents", asOf: i.AsOf, model: i.model()}, nil
}

// maxLanes bounds how many devices' lanes are drawn.
const maxLanes = 8

func (i IncidentDetail) model() incidentModel {
	c := i.clock()
	m := incidentModel{
		IncidentDetail: i, Line: i.Incident.line(c), CustomerHref: fleetChoice{customer: string(i.Customer)}.href(),
		Axis: i.Span.span().axis(c), Period: periodWords(c, i.Span.span()), Abbr: c.stamp(i.Now).Zone(),
		Statement: "/statement/" + string(i.Customer),
	}
	for _, k := range i.Clocks {
		m.Clocks = append(m.Clocks, k.line(c))
	}
	m.ClockAxis = drawClocks(c, m.Clocks, i.Service)
	for n := 1; len(m.Clocks) > 0 && n <= i.Tiers; n++ {
		text := map[int]string{1: "from the beginning", 2: "at the first overrun", 3: "at the second overrun"}[n]
		m.Tiers = append(m.Tiers, tierLine{n, n == i.Tier, text})
	}
	m.title()
	m.sentence()
	m.notices()
	for _, d := range i.Incident.Devices {
		line := incidentDeviceLine{IncidentDevice: d, Href: deviceHref(i.Customer, d.ID), From: c.stamp(d.From).At(), To: "now"}
		end := i.Now
		if d.To != nil {
			end = *d.To
			line.To = c.stamp(end).At()
		}
		line.Lasted = exact(end.Sub(d.From))
		m.Devices = append(m.Devices, line)
	}
	for k, l := range i.Lanes {
		if k == maxLanes {
			m.GroupsMore = len(i.Lanes) - maxLanes
			break
		}
		m.Groups = append(m.Groups, laneGroup{string(l.Device), deviceHref(i.Customer, l.Device), lanes(c, i.Span.span(), l.Verdict, l.Lanes, i.Window, i.Contract)})
	}
	for _, e := range i.Events {
		m.Events = append(m.Events, e.line(c))
	}
	for _, d := range i.Deliveries {
		m.Deliveries = append(m.Deliveries, deliveryLine{d, c.opt(d.At)})
	}
	return m
}

// title is what happened, in the tense of now.
func (m *incidentModel) title() {
	one := len(m.Incident.Devices) == 1
	open := m.Incident.State == IncidentOpen
	switch {
	case m.Line.Verdict == StateDegraded && open:
		m.Title = m.Line.Name + plural(len(m.Incident.Devices), " does not meet a threshold", " do not meet a threshold")
	case m.Line.Verdict == StateDegraded:
		m.Title = m.Line.Name + " did not meet a threshold"
	case open && one:
		m.Title = m.Line.Name + " does not answer"
	case open:
		m.Title = m.Line.Name + " do not answer"
	default:
		m.Title = m.Line.Name + " did not answer"
	}
}

// sentence says how long, who saw it, and how much of it counts.
func (m *incidentModel) sentence() {
	i, l := m.Incident, m.Line
	word := upper(l.Verdict.Word())
	if i.State == IncidentOpen {
		m.Lead = fmt.Sprintf("%s since %s, %s.", word, l.From.AtZ(), l.Lasted)
	} else {
		m.Lead = fmt.Sprintf("%s from %s, %s.", word, l.From.AtZ(), l.Lasted)
		if l.To != nil {
			m.Lead = fmt.Sprintf("%s from %s to %s, %s.", word, l.From.AtZ(), l.To.AtZ(), l.Lasted)
		}
	}
	var parts []string
	if who := voters(i.Witnesses, StateDown); len(who) > 0 {
		parts = append(parts, list(who)+" asked and got no answer.")
	}
	if who := voters(i.Witnesses, StateDegraded); len(who) > 0 {
		parts = append(parts, list(who)+" got answers that did not meet a threshold.")
	}
	parts = append(parts, i.CountedDown.Exact()+" of down time count in the service hours.")
	m.Rest = strings.Join(parts, " ")
	for _, k := range m.Clocks { // what runs out comes first
		if k.Running && k.By != nil {
			when := "by"
			if k.Exceeded > 0 {
				when = "since"
			}
			m.Lead, m.Rest = fmt.Sprintf("%s %s, %s %s.", k.Figure, k.After, when, k.By.AtZ()), m.Lead+" "+m.Rest
			break
		}
	}
}

func (m *incidentModel) notices() {
	i := m.Incident
	if i.SingleWitness {
		m.Notices = append(m.Notices, notice{StateDegraded, "This incident rests on one witness.", "One more location that votes would tell a fault of the device from a fault of the path."})
	}
	if i.EvidencePending {
		m.Notices = append(m.Notices, notice{StateUnknown, "Evidence pending.", "It was opened on signed heartbeats; the batches that prove it have not all arrived. Figures wait for them."})
	}
	switch i.State {
	case IncidentWithdrawn:
		m.Notices = append(m.Notices, notice{StateUnknown, "Withdrawn by late data.", "Measurements that arrived later show that there was no breach. Nothing was deleted: the events say how it came about."})
	case IncidentMerged:
		m.Notices = append(m.Notices, notice{StateUnknown, "Merged into " + i.Successor + ".", "Late data joined the two; the other one goes on."})
	}
}

func (e Event) line(c clock) eventLine {
	at := c.stamp(e.At)
	out := eventLine{Event: e, Day: at.t.Format("Mon"), Clock: at.t.Format("15:04:05"), Words: e.Text}
	if days := int(dayOf(c.now).Sub(dayOf(at.t)).Hours() / 24); days > 6 || days < 0 {
		out.Day = at.t.Format("2 Jan")
	}
	if late := e.Recorded.Sub(e.At); !e.Recorded.IsZero() && late >= time.Minute {
		out.Late = c.stamp(e.Recorded).AtZ()
	}
	switch e.Kind {
	case "opened", "joined", "reopened", "device added", "reopened by late data", "reopened on relapse", "reopened by a person", "first overrun", "second overrun":
		out.Glyph = "down"
	case "closed", "confirmed", "evidence confirmed", "operational", "repaired", "work-around", "closed with cause":
		out.Glyph = "tick"
	case "suspended":
		out.Glyph = "pause"
	case "80 % of a clock used":
		out.Glyph = "degraded"
	case "merged", "withdrawn":
		out.Glyph = "unknown"
	case "told":
		out.Quiet = true
	}
	return out
}
