// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
)

// fleetModel is what the template of the fleet reads.
type fleetModel struct {
	Headline             string
	Total                int
	Tally                []tally
	Notices              []notice
	Incidents            []incidentLine
	ClosedToday          int
	LastClosed           *stamp
	Calm                 bool // nothing wrong and nothing asked for: customers only
	Customers            []customerLine
	Columns              []column
	ColClass             string // width of the columns of the matrix
	Groups               []group
	Rows                 []link // the choice of rows
	Query                string
	Hidden               []link // parameters that the filter's form carries along
	StripHead, MonthHead string
	Abbr                 string
	Prev, Next           string
	Page, Pages          int
	Empty                string // the filter that nothing matched
	Nothing              bool   // nothing is installed, or nothing is the viewer's
	Locations            []locationLine
	Voters, VotersSeeing int
	Own, OwnHeard        int
	Changes              []changeLine
	ChangesHead          string
	LastChange           *stamp
	Works                []workLine
	Mutes                []muteLine
	Width                int // of the table, in columns
}

// tally is one count of the headline; pressing it shows its devices.
type tally struct {
	State State
	N     int
	Href  string
}

// notice is a sentence with a state's edge.
type notice struct {
	State State
	Lead  string
	Rest  string
}

func (s *server) fleetPage(r *http.Request, v Viewer) (sheet, error) {
	f, err := s.reader.Fleet(r.Context(), v)
	if err != nil {
		return sheet{}, err
	}
	choice, err := readFleetChoice(r.URL.Query())
	if err != nil {
		return sheet{}, err
	}
	return sheet{view: f, name: "fleet", title: "Fleet", nav: "/", asOf: f.AsOf, model: f.model(choice)}, nil
}

// fleetChoice is which rows a fleet page shows.
type fleetChoice struct {
	rows     string // "" for trouble first, "trouble", "all"
	q        string // part of a name, customer, site, class or address
	customer string // id of one customer
	state    string
	page     int
}

func readFleetChoice(q url.Values) (fleetChoice, error) {
	c := fleetChoice{rows: q.Get("rows"), q: strings.TrimSpace(q.Get("q")), customer: q.Get("customer"), state: q.Get("state"), page: 1}
	switch c.rows {
	case "", "trouble", "all":
	default:
		return c, fmt.Errorf("%w: rows %.20q: allowed are trouble and all", ErrBadRequest, c.rows)
	}
	if len(c.q) > 100 {
		return c, fmt.Errorf("%w: the filter is longer than 100 bytes", ErrBadRequest)
	}
	if p := q.Get("page"); p != "" {
		n, err := strconv.Atoi(p)
		if err != nil || n < 1 || n > 1e6 {
			return c, fmt.Errorf("%w: page %.20q is no number", ErrBadRequest, p)
		}
		c.page = n
	}
	return c, nil
}

// href is the address of the fleet with this choice.
func (c fleetChoice) href() string {
	q := url.Values{}
	for k, v := range map[string]string{"rows": c.rows, "q": c.q, "customer": c.customer, "state": c.state} {
		if v != "" {
			q.Set(k, v)
		}
	}
	if c.page > 1 {
		q.Set("page", strconv.Itoa(c.page))
	}
	if len(q) == 0 {
		return "/"
	}
	return "/?" + q.Encode()
}

// narrowed reports whether only some devices were asked for.
func (c fleetChoice) narrowed() bool { return c.q != "" || c.customer != "" || c.state != "" }

