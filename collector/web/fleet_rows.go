// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/vouch-sla/vouch"
)

// The page of a fleet stays small however large the fleet is: what has no trouble is
// folded into one row a site or a customer, and what is left is paged.

// rowsPerPage keeps a page of the fleet below 100 KB.
const rowsPerPage = 60

// group is a customer with the rows that are shown of it.
type group struct {
	Customer  Customer
	Href      string // shows the customer alone
	Statement string
	Words     string // "9 up"
	Loud      []stateCount
	Rows      []row
}

// stateCount is a number of devices in trouble, in words and in the state's colour.
type stateCount struct {
	State State
	Text  string
}

// row is one row of the matrix: a device, or several folded devices.
type row struct {
	Class     string // of the table row: bad, warn, unk or none
	Site      string
	SiteRows  int // rows of this site from here on; 0 where an earlier row holds the cell
	Device    DeviceRow
	Href      string
	Folded    int // number of devices that this row stands for; 0 for a single one
	FoldLabel string
	Since     *stamp
	Note      string // age and reason
	Seen      []cell
	Strip     strip
	RTT       string
}

// cell is what one witness sees.
type cell struct {
	column
	State State
	Empty bool // it does not look at this device
}

// customerLine is a customer on a calm page.
type customerLine struct {
	Customer
	Href    string
	Strip   strip
	Devices string
}

func (f Fleet) calmCustomers(c clock) []customerLine {
	var out []customerLine
	for _, cu := range f.Customers {
		n := cu.counts()
		line := customerLine{Customer: cu, Href: fleetChoice{customer: string(cu.ID)}.href(), Devices: n.words()}
		var segments []Segment
		for _, s := range cu.Sites {
			for _, d := range s.Devices {
				if d.State != StateOutside && (!calm(d.Strip) || segments == nil) {
					segments = append(segments, d.Strip...)
				}
			}
		}
		line.Strip = f.Strip.span().strip(c, "last "+lengthWords(f.Strip), quietFirst(segments), nil)
		out = append(out, line)
	}
	return out
}

// quietFirst orders segments of several devices so that the loud are painted over the
// quiet.
func quietFirst(segments []Segment) []Segment {
	slices.SortStableFunc(segments, func(a, b Segment) int { return cmp.Compare(a.State.loudness(), b.State.loudness()) })
	return segments
}

func (c Customer) counts() Counts {
	var n Counts
	for _, s := range c.Sites {
		for _, d := range s.Devices {
			n.add(d.State)
		}
	}
	return n
}

func (n *Counts) add(s State) {
	n.Devices++
	switch s {
	case StateUp:
		n.Up++
	case StateDegraded:
		n.Degraded++
	case StateDown:
		n.Down++
	case StateMaintenance:
		n.Maintenance++
	case StateOutside:
		n.Outside++
	default:
		n.Unknown++
	}
}

// trouble is what makes a customer stand before others.
func (n Counts) trouble() int { return n.Devices - n.Up - n.Outside }

// words is what is quiet: "all 18 up", "9 up, 1 outside lease".
func (n Counts) words() string {
	if n.Up == n.Devices && n.Up > 1 {
		return fmt.Sprintf("all %d up", n.Up)
	}
	var parts []string
	if n.Up > 0 || n.Devices == 0 {
		parts = append(parts, fmt.Sprintf("%d up", n.Up))
	}
	if n.Outside > 0 {
		parts = append(parts, fmt.Sprintf("%d outside lease", n.Outside))
	}
	return strings.Join(parts, ", ")
}

func (n Counts) loud() []stateCount {
	var out []stateCount
	for _, t := range []tally{{State: StateDown, N: n.Down}, {State: StateDegraded, N: n.Degraded}, {State: StateUnknown, N: n.Unknown}, {State: StateMaintenance, N: n.Maintenance}} {
		if t.N > 0 {
			out = append(out, stateCount{t.State, fmt.Sprintf("%d %s", t.N, t.State)})
		}
	}
	return out
}

