// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract_test

import (
	"math/big"
	"slices"
	"time"
)

// This file is a second implementation of rules 1 to 9, made to be compared with the
// package. It shares no code with it and is deliberately naive: it asks each second
// of the period what the wall clock says and what everybody saw, and counts.

// rawCase is a case as it stands in a file.
type rawCase struct {
	Schema        string                `json:"schema"`
	ID            string                `json:"id"`
	Timezone      string                `json:"timezone"`
	Period        [2]time.Time          `json:"period"`
	ServiceWindow any                   `json:"service_window"` // rawWindow or []rawWindow
	Holidays      []string              `json:"holidays"`
	Quorum        any                   `json:"quorum"` // int or rawQuorum
	Incident      rawIncident           `json:"incident"`
	Agents        []rawAgent            `json:"agents,omitempty"`
	Devices       map[string][]rawAgent `json:"devices,omitempty"`
	Service       *rawNode              `json:"service,omitempty"`
	Maintenance   []rawExclusion        `json:"maintenance,omitempty"`
	Outside       []rawOutside          `json:"outside_control,omitempty"`
}

type rawWindow struct {
	Days []string `json:"days"`
	From string   `json:"from"`
	To   string   `json:"to"`
}

type rawQuorum struct {
	Rule string `json:"rule"`
	Q    int    `json:"q"`
}

type rawIncident struct {
	Confirm int `json:"confirm_s"`
	Clear   int `json:"clear_s"`
}

type rawAgent struct {
	ID        string        `json:"id"`
	Location  string        `json:"location"`
	Custody   string        `json:"custody"`
	Default   string        `json:"default"`
	Intervals []rawInterval `json:"intervals"`
}

type rawInterval struct {
	From  time.Time `json:"from"`
	To    time.Time `json:"to"`
	State string    `json:"state"`
}

type rawNode struct {
	Device string    `json:"device,omitempty"`
	All    []rawNode `json:"all,omitempty"`
	Any    []rawNode `json:"any,omitempty"`
}

type rawExclusion struct {
	ID        string    `json:"id"`
	From      time.Time `json:"from"`
	To        time.Time `json:"to"`
	Announced time.Time `json:"announced_at"`
}

