// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"encoding/json"
	"slices"

	"github.com/vouch-sla/vouch"
)

// calendar reads timezone, service_window and holidays.
func (o *object) calendar(t *Terms, zones Zones) {
	if name := o.text("timezone", true); name != "" {
		loc, err := zones(name)
		if err != nil || name == "Local" {
			o.add(join2(o.path, "timezone"), "%q is no time zone known here; an IANA name is needed, such as Europe/Brussels", name)
		} else {
			t.Zone = Zone{name: name, loc: loc}
		}
	}
	if n, path := o.take("service_window", true); n != nil && n.kind == '[' {
		o.list("service_window", true, func(n *node, path string) { t.Windows = append(t.Windows, o.window(n, path)) })
	} else if n != nil {
		t.Windows = []Window{o.window(n, path)}
	}
	o.list("holidays", false, func(n *node, path string) {
		s, _ := n.value.(string)
		d, err := ParseDate(s)
		if err != nil {
			o.add(path, "%s is no calendar date, such as 2026-12-25", n.describe())
		}
		t.Holidays = append(t.Holidays, d)
	})
}

func (m *mistakes) window(n *node, path string) Window {
	o := m.object(n, path)
	var w Window
	o.list("days", true, func(n *node, path string) {
		s, _ := n.value.(string)
		d, err := ParseWeekday(s)
		if err != nil {
			m.add(path, "%s is no weekday; allowed are Mon, Tue, Wed, Thu, Fri, Sat and Sun", n.describe())
			return
		}
		w.Days |= DaysOf(d)
	})
	before := len(m.list)
	w.From, w.To = o.timeOfDay("from"), o.timeOfDay("to")
	switch {
	case len(m.list) > before:
	case w.From == 1440:
		m.add(join2(path, "from"), "24:00 can only end a window")
	case w.To < w.From:
		m.add(join2(path, "to"), "it lies before from; a window over midnight is two windows")
	}
	o.done()
	return w
}

func (o *object) timeOfDay(key string) TimeOfDay {
	n, path := o.take(key, true)
	if n == nil {
		return 0
	}
	s, _ := n.value.(string)
	t, err := ParseTimeOfDay(s)
	if err != nil {
		o.add(path, "%s is no time of day; HH:MM from 00:00 to 24:00 is needed", n.describe())
	}
	return t
}

// subjects reads agents, or devices with service.
func (o *object) subjects(c *Case) {
	agents, agentsPath := o.take("agents", false)
	devices, devicesPath := o.take("devices", false)
	service, servicePath := o.take("service", false)
	custody := map[vouch.LocationID]vouch.Custody{}
	switch {
	case agents == nil && devices == nil:
		if o.node != nil {
			o.add(o.path, "one of agents and devices is required")
		}
	case agents != nil && devices != nil:
		o.add(devicesPath, "agents and devices exclude each other")
	case agents != nil:
		if service != nil {
			o.add(servicePath, "a service needs devices")
		}
		c.Agents = o.agents(agents, agentsPath, custody)
	case service == nil:
		o.add(servicePath, "required with devices, and absent")
	default:
		c.Devices = map[vouch.DeviceID][]CaseAgent{}
		d := o.object(devices, devicesPath)
		if d.node != nil {
			for i, name := range devices.keys {
				c.Devices[vouch.DeviceID(name)] = o.agents(devices.items[i], join2(devicesPath, name), custody)
			}
		}
		c.Service = o.tree(service, servicePath, c.Devices)
	}
}

func (m *mistakes) agents(n *node, path string, custody map[vouch.LocationID]vouch.Custody) []CaseAgent {
	var out []CaseAgent
	ids := map[string]bool{}
	m.items(n, path, func(n *node, path string) {
		o := m.object(n, path)
		a := CaseAgent{
			ID:       vouch.AgentID(o.unique("id", ids)),
			Location: vouch.LocationID(o.text("location", true)),
			Custody:  vouch.Custody(o.oneOf("custody", true, "provider", "neutral", "customer")),
			Default:  stateOf(o.oneOf("default", true, "up", "down", "unknown")),
		}
		if known, ok := custody[a.Location]; ok && known != a.Custody {
			m.add(join2(path, "custody"), "location %q stands here as %s and elsewhere as %s; custody follows the place", a.Location, a.Custody, known)
		}
		custody[a.Location] = a.Custody
		o.list("intervals", false, func(n *node, path string) {
			i := m.object(n, path)
			s := i.oneOf("state", true, "up", "degraded", "down", "unknown")
			a.Intervals = append(a.Intervals, CaseInterval{Span: i.span(), State: stateOf(s), Degraded: s == "degraded"})
			i.done()
		})
		o.done()
		out = append(out, a)
	})
	return out
}

