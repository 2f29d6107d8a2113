// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/vouch-sla/vouch"
)

// rule is one rule of a profile's table, made ready.
type rule struct {
	tag    string
	match  *regexp.Regexp
	except bool
}

func newRule(r vouch.Rule) (rule, error) {
	re, err := regexp.Compile(r.Match)
	if err != nil {
		return rule{}, fmt.Errorf("rule for %s is no pattern: %v", r.Tag, err)
	}
	return rule{r.Tag, re, r.Except}, nil
}

func passes(rules []rule, tags []vouch.Tag) bool {
	for i := range rules {
		r := &rules[i]
		value := ""
		for _, t := range tags {
			if t.Key == r.tag {
				value = t.Value
			}
		}
		if r.match.MatchString(value) == r.except {
			return false
		}
	}
	return true
}

// selection is which interfaces of a device are measured, as the installed base says.
type selection struct {
	names    []string // as the check has them
	patterns []vouch.InterfacePattern
	values   []vouch.ValueRef // rows that a threshold is about stay, whatever is chosen
}

// selectionOf returns the selection of a check, nil where it names no interfaces.
func (k *knowledge) selectionOf(c vouch.Check) *selection {
	if len(c.Interfaces) == 0 {
		k.selection = nil
		return nil
	}
	if s := k.selection; s != nil && slices.Equal(s.names, c.Interfaces) {
		return s
	}
	s := &selection{names: c.Interfaces}
	for _, name := range c.Interfaces {
		if p, err := vouch.ParseInterface(name); err == nil && len(s.patterns) < vouch.MaxInterfaces {
			s.patterns = append(s.patterns, p)
		}
	}
	for _, name := range c.Values {
		if v, err := vouch.ParseValueRef(name); err == nil && v.Measurement == vouch.InterfaceMeasurement {
			s.values = append(s.values, v)
		}
	}
	k.selection = s
	return s
}

// choose leaves out the rows of a table, from a point on, that nobody asked for. What
// the installed base chooses comes before the rules of the profile.
func (a *attempt) choose(t *table, from int) {
	rows := a.points.out[from:]
	kept := rows
	switch {
	case a.selection != nil && t.name == vouch.InterfaceMeasurement:
		var without uint64
		kept, without = a.selection.keep(rows)
		for i, p := range a.selection.patterns {
			if without&(1<<i) != 0 {
				a.note(fmt.Sprintf("no interface has %s %s, which the installed base names", p.Tag, p.Glob))
			}
		}
	case len(t.rules) > 0:
		kept = slices.DeleteFunc(rows, func(p vouch.Point) bool { return !passes(t.rules, p.Tags) })
		if len(kept) == 0 && len(rows) > 0 {
			a.note("table " + t.name + ": the rules of the profile leave none of its rows")
		}
	default:
		return
	}
	a.points.out = a.points.out[:from+len(kept)]
}

// keep returns the points that are chosen, in place, and which of the patterns chose
// none, as bits.
func (s *selection) keep(rows []vouch.Point) (kept []vouch.Point, without uint64) {
	without = 1<<len(s.patterns) - 1
	kept = rows[:0]
	for _, p := range rows {
		chosen := false
		for i := range s.patterns {
			if s.patterns[i].Matches(p.Tags) {
				chosen = true
				without &^= 1 << i
			}
		}
		if chosen || slices.ContainsFunc(s.values, func(v vouch.ValueRef) bool { return isAbout(v, p.Tags) }) {
			kept = append(kept, p)
		}
	}
	clear(rows[len(kept):])
	return kept, without
}

func isAbout(v vouch.ValueRef, tags []vouch.Tag) bool {
	return !slices.ContainsFunc(v.Tags, func(t vouch.Tag) bool { return !slices.Contains(tags, t) })
}