type rawOutside struct {
	ID       string    `json:"id"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Cause    string    `json:"cause"`
	Recorded time.Time `json:"recorded_at"`
	Accepted bool      `json:"accepted"`
}

type naiveIncident struct {
	from, to int64
	open     bool
	counted  int64
}

type naiveAnswer struct {
	agreed, excluded, up, down, unknown int64
	incidents                           []naiveIncident
}

// naive computes a case second by second.
func naive(c rawCase) naiveAnswer {
	var a naiveAnswer
	loc, err := time.LoadLocation(c.Timezone)
	if err != nil {
		panic(err)
	}
	from, to := c.Period[0].Unix(), c.Period[1].Unix()
	ticks := make([]byte, to-from) // 'u' up, 'd' down, 'k' unknown, 'x' excluded
	service := make([]bool, to-from)
	for s := from; s < to; s++ {
		now := time.Unix(s, 0).In(loc)
		state := c.verdict(s)
		if c.excluded(s) {
			state = 'x'
		}
		ticks[s-from] = state
		if !c.inWindow(now) {
			continue
		}
		service[s-from] = true
		a.agreed++
		switch state {
		case 'x':
			a.excluded++
		case 'u':
			a.up++
		case 'd':
			a.down++
		case 'k':
			a.unknown++
		}
	}
	a.incidents = naiveIncidents(ticks, service, from, c.Incident)
	return a
}

func (c rawCase) inWindow(now time.Time) bool {
	if slices.Contains(c.Holidays, now.Format("2006-01-02")) {
		return false
	}
	windows, ok := c.ServiceWindow.([]rawWindow)
	if !ok {
		windows = []rawWindow{c.ServiceWindow.(rawWindow)}
	}
	clock := now.Format("15:04:05")
	for _, w := range windows {
		if slices.Contains(w.Days, now.Format("Mon")) && clock >= w.From+":00" && clock < w.To+":00" {
			return true
		}
	}
	return false
}

func covers(from, to time.Time, s int64) bool { return from.Unix() <= s && s < to.Unix() }

func (c rawCase) excluded(s int64) bool {
	for _, m := range c.Maintenance {
		if covers(m.From, m.To, s) && !m.Announced.After(m.From) {
			return true
		}
	}
	for _, o := range c.Outside {
		if covers(o.From, o.To, s) && o.Accepted {
			return true
		}
	}
	return false
}

func (c rawCase) verdict(s int64) byte {
	if c.Service == nil {
		return c.device(c.Agents, s)
	}
	return c.node(*c.Service, s)
}

func (c rawCase) node(n rawNode, s int64) byte {
	if n.Device != "" {
		return c.device(c.Devices[n.Device], s)
	}
	var said []byte
	for _, child := range slices.Concat(n.All, n.Any) {
		said = append(said, c.node(child, s))
	}
	order := "dku" // all
	if n.Any != nil {
		order = "ukd"
	}
	for i := range len(order) {
		if slices.Contains(said, order[i]) {
			return order[i]
		}
	}
	panic("a node without children")
}

func (c rawCase) device(agents []rawAgent, s int64) byte {
	places := map[string][]byte{}
	for _, a := range agents {
		if a.Custody != "customer" {
			places[a.Location] = append(places[a.Location], a.state(s))
		}
	}
	u, d, k := 0, 0, 0
	for _, said := range places {
		switch {
		case slices.Contains(said, 'u'):
			u++
		case slices.Contains(said, 'd'):
			d++
		default:
			k++
		}
	}
	rule, q := "reachable_from", 0
	switch x := c.Quorum.(type) {
	case int:
		q = x
	case rawQuorum:
		rule, q = x.Rule, x.Q
	}
	switch {
	case u+d+k < q:
		return 'k'
	case rule == "reachable_from" && u >= q, rule == "two_sided" && u >= q:
		return 'u'
	case rule == "reachable_from" && u+k >= q:
		return 'k'
	case rule == "reachable_from":
		return 'd'
	case d >= q:
		return 'd'
	case rule == "two_sided", d+k >= q:
		return 'k'
	}
	return 'u'
}

// state hears overlapping intervals like several checks of one agent.
func (a rawAgent) state(s int64) byte {
	said := map[string]bool{}
	for _, i := range a.Intervals {
		if covers(i.From, i.To, s) {
			said[i.State] = true
		}
	}
	if len(said) == 0 {
		said[a.Default] = true
	}
	switch {
	case said["up"]:
		return 'u'
	case said["degraded"], said["down"]:
		return 'd'
	}
	return 'k'
}

// naiveIncidents looks ahead where the package looks back: it first marks the up runs
// that are long enough, then walks.
func naiveIncidents(ticks []byte, service []bool, from int64, r rawIncident) []naiveIncident {
	long := make([]bool, len(ticks))
	for i := 0; i < len(ticks); {
		j := i
		for j < len(ticks) && ticks[j] == 'u' {
			j++
		}
		for k := i; k < j; k++ {
			long[k] = j-i >= r.Clear
		}
		i = max(j, i+1)
	}
	var out []naiveIncident
	var open *naiveIncident
	var downs []int // of the count
	for i, state := range ticks {
		switch {
		case long[i] && open != nil:
			open.to, open.open = from+int64(i), false
			out = append(out, *open)
			open, downs = nil, nil
		case long[i], state == 'x' && open == nil:
			downs = nil
		case state == 'd' && open != nil:
			if service[i] {
				open.counted++
			}
		case state == 'd':
			downs = append(downs, i)
			if len(downs) < r.Confirm {
				continue
			}
			open = &naiveIncident{from: from + int64(downs[0]), open: true}
			for _, d := range downs {
				if service[d] {
					open.counted++
				}
			}
		}
	}
	if open != nil {
		out = append(out, *open)
	}
	return out
}

// rawClock is a clock as it stands in a file.
type rawClock struct {
	Schema        string      `json:"schema"`
	ID            string      `json:"id"`
	Timezone      string      `json:"timezone"`
	ServiceWindow []rawWindow `json:"service_window"`
	Holidays      []string    `json:"holidays"`
	Started       time.Time   `json:"started_at"`
	Target        int         `json:"target_s"`
	Suspensions   []rawSpan   `json:"suspensions"`
	Stopped       time.Time   `json:"stopped_at"`
	Fee           int64       `json:"monthly_fee_cents"`
	Credit        rawCredit   `json:"credit"`
}

type rawSpan struct {
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	Reason string    `json:"reason"`
}

type rawCredit struct {
	PerDay int64  `json:"percent_per_day"`
	Cap    int64  `json:"cap_percent"`
	Days   string `json:"days"`
}

type naiveClockAnswer struct {
	reached               bool
	deadline              int64
	exceeded, days, cents int64
}

// naiveClock computes a clock second by second, looking no further than horizon.
func naiveClock(c rawClock, horizon int64) naiveClockAnswer {
	var a naiveClockAnswer
	loc, err := time.LoadLocation(c.Timezone)
	if err != nil {
		panic(err)
	}
	w := rawCase{ServiceWindow: c.ServiceWindow, Holidays: c.Holidays}
	running := 0
	for s := c.Started.Unix(); s < horizon; s++ {
		if running == c.Target {
			a.reached, a.deadline = true, s
			break
		}
		stopped := slices.ContainsFunc(c.Suspensions, func(x rawSpan) bool { return covers(x.From, x.To, s) })
		if !stopped && w.inWindow(time.Unix(s, 0).In(loc)) {
			running++
		}
	}
	if !a.reached || c.Stopped.Unix() <= a.deadline {
		return a
	}
	dates, working := map[string]bool{}, map[string]bool{}
	for s := a.deadline; s < c.Stopped.Unix(); s++ {
		a.exceeded++
		now := time.Unix(s, 0).In(loc)
		dates[now.Format("2006-01-02")] = true
		listed := slices.ContainsFunc(c.ServiceWindow, func(x rawWindow) bool {
			return x.From != x.To && slices.Contains(x.Days, now.Format("Mon"))
		})
		if listed && !slices.Contains(c.Holidays, now.Format("2006-01-02")) {
			working[now.Format("2006-01-02")] = true
		}
	}
	switch c.Credit.Days {
	case "commenced":
		for a.days*24*60*60 < a.exceeded {
			a.days++
		}
	case "completed":
		for (a.days+1)*24*60*60 <= a.exceeded {
			a.days++
		}
	case "calendar":
		a.days = int64(len(dates))
	case "working":
		a.days = int64(len(working))
	}
	percent := min(a.days*c.Credit.PerDay, c.Credit.Cap)
	credit := new(big.Int).Mul(big.NewInt(percent), big.NewInt(c.Fee))
	a.cents = credit.Div(credit, big.NewInt(100)).Int64()
	return a
}