// fillRows chooses, folds, orders and pages the rows.
func (f Fleet) fillRows(m *fleetModel, c clock, choice fleetChoice) {
	customers := slices.Clone(f.Customers)
	if choice.rows != "all" {
		slices.SortStableFunc(customers, func(a, b Customer) int {
			return cmp.Compare(worst(b), worst(a))
		})
	}
	var groups []group
	rows, found := 0, 0
	for _, cu := range customers {
		g, n := f.group(m.Columns, c, cu, choice)
		if n == 0 {
			continue
		}
		found += n
		rows += max(1, len(g.Rows))
		groups = append(groups, g)
	}
	if found == 0 && choice.narrowed() {
		m.Empty = cmp.Or(choice.q, choice.state, choice.customer)
	}
	m.Pages = max(1, (rows+rowsPerPage-1)/rowsPerPage)
	m.Page = min(choice.page, m.Pages)
	m.Groups = slicePage(groups, (m.Page-1)*rowsPerPage, rowsPerPage)
	if m.Page > 1 {
		prev := choice
		prev.page = m.Page - 1
		m.Prev = prev.href()
	}
	if m.Page < m.Pages {
		next := choice
		next.page = m.Page + 1
		m.Next = next.href()
	}
	for _, o := range []struct{ rows, word string }{{"", "Trouble first"}, {"trouble", "Trouble only"}, {"all", "All"}} {
		to := choice
		to.rows, to.page, to.customer, to.state = o.rows, 1, "", ""
		m.Rows = append(m.Rows, link{Path: to.href(), Word: o.word, Current: choice.rows == o.rows && choice.customer == "" && choice.state == ""})
	}
	for _, h := range []link{{Path: "rows", Word: choice.rows}, {Path: "customer", Word: choice.customer}, {Path: "state", Word: choice.state}} {
		if h.Word != "" {
			m.Hidden = append(m.Hidden, h)
		}
	}
}

// worst is the loudest state of a customer's devices.
func worst(c Customer) int {
	out := 0
	for _, s := range c.Sites {
		for _, d := range s.Devices {
			if l := d.State.loudness(); l > StateUp.loudness() {
				out = max(out, l)
			}
		}
	}
	return out
}

// slicePage takes limit rows from the given one on. A customer without rows of its
// own counts as one.
func slicePage(groups []group, from, limit int) []group {
	var out []group
	at := 0
	for _, g := range groups {
		n := max(1, len(g.Rows))
		lo, hi := max(from-at, 0), min(from+limit-at, n)
		at += n
		if lo >= hi {
			continue
		}
		if len(g.Rows) > 0 {
			g.Rows = mergeSites(g.Rows[lo:hi])
		}
		out = append(out, g)
	}
	return out
}

// mergeSites gives the first row of each site a cell over all of them.
func mergeSites(rows []row) []row {
	for i := range rows {
		rows[i].SiteRows = 0
		if i > 0 && rows[i].Site == rows[i-1].Site {
			continue
		}
		rows[i].SiteRows = 1
		for j := i + 1; j < len(rows) && rows[j].Site == rows[i].Site; j++ {
			rows[i].SiteRows++
		}
	}
	return rows
}

// smallFleet is how many devices fit on a screen: folding so few hides more than it
// spares.
const smallFleet = 24

// group makes the rows of one customer and counts the devices that the choice meets.
func (f Fleet) group(columns []column, c clock, cu Customer, choice fleetChoice) (group, int) {
	n := cu.counts()
	g := group{Customer: cu, Words: n.words(), Loud: n.loud(),
		Href: fleetChoice{customer: string(cu.ID)}.href(), Statement: "/statement/" + string(cu.ID)}
	if choice.customer != "" && choice.customer != string(cu.ID) {
		return g, 0
	}
	if choice.rows == "trouble" && n.trouble() == 0 {
		return g, 0
	}
	unfolded := choice.rows == "all" || choice.narrowed() || choice.rows == "" && f.Counts.Devices <= smallFleet
	found := 0
	for _, site := range cu.Sites {
		var shown, folded []DeviceRow
		for _, d := range site.Devices {
			if !choice.meets(cu, site, d) {
				continue
			}
			found++
			loud := d.State.loudness() > StateUp.loudness() || d.State == StateOutside
			switch {
			case unfolded || loud || !d.quiet():
				shown = append(shown, d)
			case choice.rows != "trouble":
				folded = append(folded, d)
			}
		}
		if len(folded) <= 3 && len(shown) > 0 { // too few to be worth a fold
			for _, d := range site.Devices {
				if choice.rows != "trouble" && slices.ContainsFunc(folded, func(o DeviceRow) bool { return o.ID == d.ID }) {
					shown = append(shown, d)
				}
			}
			folded = nil
		}
		if n.trouble() == 0 && !unfolded {
			shown, folded = nil, nil // the customer's own row says it all
		}
		for _, d := range shown {
			g.Rows = append(g.Rows, f.deviceRow(columns, c, cu, site, d))
		}
		if len(folded) > 0 {
			g.Rows = append(g.Rows, f.foldedRow(columns, cu, site, folded, len(shown) > 0))
		}
	}
	g.Rows = mergeSites(g.Rows)
	return g, found
}