func stateOf(s string) State {
	switch s {
	case "up", "degraded":
		return Up
	case "down":
		return Down
	}
	return Unknown
}

func (m *mistakes) tree(n *node, path string, devices map[vouch.DeviceID][]CaseAgent) vouch.Node {
	o := m.object(n, path)
	if o.node == nil {
		return vouch.Node{}
	}
	if len(n.keys) != 1 || !slices.Contains([]string{"device", "all", "any"}, n.keys[0]) {
		m.add(path, "exactly one of device, all and any is needed")
		return vouch.Node{}
	}
	if n.keys[0] == "device" {
		d := vouch.DeviceID(o.text("device", true))
		if _, ok := devices[d]; !ok && d != "" {
			m.add(join2(path, "device"), "no device is called %q", d)
		}
		return vouch.Node{Device: d}
	}
	var children []vouch.Node
	o.list(n.keys[0], true, func(n *node, path string) { children = append(children, m.tree(n, path, devices)) })
	if len(n.items[0].items) == 0 && n.items[0].kind == '[' {
		m.add(join2(path, n.keys[0]), "the list is empty")
	}
	if n.keys[0] == "all" {
		return vouch.Node{All: children}
	}
	return vouch.Node{Any: children}
}

func (o *object) clockCase(zones Zones) *ClockCase {
	c := &ClockCase{ID: o.text("id", true), Title: o.text("title", false)}
	var t Terms
	o.calendar(&t, zones)
	before := len(o.mistakes.list)
	k := Clock{Calendar: t.Calendar(), Started: o.instant("started_at", true), Stopped: o.instant("stopped_at", true)}
	if k.Stopped < k.Started && len(o.mistakes.list) == before {
		o.add(join2(o.path, "stopped_at"), "it lies before started_at")
	}
	k.Target = o.integer("target_s", 0, 1e12)
	o.list("suspensions", false, func(n *node, path string) {
		s := o.object(n, path)
		k.Suspensions = append(k.Suspensions, s.span())
		s.text("reason", false)
		s.done()
	})
	k.Fee = o.integer("monthly_fee_cents", 0, 1e15)
	if n, path := o.take("credit", true); n != nil {
		cr := o.object(n, path)
		k.Credit.PerDay, k.Credit.Cap = cr.share("percent_per_day"), cr.share("cap_percent")
		k.Credit.Days = DayCount(cr.oneOf("days", true, string(DaysCommenced), string(DaysCompleted), string(DaysWorking), string(DaysCalendar)))
		cr.done()
	}
	o.done("expected")
	c.Clock = k
	return c
}

func (o *object) share(key string) Share {
	n, path := o.take(key, true)
	if n == nil {
		return 0
	}
	num, ok := n.value.(json.Number)
	s, err := ParseShare(string(num))
	if !ok || err != nil || s > 1000*percentOne {
		o.add(path, "a percentage from 0 to 1000 with at most six decimals is needed, not %s", n.describe())
		return 0
	}
	return s
}

// timeline returns the agent's states. Of overlapping intervals up prevails over
// degraded, that over down and that over unknown.
func (a *CaseAgent) timeline(period Span) timeline {
	var spans [4][]Span // up, degraded, down, unknown
	for _, i := range a.Intervals {
		n := 3
		switch {
		case i.Degraded:
			n = 1
		case i.State == Up:
			n = 0
		case i.State == Down:
			n = 2
		}
		spans[n] = append(spans[n], i.Span)
	}
	tls := make([]timeline, len(spans))
	for n := range spans {
		for _, s := range Union(spans[n]) {
			tls[n] = tls[n].set(s.From, cell{state: Up}).set(s.To, unsampled)
		}
	}
	values := [4]cell{{state: Up}, {state: Up, degraded: EffectDown}, {state: Down}, unsampled}
	return merge(period, tls, func(covered []cell) cell {
		for n, c := range covered {
			if c.state == Up {
				return values[n]
			}
		}
		return cell{state: a.Default, reason: defaultReason(a.Default)}
	})
}

func defaultReason(s State) vouch.Reason {
	if s == Unknown {
		return vouch.ReasonNoSample
	}
	return ""
}
