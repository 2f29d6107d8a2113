// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs

import (
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
)

// measures reads how each kind of check is made.
func measures(v value) []Measure {
	m := v.mapping()
	defer m.done()
	var out []Measure
	if e := m.get("icmp"); !e.absent() {
		out = append(out, measureICMP(e))
	}
	for _, kind := range []vouch.Kind{vouch.KindSNMP, vouch.KindTCP, vouch.KindSIP} {
		e := m.get(string(kind))
		if e.absent() {
			continue
		}
		k := e.mapping()
		measure := paced(k, kind)
		if kind == vouch.KindTCP {
			measure.Port = k.need("port", "1 to 65535").port(0)
		}
		k.done()
		out = append(out, measure)
	}
	if !v.absent() && len(out) == 0 {
		v.wrong("measure names nothing to measure, needed is at least one of icmp, snmp, tcp and sip")
	}
	return out
}

// paced reads interval and timeout.
func paced(m *mapping, kind vouch.Kind) Measure {
	interval, timeout := m.get("interval"), m.get("timeout")
	e := Measure{Kind: kind, Interval: interval.duration(100*time.Millisecond, time.Hour, defaultInterval)}
	// A contract that only shortens the interval keeps a timeout that fits into it.
	e.Timeout = timeout.duration(10*time.Millisecond, time.Minute, min(defaultTimeout, e.Interval*4/5))
	if e.Timeout >= e.Interval {
		at := timeout
		if at.absent() {
			at = m.value
		}
		at.wrong("timeout %s is not below the interval %s, allowed is less: an attempt ends before the next begins", e.Timeout, e.Interval)
	}
	return e
}

func measureICMP(v value) Measure {
	m := v.mapping()
	defer m.done()
	e := paced(m, vouch.KindICMP)
	count, spacing := m.get("count"), m.get("spacing")
	e.Count = int(count.integer(1, 20, defaultCount))
	e.Spacing = spacing.duration(10*time.Millisecond, 10*time.Second, defaultSpacing)
	e.Size = int(m.get("size").integer(16, 1400, defaultSize))
	if last := time.Duration(e.Count-1) * e.Spacing; last >= e.Timeout {
		at := count
		if at.absent() {
			at = m.value
		}
		at.wrong("the last of %d requests leaves after %s, allowed is less than the timeout %s: lower count or spacing, or raise timeout", e.Count, last, e.Timeout)
	}
	return e
}

// reachable derives the resolution of the terms from the checks that establish up
// and down, and reports a kind that is not measured.
func reachable(m *mapping, v *Version, t *contract.Terms) {
	t.Interval, t.Timeout = 0, 0
	for _, e := range v.Measure {
		if len(t.ReachableBy) > 0 && !slices.Contains(t.ReachableBy, e.Kind) {
			continue
		}
		t.Interval = max(t.Interval, e.Interval)
		t.Timeout = max(t.Timeout, e.Timeout)
	}
	for _, e := range m.get("reachable_by").list() {
		word, _ := e.word()
		kind := vouch.Kind(word)
		measured := func(k Measure) bool { return k.Kind == kind }
		if slices.Contains(t.ReachableBy, kind) && len(v.Measure) > 0 && !slices.ContainsFunc(v.Measure, measured) {
			e.wrong("%s is not measured, allowed are the kinds under measure", kind)
		}
	}
}
