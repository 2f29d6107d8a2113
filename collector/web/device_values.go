// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
)

// maxValueLines bounds the values on a page; its JSON has all.
const maxValueLines = 60

// told makes lines of what the device told: of its interfaces, and of all else.
func (m *deviceModel) told(c clock, sp span, d Device) {
	for i, k := range sp.sparks(d.Interfaces) {
		f := d.Interfaces[i]
		line := interfaceLine{Interface: f, Spark: k}
		if f.At != nil && d.InterfacesAt != nil && d.InterfacesAt.Sub(*f.At) > time.Minute {
			line.Old = c.opt(f.At)
		}
		m.Interfaces = append(m.Interfaces, line)
		m.Sparks = m.Sparks || len(f.Rates) > 0
		if m.RateWords == "" && f.Over > 0 && (f.In != nil || f.Out != nil) {
			m.RateWords = "rates over " + f.Over.Spoken()
		}
	}
	for _, v := range d.Values {
		m.Values = append(m.Values, v.line())
	}
	// Trouble stands first: a list is read from its top.
	slices.SortStableFunc(m.Values, func(a, b valueLine) int { return cmp.Compare(a.rank(), b.rank()) })
	if more := len(m.Values) - maxValueLines; more > 0 {
		m.Values, m.ValuesMore = m.Values[:maxValueLines], more
	}
}

// interfaceLine is one interface with its curve.
type interfaceLine struct {
	Interface
	Spark spark
	Old   *stamp // of its last answer, where that is not the device's last
}

// Title names the interface.
func (l interfaceLine) Title() string {
	switch {
	case l.Index == "":
		return l.Name
	case l.Name == "":
		return "index " + l.Index
	}
	return l.Name + " (index " + l.Index + ")"
}

// Errs and Drops are errors and discards a second.
func (l interfaceLine) Errs() string  { return perSecond(l.ErrorRate) }
func (l interfaceLine) Drops() string { return perSecond(l.DiscardRate) }

// perSecond is a small rate: 0, or two digits that say something.
func perSecond(r *float64) string {
	switch {
	case r == nil:
		return "-"
	case *r == 0:
		return "0"
	case *r < 0.01:
		return "< 0.01"
	case *r < 10:
		return strconv.FormatFloat(*r, 'f', 2, 64)
	}
	return number(math.Round(*r))
}

// number is a number as short as it can be without losing what it says.
func number(f float64) string {
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return strconv.FormatFloat(f, 'f', 0, 64)
	}
	return strconv.FormatFloat(f, 'g', 6, 64)
}

// valueLine is one value in words.
type valueLine struct {
	Value
	Title string
	Of    string // the row that it belongs to
	Text  string
	Why   string // why there is no rate
}

func (l valueLine) rank() int {
	switch l.Judged {
	case JudgedTrouble:
		return 0
	case JudgedUnknown:
		return 1
	}
	return 2
}

func (v Value) line() valueLine {
	l := valueLine{Value: v, Title: v.Name, Text: v.text()}
	if v.Measurement != "snmp" {
		l.Title = v.Measurement + "." + v.Name
	}
	var of []string
	for _, t := range v.Tags {
		of = append(of, t.Key+" "+t.Value)
	}
	l.Of = strings.Join(of, ", ")
	if v.Rate == nil && v.Type == vouch.TypeCounter {
		l.Why = "no rate: " + v.NoRate
	}
	return l
}

// text is the value with its unit. A counter is told by its rate: what it has come to
// says nothing.
func (v Value) text() string {
	unit := ""
	if v.Unit != "" {
		unit = nbsp + v.Unit
	}
	switch x := vouch.Value(v.Value); {
	case v.Words != "":
		return strings.ReplaceAll(v.Words, ",", ", ")
	case v.Type == vouch.TypeCounter && v.Rate == nil:
		return "-"
	case v.Type == vouch.TypeCounter:
		return perSecond(v.Rate) + unit + "/s"
	case v.Type == vouch.TypeTicks && x.Kind() == vouch.ValueUint:
		return spoken(time.Duration(min(x.Uint(), math.MaxUint32)) * 10 * time.Millisecond)
	case x.Kind() == vouch.ValueFloat:
		return number(x.Float()) + unit
	default:
		return fmt.Sprint(v.Value.plain()) + unit
	}
}

// restartLine is a restart in words.
type restartLine struct{ Title, Text string }

func (r Restart) line(c clock) restartLine {
	l := restartLine{Title: "Restarted"}
	at := c.stamp(r.At)
	switch {
	case r.What == RestartOfAgent:
		l.Title = "SNMP agent restarted"
	case r.What == RestartOfAnother:
		l.Title = "Another box, or reset"
	}
	l.Text = at.AtZ()
	if r.Seen != nil && r.Clock == "" {
		l.Text = "between " + c.stamp(r.At.Add(-time.Duration(r.Within))).At() + " and " + c.stamp(r.At.Add(time.Duration(r.Within))).AtZ()
	}
	if seen := c.opt(r.Seen); seen != nil {
		l.Text += ", seen " + seen.At()
	} else {
		l.Text += ", by its uptime"
	}
	return l
}
