// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"fmt"
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
)

// Finding is something to tell about terms: a mistake, which forbids their use, or a
// warning.
type Finding struct {
	Field   string // by its JSON name, such as "voters[2].location"
	Text    string
	Warning bool
}

// Error returns "field: text".
func (f Finding) Error() string { return f.Field + ": " + f.Text }

// Check returns every mistake in the terms and every warning about them.
func (t Terms) Check() []Finding {
	c := &checking{}
	c.calendar(t)
	c.quorum(t)
	c.choices(t)
	c.times(t)
	c.thresholds(t)
	c.hours(t)
	c.holidayLists(t)
	c.exclusions(t)
	c.support(t)
	c.duties(t)
	return c.found
}

type checking struct{ found []Finding }

func (c *checking) wrong(field, format string, args ...any) {
	c.found = append(c.found, Finding{Field: field, Text: fmt.Sprintf(format, args...)})
}

func (c *checking) warn(field, format string, args ...any) {
	c.found = append(c.found, Finding{Field: field, Text: fmt.Sprintf(format, args...), Warning: true})
}

func (c *checking) calendar(t Terms) {
	if t.Zone.Name() == "" {
		c.wrong("zone", "a time zone is needed")
	}
	if len(t.Windows) == 0 {
		c.wrong("windows", "at least one service window is needed; around the clock is Mon to Sun, 00:00 to 24:00")
	}
	c.windows("windows", t.Windows)
	for i, h := range t.Holidays {
		field := fmt.Sprintf("holidays[%d]", i)
		if d, err := ParseDate(h.String()); err != nil || d != h {
			c.wrong(field, "%s is no calendar date", h)
		}
		if slices.Contains(t.Holidays[:i], h) {
			c.wrong(field, "%s stands here twice", h)
		}
	}
}

func (c *checking) quorum(t Terms) {
	if !slices.Contains([]Rule{TwoSided, ReachableFrom, UnreachableFrom}, t.Quorum.Rule) {
		c.wrong("quorum.rule", "%q is no rule; allowed are two_sided, reachable_from and unreachable_from", t.Quorum.Rule)
	}
	if t.Quorum.Q < 1 {
		c.wrong("quorum.q", "%d witnesses decide nothing; at least 1 is needed", t.Quorum.Q)
	}
	for i, v := range t.Voters {
		field := fmt.Sprintf("voters[%d]", i)
		if err := vouch.ValidID(string(v.Location)); err != nil {
			c.wrong(field+".location", "%v", err)
		}
		if slices.ContainsFunc(t.Voters[:i], func(o Voter) bool { return o.Location == v.Location }) {
			c.wrong(field+".location", "%q stands here twice; several agents at one location are one witness", v.Location)
		}
		if !slices.Contains([]vouch.Custody{vouch.CustodyProvider, vouch.CustodyNeutral, vouch.CustodyCustomer}, v.Custody) {
			c.wrong(field+".custody", "%q is no custody; allowed are provider, neutral and customer", v.Custody)
		}
	}
	n := len(t.Voting())
	switch {
	case n == 0:
		c.wrong("voters", "nobody votes; the contract names its witnesses")
	case n < t.Quorum.Q:
		c.wrong("voters", "%d vote and the quorum asks for %d: every verdict would be unknown", n, t.Quorum.Q)
	case n < 3:
		c.warn("voters", "with fewer than three witnesses, each has a veto: one that fails or lies keeps a verdict from being reached")
	}
	if t.Quorum.Q == 1 && n > 0 {
		c.warn("quorum.q", "a single witness decides; one witness proves nothing")
	}
}

func (c *checking) choices(t Terms) {
	if t.Degraded == NoEffect || t.Degraded > EffectDown {
		c.wrong("degraded", "allowed are figure, incident and down")
	}
	if !slices.Contains([]UnknownPolicy{UnknownNeutral, UnknownAsDown, UnknownAsUp}, t.Unknown) {
		c.wrong("unknown", "%q is not allowed; allowed are neutral, down and up", t.Unknown)
	}
	if t.ProviderNetwork != NetworkUnknown && t.ProviderNetwork != NetworkDown {
		c.wrong("provider_network", "%q is not allowed; allowed are unknown and down", t.ProviderNetwork)
	}
	for i, k := range t.ReachableBy {
		field := fmt.Sprintf("reachable_by[%d]", i)
		if !slices.Contains(vouch.Kinds(), k) {
			c.wrong(field, "%q is no kind of check; allowed are icmp, snmp, tcp and sip", k)
		}
		if slices.Contains(t.ReachableBy[:i], k) {
			c.wrong(field, "%q stands here twice", k)
		}
	}
	for i, x := range t.Targets {
		field := fmt.Sprintf("targets[%d]", i)
		if !x.Target.Set() {
			c.wrong(field+".target", "a percentage is needed; leave the entry out where no target was agreed")
		}
		if slices.ContainsFunc(t.Targets[:i], func(o ServiceTarget) bool { return o.Service == x.Service }) {
			c.wrong(field+".service", "%q stands here twice", x.Service)
		}
	}
}

func (c *checking) times(t Terms) {
	const longest = 366 * 24 * time.Hour
	for _, d := range []struct {
		field string
		value time.Duration
		least time.Duration
	}{
		{"confirm_ns", t.Confirm, time.Second}, {"clear_ns", t.Clear, time.Second},
		{"carry_forward_ns", t.CarryForward, time.Second}, {"lag_ns", t.Lag, 0},
		{"interval_ns", t.Interval, time.Millisecond}, {"timeout_ns", t.Timeout, time.Millisecond},
	} {
		if d.value < d.least || d.value > longest {
			c.wrong(d.field, "%v is not allowed; allowed are %v to %v", d.value, d.least, longest)
		}
	}
	if t.Timeout >= t.Interval {
		c.wrong("timeout_ns", "%v is not below the interval of %v", t.Timeout, t.Interval)
	}
	if t.Confirm < 3*t.Interval {
		c.warn("confirm_ns", "%v is less than three intervals of %v: a single lost answer weighs heavily", t.Confirm, t.Interval)
	}
}