// quiet reports whether a device that is up was so all the while, and no witness sees
// it otherwise.
func (d DeviceRow) quiet() bool {
	return calm(d.Strip) && !slices.ContainsFunc(d.Seen, func(s Seen) bool { return s.State == StateDown || s.State == StateDegraded })
}

// meets reports whether a device is among those asked for.
func (c fleetChoice) meets(cu Customer, site Site, d DeviceRow) bool {
	if c.state != "" && c.state != d.State.Word() {
		return false
	}
	if c.q == "" {
		return true
	}
	q := strings.ToLower(c.q)
	for _, s := range append([]string{string(d.ID), string(d.Class), cu.Name, string(cu.ID), site.Name}, d.Addresses...) {
		if strings.Contains(strings.ToLower(s), q) {
			return true
		}
	}
	return false
}

func (f Fleet) deviceRow(columns []column, c clock, cu Customer, site Site, d DeviceRow) row {
	out := row{Site: site.Name, Device: d, Href: deviceHref(cu.ID, d.ID), RTT: "-"}
	switch d.State {
	case StateDown:
		out.Class = "bad"
	case StateDegraded:
		out.Class = "warn"
	case StateUnknown, "":
		out.Class = "unk"
	}
	if d.State != StateUp {
		out.Since = c.opt(d.Since)
		var note []string
		if out.Since != nil {
			note = append(note, out.Since.Ago())
		}
		if d.Reason != "" {
			note = append(note, reasonWords(d.Reason))
		}
		out.Note = strings.Join(note, ", ")
	}
	if d.RTT != nil {
		out.RTT = d.RTT.MS()
	}
	out.Strip = f.Strip.span().strip(c, "last "+lengthWords(f.Strip), d.Strip, nil)
	out.Seen = seenBy(columns, d.Seen)
	return out
}

// seenBy puts what locations see into the columns. Several locations in the
// customer's custody share one: the loudest is shown.
func seenBy(columns []column, seen []Seen) []cell {
	out := make([]cell, len(columns))
	for i, col := range columns {
		out[i] = cell{column: col, Empty: true}
		for _, s := range seen {
			own := s.Custody == vouch.CustodyCustomer
			if own != col.Own || !own && s.Location != col.ID {
				continue
			}
			if out[i].Empty || s.State.loudness() > out[i].State.loudness() {
				out[i].State = s.State
			}
			out[i].Empty = false
		}
	}
	return out
}

// foldedRow stands for several devices that are up and were up all the while.
func (f Fleet) foldedRow(columns []column, cu Customer, site Site, devices []DeviceRow, more bool) row {
	out := row{Site: site.Name, Folded: len(devices), Href: fleetChoice{customer: string(cu.ID)}.href()}
	out.FoldLabel = count(len(devices), "device", "devices")
	if more {
		out.FoldLabel = fmt.Sprintf("%d more", len(devices))
	}
	out.Device.State = StateUp
	out.Strip = strip{Label: "last " + lengthWords(f.Strip) + ": all up", Marks: []mark{{bar{"0", "100"}, "c-up", "84", "16", ""}}}
	var all []Seen
	for _, d := range devices {
		all = append(all, d.Seen...)
	}
	out.Seen = seenBy(columns, all)
	return out
}