func (f Fleet) model(choice fleetChoice) fleetModel {
	c := f.clock()
	m := fleetModel{
		Headline: f.headline(), Total: f.Counts.Devices, Query: choice.q,
		ClosedToday: f.ClosedToday, LastClosed: c.opt(f.LastClosedAt), LastChange: c.opt(f.LastChangeAt),
		StripHead: f.stripHead(c), Abbr: c.stamp(f.Now).Zone(),
		MonthHead: c.now.Format("Jan") + " so far %", Nothing: f.Counts.Devices == 0,
	}
	m.Tally = f.tallies()
	m.Notices = f.notices(c)
	for _, i := range f.Incidents {
		m.Incidents = append(m.Incidents, i.line(c))
	}
	m.Columns, m.ColClass = f.columns()
	m.Width = 7 + len(m.Columns)
	m.Calm = choice == (fleetChoice{page: 1}) && f.Counts.Up+f.Counts.Outside == f.Counts.Devices && len(f.Incidents) == 0
	if m.Calm {
		m.Customers = f.calmCustomers(c)
	} else {
		f.fillRows(&m, c, choice)
	}
	f.fillLocations(&m, c)
	for _, ch := range f.Changes {
		m.Changes = append(m.Changes, ch.line(c))
	}
	m.ChangesHead = "Changed in the last " + lengthWords(Span{f.ChangesSince, f.Now})
	for _, w := range f.Works {
		m.Works = append(m.Works, w.line(c))
	}
	for _, x := range f.Mutes {
		m.Mutes = append(m.Mutes, muteLine{x, c.stamp(x.Until)})
	}
	return m
}

// headline is the situation in one sentence.
func (f Fleet) headline() string {
	var blind []string
	for _, l := range f.Locations {
		if l.Votes && (l.State == Blind || l.State == Silent) {
			blind = append(blind, string(l.ID))
		}
	}
	n := f.Counts
	var say string
	switch {
	case n.Devices == 0:
		say = "No device is installed."
	case n.Down > 0:
		say = count(n.Down, "device is down.", "devices are down.")
	case n.Degraded > 0:
		say = count(n.Degraded, "device is degraded.", "devices are degraded.")
	case n.Unknown > 0:
		say = "Nobody could ask " + count(n.Unknown, "device.", "devices.")
	case n.Maintenance > 0:
		say = "All is up; " + count(n.Maintenance, "device is in maintenance.", "devices are in maintenance.")
	case n.Devices == n.Outside:
		say = "No device is leased now."
	case n.Up == 1:
		say = "The one device is up."
	default:
		say = fmt.Sprintf("All %d devices are up.", n.Up)
	}
	if len(blind) > 0 {
		say += " " + list(blind) + plural(len(blind), " is blind.", " are blind.")
	}
	return say
}

func (f Fleet) tallies() []tally {
	out := []tally{
		{State: StateDown, N: f.Counts.Down}, {State: StateDegraded, N: f.Counts.Degraded}, {State: StateUnknown, N: f.Counts.Unknown},
		{State: StateMaintenance, N: f.Counts.Maintenance}, {State: StateUp, N: f.Counts.Up}, {State: StateOutside, N: f.Counts.Outside},
	}
	for i := range out {
		out[i].Href = fleetChoice{state: string(out[i].State)}.href()
	}
	return out
}

func (f Fleet) stripHead(c clock) string {
	return upper("last "+lengthWords(f.Strip)) + " to " + c.stamp(f.Strip.To).MinuteZ()
}

// lengthWords is the length of a period as one says it: "hour", "10 min".
func lengthWords(s Span) string {
	d := s.To.Sub(s.From)
	switch {
	case d == time.Hour:
		return "hour"
	case d%(24*time.Hour) == 0 && d > 24*time.Hour:
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	case d%time.Hour == 0 && d > 0:
		return fmt.Sprintf("%d hours", d/time.Hour)
	case d%time.Minute == 0 && d > 0:
		return fmt.Sprintf("%d minutes", d/time.Minute)
	}
	return spoken(d)
}

// changeLine is one change with where it leads.
type changeLine struct {
	Change
	Time stamp
	Name string
	Href string
}

func (ch Change) line(c clock) changeLine {
	out := changeLine{Change: ch, Time: c.stamp(ch.At)}
	switch {
	case ch.Incident != "":
		out.Name, out.Href = ch.Incident, incidentHref(ch.Customer, ch.Incident)
	case ch.Device != "":
		out.Name, out.Href = string(ch.Device), deviceHref(ch.Customer, ch.Device)
	}
	return out
}

func deviceHref(c vouch.CustomerID, d vouch.DeviceID) string {
	return "/device/" + url.PathEscape(string(c)) + "/" + url.PathEscape(string(d))
}

func incidentHref(c vouch.CustomerID, id string) string {
	return "/incident/" + url.PathEscape(string(c)) + "/" + url.PathEscape(id)
}
